"""systemd services whose fences are taken down."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.systemd_units import is_rendered, runs_application, sections
from boringops_tools.patterns import lazy_pattern

_OFF = frozenset({"no", "false", "0", "off"})
_FENCES = ("NoNewPrivileges", "ProtectSystem", "ProtectHome")
_ALMIGHTY = lazy_pattern(r"\bCAP_SYS_(?:ADMIN|MODULE)\b")


def _fences(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    found = sections(text)
    service = found.get("Service", {})
    if not service or is_rendered(text):
        return
    off = [(service[key][0], key) for key in _FENCES if service.get(key, (0, ""))[1].lower() in _OFF]
    ours = runs_application(found)
    if ours and (len(off) > 1 or any(key != "ProtectHome" for _, key in off)):
        yield Hit(
            off[0][0],
            f"{', '.join(f'`{key}=`' for _, key in off)} {'is' if len(off) == 1 else 'are'} switched off: who takes the service over gets at the rest of the machine",
        )
    line, given = service.get("AmbientCapabilities", (0, ""))
    if ours and (almighty := _ALMIGHTY.search(given)):
        yield Hit(line, f"`AmbientCapabilities=` gives {almighty[0]}, as good as root")
    line, mask = service.get("UMask", (0, ""))
    if mask and re.fullmatch(r"0+", mask):
        yield Hit(line, f"`UMask={mask}` lets everybody write to what the service makes")


_APP = "[Service]\nUser=a\n{}ExecStart=/opt/a/bin/a\n"


def _app(fences: str) -> dict[str, str]:
    return {"app.service": _APP.format(fences)}


RULES = (
    Rule("systemd/fences-down", "warning", "Leave them up, and open the one path that is needed by ReadWritePaths=.", "systemd.exec, Sandboxing: what each of them keeps a service from.", lambda path: path.endswith(".service"), _fences,
         bad=(_app("NoNewPrivileges=false\nProtectSystem=false\nProtectHome=false\n"), _app("NoNewPrivileges=no\nProtectSystem=strict\n"), _app("AmbientCapabilities=CAP_SYS_ADMIN\n"), _app("UMask=0000\n")),
         good=(_app("NoNewPrivileges=true\nProtectSystem=full\nProtectHome=false\nUMask=0027\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n"), {"agent.service": "[Unit]\nDescription=Agent\n[Service]\nExecStart=/opt/agent/run\nNoNewPrivileges=no\n"})),
)  # fmt: skip
