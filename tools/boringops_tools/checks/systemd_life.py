"""How services of systemd live: nobody starts them again, or what is started goes away into the background."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.systemd_units import is_rendered, runs_application, sections
from boringops_tools.patterns import lazy_pattern

_NEVER = ("no", "")
# They say what is to happen when it is started again, or when it hangs.
_FOR_RESTARTS = ("RestartSec", "RestartPreventExitStatus", "RestartForceExitStatus", "RestartSteps", "RestartMaxDelaySec", "WatchdogSec")  # fmt: skip
_LIMITS = ("StartLimitIntervalSec", "StartLimitInterval", "StartLimitBurst")
_STAYS = frozenset({"simple", "exec", "notify", "notify-reload", "idle", "dbus"})
_SHELL = lazy_pattern(r"(?:\S*/)?(?:ba|da|z|k|a)?sh\s+(?:-\S+\s+)*-\w*c\s+(?P<quote>[\"'])(?P<script>.*)(?P=quote)\s*$")
_BACKGROUND = lazy_pattern(r"(?<![&>|])&\s*;?\s*$")
# Options by which a program leaves the process that systemd watches.
_DETACHES = lazy_pattern(
    r"^(?:\S*/)?(?:"
    r"gunicorn\s(?:.*\s)?(?:-D|--daemon)(?:\s|$)|celery\s(?:.*\s)?(?:--detach|multi\s+start)(?:\s|$)|uwsgi\s(?:.*\s)?--daemonize\d?[\s=]|"
    r"redis-server\s(?:.*\s)?--daemonize\s+yes|haproxy\s(?:.*\s)?-D(?:\s|$)|nohup\s|setsid\s+(?:-f|--fork)\s|start-stop-daemon\s(?:.*\s)?(?:-b|--background)(?:\s|$)|"
    r"pm2\s+start\s(?!.*--no-daemon)|forever\s+start\s|screen\s(?:.*\s)?-dmS?\s|tmux\s+(?:.*\s)?new(?:-session)?\s(?:.*\s)?-d(?:\s|$)|"
    r"(?:docker|podman)\s+run\s(?:.*\s)?(?:-\w*d\w*|--detach)\s|(?:docker|podman)(?:\s+compose|-compose)\s(?:.*\s)?up\s(?:.*\s)?(?:-d|--detach)(?:\s|$))"
)
# Programs that stay in the foreground unless told otherwise.
_FOREGROUND = lazy_pattern(
    r"^(?:\S*/)?(?:uvicorn|hypercorn|daphne|waitress-serve|node|java|dotnet|deno|bun|npm|yarn|flask|gunicorn(?!\s(?:.*\s)?(?:-D|--daemon)(?:\s|$)))\s"
)


def _service(files: Files, path: str) -> tuple[dict[str, dict[str, tuple[int, str]]], dict[str, tuple[int, str]], str]:
    """(all sections, that of the service, the command without its prefixes) of a unit; empty for what is rendered first."""
    text = re.sub(r"\\\n", "  ", files.text(path))
    found = {} if is_rendered(text) else sections(text)
    service = found.get("Service", {})
    return found, service, service.get("ExecStart", (0, ""))[1].lstrip("-@:+!")


def _value(section: Mapping[str, tuple[int, str]], key: str) -> str:
    return section.get(key, (0, ""))[1]


def _not_again(files: Files, path: str) -> Iterator[Hit]:
    found, service, command = _service(files, path)
    kind = _value(service, "Type") or ("dbus" if "BusName" in service else "simple")
    if not command or kind not in _STAYS or _value(service, "Restart") not in _NEVER:
        return
    if any(f"{posixpath.basename(path)}.d/" in each for each in files.all):
        return  # a drop-in may say it
    unit = found.get("Unit", {})
    limits = [key for key in _LIMITS if _value(unit, key) or _value(service, key)]
    line, key = next(((service[each][0], each) for each in _FOR_RESTARTS if each in service), (0, ""))
    at_boot = bool(_value(found.get("Install", {}), "WantedBy"))  # what is started when it is asked for may well end
    if key and at_boot and _value(service, key) not in ("0", ""):
        yield Hit(line, f"`{key}=` is set, but nothing starts the service again: there is no `Restart=`")
    elif limits and at_boot and "Restart" not in service and _value(unit, limits[0]) not in ("0", ""):
        line = unit.get(limits[0], service.get(limits[0], (1, "")))[0]
        yield Hit(line, f"`{limits[0]}=` bounds restarts, but there are none: there is no `Restart=`")
    elif _value(found.get("Install", {}), "WantedBy") == "multi-user.target" and runs_application(found):
        yield Hit(service["ExecStart"][0], "when it fails, nothing starts the service again: there is no `Restart=`")


def _goes_away(files: Files, path: str) -> Iterator[Hit]:
    _, service, command = _service(files, path)
    kind = _value(service, "Type") or "simple"
    if not command or _value(service, "RemainAfterExit").lower() in ("yes", "true", "1", "on"):
        return
    line = service["ExecStart"][0]
    if kind == "forking":
        if (found := _FOREGROUND.match(command)) and "PIDFile" not in service:
            yield Hit(
                line, f"`Type=forking` waits for `{found[0].strip()}` to go into the background, which it does not"
            )
    elif kind in _STAYS:
        shell = _SHELL.match(command)
        script = shell["script"] if shell else ""
        if _BACKGROUND.search(script) or _DETACHES.match(command):
            yield Hit(line, f"the command goes into the background: with `Type={kind}` the service is over at once")


def _offline(files: Files, path: str) -> Iterator[Hit]:
    found, _, command = _service(files, path)
    unit = found.get("Unit", {})
    line, after = unit.get("After", (0, ""))
    text = files.text(path)
    pulled = re.search(r"(?m)^\s*(?:Wants|Requires|BindsTo|Requisite)\s*=.*\bnetwork-online\.target\b", text)
    at_boot = _value(found.get("Install", {}), "WantedBy") == "multi-user.target"  # a timer comes when all is up
    if command and at_boot and "network-online.target" in after.split() and not pulled:
        yield Hit(
            line,
            "`After=network-online.target` waits for what nothing brings up: `Wants=network-online.target` is missing",
        )


_UNIT = "[Unit]\nDescription=a\n{}[Service]\n{}[Install]\nWantedBy=multi-user.target\n"


def _made(service: str, unit: str = "") -> dict[str, str]:
    return {"a.service": _UNIT.format(unit, service)}


def _is_service(path: str) -> bool:
    return path.endswith(".service")


RULES = (
    Rule("systemd/no-restart", "warning", "Write `Restart=on-failure` (or `always`) and `RestartSec=`.", "systemd.service, Restart=: `no` by default, so that a service that dies stays dead.", _is_service, _not_again,
         bad=(_made("ExecStart=/usr/bin/a\nRestartSec=5\n"), _made("ExecStart=/usr/bin/a\n", "StartLimitBurst=5\n"), _made("Type=notify\nExecStart=/usr/bin/a\nRestart=no\nWatchdogSec=30\n"), _made("User=a\nExecStart=/opt/a/bin/a\n")),
         good=(_made("ExecStart=/opt/a\nRestart=on-failure\nRestartSec=5\n", "StartLimitBurst=5\n"), _made("Type=oneshot\nExecStart=/opt/a\nRestartSec=5\n"), _made("ExecStart=/usr/sbin/a\n"), _made("Type=forking\nExecStart=/opt/a\n"), {**_made("ExecStart=/opt/a\nUser=a\n"), "a.service.d/r.conf": "[Service]\nRestart=always\n"},
               {"a.service": "[Service]\nExecStart=/opt/a --once\nUser=a\n"})),
    Rule("systemd/background", "warning", "Keep it in the foreground with Type=simple, exec or notify: systemd watches the process that it started.", "systemd.service, Type=: with forking the first process ends, with the others it is the service.", _is_service, _goes_away,
         bad=(_made("ExecStart=/bin/sh -c '/usr/bin/a serve &'\n"), _made("ExecStart=/usr/bin/gunicorn --daemon a:b\n"), _made("ExecStart=/usr/bin/docker compose -f /a.yml up -d\n"), _made("ExecStart=/usr/bin/nohup /usr/bin/a\n"), _made("Type=forking\nExecStart=/usr/bin/node /opt/a.js\n"), _made("Type=forking\nExecStart=/opt/venv/bin/gunicorn a:b\n")),
         good=(_made("ExecStart=/bin/sh -c 'a && b 2>&1'\n"), _made("Type=forking\nPIDFile=/run/a.pid\nExecStart=/usr/bin/gunicorn --daemon a:b\n"), _made("Type=oneshot\nRemainAfterExit=yes\nExecStart=/usr/bin/docker compose up -d\n"), _made("ExecStart=/usr/bin/docker run --rm a\n"), _made("Type=forking\nExecStart=/usr/sbin/a\n"))),
    Rule("systemd/network-online", "warning", "Add `Wants=network-online.target`: order alone starts nothing.", "systemd.special, network-online.target: units that need it should pull it in with Wants= and order themselves after it.", _is_service, _offline,
         bad=(_made("ExecStart=/a\n", "After=network-online.target\n"),), good=(_made("ExecStart=/a\n", "After=network-online.target b.service\nWants=b.service network-online.target\n"), _made("ExecStart=/a\n", "After=network.target\n"))),
)  # fmt: skip
