"""systemd timers and the units that they start."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule


def _near(name: str, among: set[str], least: float) -> list[str]:
    """The unit of the same kind whose name is nearest; none where none is near."""
    stem, _, kind = name.rpartition(".")
    stems = [each.rpartition(".")[0] for each in among if each.endswith(f".{kind}")]
    near = difflib.get_close_matches(stem, stems, 1, least)
    turned = [each for each in stems if each != stem and _words(each) == _words(stem)]
    return [f"{each}.{kind}" for each in near or turned[:1]]


def _words(stem: str) -> list[str]:
    """The words of a name in no order: `mail-failure@` is meant where `failure-mail@` is."""
    return sorted(re.split(r"[-_]", stem.removesuffix("@")))


def _unnamed_templates(files: Files) -> list[str]:
    """The template services that no other file names, by whatever instance."""
    found = []
    for name in files.by_name:
        if name.endswith("@.service") and name.count("@") == 1:
            named = re.compile(rf"(?<![\w-]){re.escape(name.removesuffix('.service'))}")
            others = (each for each in files.all if not each.endswith(f"/{name}") and each != name)
            if not any(named.search(files.text(each)) for each in others):
                found.append(name)
    return found


def _units(files: Files, path: str) -> Iterator[Hit]:
    beside = {posixpath.basename(each) for each in files.siblings(path)}
    services = {each for each in beside if each.endswith(".service")}
    found = re.search(r"(?m)^\s*Unit\s*=\s*(\S+)\s*$", files.text(path))
    if found and services and "%" not in found[1] and found[1] not in beside and found[1] not in files.by_name:
        line = files.text(path).count("\n", 0, found.start(1)) + 1
        yield Hit(line, f"the timer starts `{found[1]}`, which is not here; there is {', '.join(sorted(services))}")
    own = posixpath.basename(path).removesuffix(".timer") + ".service"
    near = _near(own, services, 0.7)
    if (
        found is None
        and near
        and own not in files.by_name
        and f"{near[0].removesuffix('.service')}.timer" not in beside
    ):
        yield Hit(1, f"the timer starts `{own}`, which is not here; there is {', '.join(sorted(services))}")


def _partner(path: str, name: str, here: set[str], *, wanted: str) -> list[str]:
    """The socket or the service of the unit's own name, where it asks for one that is called nearly so."""
    stem, _, kind = name.rpartition(".")
    own = posixpath.basename(path).rpartition(".")[0]
    mine = f"{own}.{kind}"
    related = len(min(stem, own, key=len)) > 2 and (stem.startswith(own) or own.startswith(stem))
    asks = wanted in ("Requires", "BindsTo", "Requisite", "Sockets") and mine != posixpath.basename(path)
    return [mine] if asks and kind in ("socket", "service") and mine in here and stem != own and related else []


def _named(files: Files, path: str) -> Iterator[Hit]:
    """Units that are told to start with another one, and are here under another name."""
    text = files.text(path)
    here = {name for name in files.by_name if name.endswith((".service", ".timer", ".target", ".socket", ".path"))}
    for match in re.finditer(
        r"(?m)^[ \t]*(?:OnFailure|OnSuccess|Requires|Requisite|Wants|BindsTo|Upholds|PartOf|Also|Sockets)[ \t]*=[ \t]*(\S.*)$",
        text,
    ):
        failing = match[0].lstrip().startswith("OnFailure")
        for unit in match[1].split():
            name = re.sub(r"@[^.]*\.", "@.", unit)
            near = _near(name, here - {posixpath.basename(path)}, 0.8)
            near = near or _partner(path, name, here, wanted=match[0].split("=")[0].strip())
            number = re.compile(r"\d+")
            if not near and failing and "@." in name and name not in here and len(files.once(_unnamed_templates)) == 1:
                near = files.once(_unnamed_templates)  # it waits for a failure, and nothing else calls it
            if near and name not in here and "{" not in name and number.sub("", name) != number.sub("", near[0]):
                yield Hit(text.count("\n", 0, match.start()) + 1, f"`{unit}` is not here; there is `{near[0]}`")


RULES = (
    Rule("systemd/timer-unit", "warning", "Name the unit that is there; without `Unit=` it is the service of the timer's own name.", "systemd.timer, Unit=: the unit to activate when the timer elapses.", lambda path: path.endswith(".timer"), _units,
         bad=({"a.timer": "[Timer]\nOnBootSec=1\nUnit=b.service\n", "a.service": "[Service]\nExecStart=/a\n"}, {"backup.timer": "[Timer]\nOnBootSec=1\n", "backups.service": "[Service]\nExecStart=/a\n"}),
         good=({"a.timer": "[Timer]\nOnBootSec=1\nUnit=a.service\n", "a.service": "[Service]\nExecStart=/a\n"}, {"a.timer": "[Timer]\nUnit=elsewhere.service\n"}, {"apt.timer": "[Timer]\nOnBootSec=1\n", "shop.service": "[Service]\nExecStart=/a\n"})),
    Rule("systemd/named-unit", "warning", "Name the unit as its file is called: as it is, nothing is started.", "systemd.unit: OnFailure=, Requires= and Wants= name units.", lambda path: path.endswith((".service", ".timer", ".socket", ".path", ".target")), _named,
         bad=({"a.service": "[Unit]\nOnFailure=notify-failures@%n.service\n[Service]\nExecStart=/a\n", "notify-failure@.service": "[Service]\nExecStart=/b\n"}, {"a.service": "[Unit]\nOnFailure=mail-failure@%n.service\n[Service]\nExecStart=/a\n", "failure-mail@.service": "[Service]\nExecStart=/b\n"},
              {"a.service": "[Unit]\nOnFailure=alert@%n.service\n[Service]\nExecStart=/a\n", "status-email@.service": "[Service]\nExecStart=/b\n"}, {"app.service": "[Unit]\nRequires=application.socket\n[Service]\nExecStart=/a\n", "app.socket": "[Socket]\nListenStream=80\n"}),
         good=({"app.service": "[Unit]\nRequires=dbus.socket\n[Service]\nExecStart=/a\n", "app.socket": "[Socket]\nListenStream=80\n"}, {"a.service": "[Unit]\nOnFailure=notify@%n.service\nWants=network-online.target worker2.service\n[Service]\nExecStart=/a\n", "notify@.service": "[Service]\nExecStart=/b\n", "worker1.service": "[Service]\nExecStart=/b\n"},
               {"a.service": "[Unit]\nOnFailure=alert@%n.service\n[Service]\nExecStart=/a\n", "worker@.service": "[Service]\nExecStart=/b\n", "install.sh": "systemctl enable worker@1\n"})),
)  # fmt: skip
