""".env.example: the name of every variable, where it is read, and never the value of a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.blueprints import backing, compose, compose_merge, kubernetes
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import plain
from boringops_tools.blueprints.sections import newline
from boringops_tools.stack import environment
from boringops_tools.stack.facts import Application, EnvVar

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
    for variable in app.env:
        if variable.name not in known:
            lines += [
                _comment(variable, reached, kubernetes.origin(context, app, variable)),
                _assignment(variable, app),
                "",
            ]
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
    return lines[:-1]


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


def _comment(variable: EnvVar, reached: set[str], origin: str) -> str:
    places = ", ".join(plain(source) for source in variable.sources[:3])
    parts = [f"read in {places}"]
    if variable.required:
        parts.append("required")
    if variable.secret:
        parts.append("secret")
    if variable.name in reached:
        parts.append("Compose sets it by itself")
    if origin:
        parts.append(origin)
    return f"# {variable.name}: {'; '.join(parts)}."


def _assignment(variable: EnvVar, app: Application) -> str:
    if variable.secret:
        return f"{variable.name}={PLACEHOLDER}"
    value = variable.default or (str(app.port) if variable.name == "PORT" and app.port else "")
    value = re.sub(r"[\x00-\x1f\x7f]", "", value)
    return f"{variable.name}={value}" if _PLAIN.fullmatch(value) else f"{variable.name}='{value.replace(chr(39), '')}'"
