"""systemd units that never start, or start as root where nothing asks for it."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern

_KEY = lazy_pattern(r"\s*([A-Za-z]\w*)\s*=\s*(.*?)\s*$")
_TARGETS = frozenset(
    """basic bluetooth boot-complete cryptsetup ctrl-alt-del default emergency exit factory-reset final first-boot-complete getty
    getty-pre graphical halt hibernate hybrid-sleep initrd initrd-fs initrd-root-fs initrd-switch-root integritysetup kexec
    local-fs local-fs-pre machines multi-user network network-online network-pre nss-lookup nss-user-lookup paths poweroff
    printer reboot remote-cryptsetup remote-fs remote-fs-pre rescue rpcbind shutdown sigpwr sleep slices smartcard sockets sound
    soft-reboot ssh-access suspend suspend-then-hibernate swap sysinit system-update system-update-pre time-set time-sync timers
    tpm2 umount usb-gadget veritysetup veritysetup-pre runlevel2 runlevel3 runlevel4 runlevel5 graphical-session
    graphical-session-pre xdg-desktop-autostart""".split()  # noqa: SIM905
)
# Programs that run an application, and where applications lie that no distribution has installed.
_RUNTIME = lazy_pattern(
    r"(?:\S*/)?(?:java|node|nodejs|deno|bun|python[\d.]*|gunicorn|uvicorn|hypercorn|celery|ruby|bundle|puma|unicorn|php[\d.]*|php-fpm[\d.]*|dotnet|npm|yarn|beam\.smp)\b|"
    r"/(?:opt|srv|home|var/www|app)/\S+"
)
# What they do asks for root, or may.
_NEEDS_ROOT = lazy_pattern(
    r"(?i)docker|podman|containerd|kubelet|k3s|iptables|nft|wireguard|\bwg\b|mount|sudo|modprobe|sysctl|udev|libvirt|qemu|openvpn|"
    r"ansible|puppet|chef|salt|agent|monitor|exporter|watchdog|update|upgrade|install|backup|restore|cleanup|reboot|firewall|network|"
    r"gpio|i2c|\bspi\b|/dev/|hostapd|dhcp|bluetooth|kiosk|ssh|cloud-init|bootstrap|provision|setup|init\b|supervisor|pm2|runner|Privileged"
)


def sections(text: str) -> dict[str, dict[str, tuple[int, str]]]:
    """section: key: (line, last value) of a unit."""
    found: dict[str, dict[str, tuple[int, str]]] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[([\w-]+)\]\s*$", line):
            section = header[1]
            found.setdefault(section, {})
        elif section and not line.lstrip().startswith(("#", ";")) and (key := _KEY.match(line)):
            found[section][key[1]] = (number, key[2])
    return found


def is_rendered(text: str) -> bool:
    return "{{" in text or "{%" in text or "<%" in text or bool(re.search(r"@[A-Z_]{2,}@", text))


def runs_application(found: dict[str, dict[str, tuple[int, str]]]) -> bool:
    """Whether a service runs an application of one's own, by its command and all that it says of itself."""
    service = found.get("Service", {})
    command = service.get("ExecStart", (0, ""))[1].lstrip("-@:+!")
    told = f"{found.get('Unit', {}).get('Description', (0, ''))[1]} " + " ".join(value for _, value in service.values())
    return bool(_RUNTIME.match(command)) and not _NEEDS_ROOT.search(told)


def _started_by(files: Files, path: str) -> bool:
    """Whether something else starts a unit: another one, a link, a script, what packages it."""
    name = posixpath.basename(path)
    stem = name.rpartition(".")[0]
    for each in files.all:
        if each == path or posixpath.basename(each) == f"{stem}.service":
            continue
        if f".wants/{name}" in each or (
            name in (text := files.text(each)) and not each.endswith((".md", ".rst", ".adoc"))
        ):
            if each.endswith((".service", ".timer", ".target", ".path", ".socket")) and not re.search(
                rf"(?m)^\s*(?:Wants|Requires|BindsTo|Upholds|Also)\s*=.*{re.escape(name)}", text
            ):
                continue
            return True
    return False


def _never(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if is_rendered(text):
        return
    parts = sections(text)
    install = parts.get("Install", {})
    for key in ("WantedBy", "RequiredBy", "UpheldBy"):
        line, value = install.get(key, (0, ""))
        for unit in value.split():
            name = unit.removesuffix(".target")
            near = (
                difflib.get_close_matches(name, _TARGETS, 1, 0.8)
                if unit.endswith(".target") and name not in _TARGETS
                else []
            )
            if near and unit not in files.by_name and "@" not in unit:
                yield Hit(line, f"there is no target `{unit}`; `{near[0]}.target` is one")
    if (
        path.endswith(".timer")
        and not {"WantedBy", "RequiredBy", "UpheldBy", "Also"} & set(install)
        and "Timer" in parts
        and not _started_by(files, path)
    ):
        yield Hit(1, "nothing starts the timer: it has no `WantedBy=` to be enabled by")


def _as_root(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    parts = sections(text)
    service = parts.get("Service", {})
    line, command = service.get("ExecStart", (0, ""))
    if not command or is_rendered(text) or {"User", "DynamicUser"} & set(service):
        return
    wanted = parts.get("Install", {}).get("WantedBy", (0, ""))[1]
    program = command.lstrip("-@:+!")
    user_unit = wanted != "multi-user.target" or re.search(r"(?:^|/)user/", path) or "%h" in text
    told = f"{posixpath.basename(path)} {parts.get('Unit', {}).get('Description', (0, ''))[1]} " + " ".join(
        f"{key}={value}" for key, (_, value) in service.items()
    )
    root = program != command.lstrip("-@:") or _NEEDS_ROOT.search(told)
    dropped_in = any(f"{posixpath.basename(path)}.d/" in each for each in files.all)
    others = {"CapabilityBoundingSet", "AmbientCapabilities", "PAMName", "RootDirectory"} & set(service)
    # No capability at all, and it means to be root: it says itself that it does not need it.
    confined = service.get("CapabilityBoundingSet", (0, "x"))[1] == ""
    if service.get("Type", (0, ""))[1] == "oneshot" or user_unit or dropped_in:
        return
    if confined or (_RUNTIME.match(program) and not root and not others):
        yield Hit(line, "the service runs as root: it has no `User=`")


_T = "[Unit]\nDescription=a\n[Timer]\nOnCalendar=daily\n{}"
_S = "[Service]\nExecStart={}\n{}[Install]\nWantedBy={}\n"
_UNITS = (".service", ".timer", ".socket", ".path", ".target", ".mount")

RULES = (
    Rule("systemd/never-started", "warning", "End with `[Install]` and `WantedBy=timers.target` (multi-user.target for a service), and enable it.", "systemd.unit, WantedBy=: what enabling a unit links it to; systemd.special names the targets.", lambda path: path.endswith(_UNITS), _never,
         bad=({"a.timer": _T.format(""), "a.service": "[Service]\nExecStart=/a\n"}, {"a.timer": _T.format("[Install]\nWantedBy=timer.target\n")}, {"a.service": _S.format("/a", "", "multiuser.target")}),
         good=({"a.timer": _T.format("[Install]\nWantedBy=timers.target\n")}, {"a.service": "[Service]\nExecStart=/a\n"}, {"a.timer": _T.format(""), "install.sh": "systemctl start a.timer\n"}, {"a.timer": _T.format(""), "b.service": "[Unit]\nWants=a.timer\n[Service]\nExecStart=/b\n"},
               {"a.service": _S.format("/a", "", "shop.target")})),
    Rule("systemd/no-user", "warning", "Give it a user of its own, or DynamicUser=yes.", "systemd.exec, User=: system services run as root by default.", lambda path: path.endswith(".service"), _as_root,
         bad=({"a.service": _S.format("/usr/bin/java -jar /opt/a.jar", "", "multi-user.target")}, {"a.service": _S.format("/srv/a/current/a", "CapabilityBoundingSet=\n", "multi-user.target")}),
         good=({"a.service": _S.format("/usr/bin/java -jar /opt/a.jar", "User=a\n", "multi-user.target")}, {"a.service": _S.format("/usr/sbin/a", "", "multi-user.target")}, {"a.service": _S.format("/opt/a", "", "default.target")}, {"a.service": _S.format("/usr/bin/python3 /opt/a.py", "Type=oneshot\n", "multi-user.target")},
               {"docker-a.service": _S.format("/opt/a/bin/run", "", "multi-user.target")}, {"a.service": _S.format("/opt/a", "", "multi-user.target"), "a.service.d/user.conf": "[Service]\nUser=a\n"})),
)  # fmt: skip
