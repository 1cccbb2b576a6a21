""".env.example: the name of every variable, where it is read, and never the value of a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.blueprints import backing, compose, compose_merge, contract, kubernetes
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.contract import Entry
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.operations import machine, recovery
from boringops_tools.blueprints.render import plain
from boringops_tools.blueprints.sections import newline
from boringops_tools.stack import environment
from boringops_tools.stack.facts import Application

PLACEHOLDER = "<from-the-secrets-manager>"


def files(context: Context) -> Iterator[DraftFile]:
    composed = _composed(context)
    for app in context.apps:
        existing = environment.example_file(context.tree, app.folder)
        path = existing or app.path(".env.example")
        before = _raw(context, path) if existing else ""
        lines = _lines(context, app, known=_written(before))
        if composed and app is context.stack.deployable[0]:
            lines += ([""] if lines else []) + composed[:-1]
        after = merge(before, lines)
        if after != before:
            yield DraftFile(
                path=path,
                content=after,
                action="change" if existing else "create",
                why="Every variable that the code reads, by name.",
            )


def _raw(context: Context, path: str) -> str:
    """The file with its line endings; `Tree.text` folds them."""
    return (context.tree.root / path).read_bytes().decode("utf-8", errors="surrogateescape")


def merge(before: str, lines: list[str]) -> str:
    """`before` with our section replaced or added; without it where there is nothing to add."""
    end_of_line = newline(before)
    text = before.replace("\r\n", "\n")
    block = "\n".join(
        [f"{environment.BEGIN} (kept up to date; write your own variables outside)", *lines, environment.END]
    )
    marked = re.compile(rf"{re.escape(environment.BEGIN)}.*?{re.escape(environment.END)}", re.DOTALL)
    if marked.search(text):
        text = marked.sub(lambda _: block, text, count=1)
    elif lines:
        text = (text.rstrip("\n") + "\n\n" if text.strip() else "") + block + "\n"
    return text.replace("\n", end_of_line)


def _written(text: str) -> set[str]:
    """Variables that people have written down themselves, be it in a comment."""
    ours = re.compile(rf"{re.escape(environment.BEGIN)}.*?{re.escape(environment.END)}", re.DOTALL)
    return set(re.findall(r"(?m)^[ \t#]*(?:export )?([A-Za-z_]\w*)=", ours.sub("", text)))


def _lines(context: Context, app: Application, *, known: set[str]) -> list[str]:
    """A comment and an assignment for each variable that people have not documented themselves."""
    lines: list[str] = []
    composed = compose_merge.will_be(context)
    reached = {name for name in backing.values(app) if not composed or re.search(rf"\b{name}\b", composed)}
    for entry in contract.of(context, app):
        if entry.name not in known:
            lines += [_comment(entry, reached, kubernetes.origin(context, app, entry)), _assignment(entry), ""]
    for service in app.services if app.deployable else []:
        secret = backing.BACKINGS[service.kind].variable
        if composed and f"${{{secret}:?" not in composed:
            continue  # a Compose file of other people has its own names
        if secret and secret not in known and all(variable.name != secret for variable in app.env):
            lines += [
                f"# Password of {service.kind} in {context.compose_path}. Letters and digits: it becomes part of a URL.",
                f"{secret}={PLACEHOLDER}",
                "",
            ]
    image = compose.image_variable(app)
    if app.deployable and image not in known and compose.has_production(context):
        lines += [f"# {image}: the image that compose.prod.yaml runs, as registry/name@sha256:...", f"{image}=", ""]
    if [app] == context.containers[:1]:
        lines += _backups(context, known)
    return lines[:-1]


def _backups(context: Context, known: set[str]) -> list[str]:
    """What compose.backup.yaml is told, where it is there or comes along."""
    comes = (
        bool(recovery.agreed(context))
        and bool(machine.scheduled(context))
        and context.will_have(machine.COMPOSE, "operations")
    )
    lines: list[str] = []
    for name, (about, value) in machine.VARIABLES.items() if machine.COMPOSE in context.tree or comes else ():
        if name not in known:
            lines += [f"# {name}: for {machine.COMPOSE}; {about}.", f"{name}={value}", ""]
    return lines


def _composed(context: Context) -> list[str]:
    """A comment and an assignment for each variable that people's own Compose file asks for and nothing else documents."""
    text = compose_merge.will_be(context)
    if not text or compose.OURS in text:
        return []
    known = {variable.name for app in context.apps for variable in app.env}
    known |= {backing.BACKINGS[service.kind].variable for app in context.stack.deployable for service in app.services}
    for folder in {"", *(app.folder for app in context.apps)}:
        if example := environment.example_file(context.tree, folder):
            known |= _written(context.tree.text(example))
    lines: list[str] = []
    for line in text.splitlines():
        for name, default in _INTERPOLATED.findall("" if line.lstrip().startswith("#") else line):
            if name not in known:
                known.add(name)
                value = PLACEHOLDER if environment.is_secret(name) else default if _PLAIN.fullmatch(default) else ""
                lines += [f"# {name}: asked for by {context.compose_path}.", f"{name}={value}", ""]
    return lines


_INTERPOLATED = re.compile(r"(?<!\$)\$\{(\w+)(?::?-([^}$]*))?")
_PLAIN = re.compile(r"[\w./:@,+*-]*")


def _comment(entry: Entry, reached: set[str], origin: str) -> str:
    places = ", ".join(plain(source) for source in entry.sources[:3])
    parts = [f"read in {places}"]
    if entry.required:
        parts.append("required")
    if entry.secret:
        parts.append("secret")
    if entry.name in reached:
        parts.append("Compose sets it by itself")
    deployed = entry.value("production")
    if entry.asked("production") and not entry.asked("development") and not entry.service:
        parts.append("staging and production need a value of their own")
    elif deployed is not None and deployed != entry.value("development"):
        parts.append(f"{plain(deployed)} in staging and production")
    if origin:
        parts.append(origin)
    return f"# {entry.name}: {'; '.join(parts)}."


def _assignment(entry: Entry) -> str:
    if entry.secret:
        return f"{entry.name}={PLACEHOLDER}"
    value = entry.default or entry.fixed or ""
    value = re.sub(r"[\x00-\x1f\x7f]", "", value)
    return f"{entry.name}={value}" if _PLAIN.fullmatch(value) else f"{entry.name}='{value.replace(chr(39), '')}'"
