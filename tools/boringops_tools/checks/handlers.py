"""Functions of AWS Lambda whose handler is not in their code: of CloudFormation and SAM, Serverless and Terraform."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.checks.terraform_ecs import is_terraform
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.cloud import is_template, managed, resources
from boringops_tools.red_flags.hcl import Block, Expression

_PYTHON = (".py",)
_NODE = (".js", ".mjs", ".cjs")
_TYPED = (".ts", ".mts", ".cts", ".tsx")
_HANDLER = lazy_pattern(r"[\w./-]*\w\.[A-Za-z_$][\w$]*")
# Modules that a plugin or an extension puts beside the code.
_BROUGHT = lazy_pattern(r"datadog|newrelic|lumigo|dynatrace|wsgi_handler|otel|node_modules|(?:^|/)\.")
_SOURCE = lazy_pattern(r"(?:\$\{path\.module\}/)?((?:\.{0,2}/?[\w.-]+/?)+)")
# A function that Lambda calls, by what it takes.
_TAKES_EVENTS = lazy_pattern(
    r"(?m)^(?:async )?def \w+\(\s*_?event\b|\bexports\.\w+\s*=\s*(?:async\s*)?(?:function\s*\w*\s*)?\(?\s*_?event\b|^export\s+(?:const\s+\w+\s*(?::[^=]+)?=\s*(?:async\s*)?\(?|(?:async\s+)?function\s+\w+\()\s*_?event\b"
)
_ARCHIVE = lazy_pattern(r"data\.archive_file\.([\w-]+)\.output_path")


def _defines(text: str, name: str, endings: tuple[str, ...]) -> bool:
    """Whether a module has a name, as far as its text tells; what takes over another one's may have any."""
    word = re.escape(name)
    if endings == _PYTHON:
        anything = r"^from\s+\S+\s+import\s+\*|\bglobals\(\)|\bsetattr\("
        own = rf"^\s*(?:async\s+)?def\s+{word}\b|^\s*{word}\s*[:=]|^class\s+{word}\b|^\s*(?:from|import)\b[^\n]*\b{word}\b|^\s+{word}\s*,?\s*$|\bas\s+{word}\b"
    else:
        anything = r"export\s+\*|module\.exports\s*=(?!\s*\{)|\.\.\.|export\s*=|\bexports\s*=\s*module\.exports\s*=(?!\s*\{)|Object\.assign\("
        own = rf"exports(?:\.{word}\b|\[[\"']{word}[\"']\])|export\s+(?:async\s+)?(?:const|let|var|function\*?|class)\s+{word}\b|export\s*(?:const\s*)?\{{[^}}]*\b{word}\b|exports\s*=\s*\{{[^;]*\b{word}\b|\"{word}\"\s*:|defineProperty\(exports"
    return bool(re.search(anything, text, re.M) or re.search(own, text, re.M))


def _lost(files: Files, folder: str, handler: Any, runtime: Any, *, typed: bool = False) -> str:
    """What of a handler is not in a folder of code; empty where it is, or is not known here."""
    endings = _PYTHON if str(runtime).startswith("python") else _NODE if str(runtime).startswith("nodejs") else ()
    if (
        not endings
        or not isinstance(handler, str)
        or not _HANDLER.fullmatch(handler)
        or _BROUGHT.search(handler)
        or folder.startswith("..")
    ):
        return ""
    place, _, last = handler.rpartition("/")
    module, _, name = last.rpartition(".") if endings == _PYTHON else last.partition(".")
    module = module.replace(".", "/") if endings == _PYTHON else module
    base = posixpath.normpath(posixpath.join(folder, place, module))
    wanted = endings + (_TYPED if typed else ()) if endings == _NODE else endings
    there = next((f"{base}{each}" for each in wanted if f"{base}{each}" in files.known), "")
    package = f"{base}/__init__.py"
    there = there or (package if endings == _PYTHON and package in files.known else "")
    if there:
        return "" if _defines(files.text(there), name, endings) else f"`{there}` has no `{name}`"
    beside = sorted(
        each
        for each in files.all
        if posixpath.dirname(each) == posixpath.dirname(base) and each.endswith((*wanted, *_TYPED))
    )
    # What is compiled, installed or ignored comes to be there: only where its neighbours are sources is it missed.
    if (
        not beside
        or (any(each.endswith(_TYPED) for each in beside) and not typed)
        or files.ignored(f"{base}{endings[0]}")
    ):
        return ""
    has = ", ".join(posixpath.basename(each) for each in beside[:4])
    return f"there is no `{base}{endings[0]}`; there is {has}"


def _renamed(files: Files, path: str, handler: Any, runtime: Any) -> str:
    """The same where an archive is made elsewhere: of the one module of that name, near the template, that is made of handlers."""
    endings = _PYTHON if str(runtime).startswith("python") else _NODE if str(runtime).startswith("nodejs") else ()
    if not isinstance(handler, str) or not _HANDLER.fullmatch(handler) or _BROUGHT.search(handler):
        return ""
    place, _, last = handler.rpartition("/")
    module, _, name = last.rpartition(".") if endings == _PYTHON else last.partition(".")
    module = module.replace(".", "/") if endings == _PYTHON else module
    file = posixpath.join(place, module)
    found = [
        each
        for ending in endings
        for each in files.by_name.get(posixpath.basename(file) + ending, ())
        if f"/{each}".endswith(f"/{file}{ending}")
    ]
    if len(found) != 1 or not _near(path, found[0]):
        return ""
    text = files.text(found[0])
    if not _TAKES_EVENTS.search(text) or _defines(text, name, endings):
        return ""
    return f"`{found[0]}` has no `{name}`"


def _near(path: str, source: str) -> bool:
    """Whether a source lies beside what names it or below, or the template in a folder of its own beside the sources."""
    top = posixpath.dirname(path)
    return not top or source.startswith(f"{top}/") or "/" not in top


def _local(path: str, uri: Any) -> str | None:
    """The folder that a path in a file means; null where it is none, or where an archive or a bucket is meant."""
    if not isinstance(uri, str) or "://" in uri or "$" in uri or re.search(r"\.(?:zip|jar|war)$", uri):
        return None
    folder = posixpath.normpath(posixpath.join(posixpath.dirname(path), uri))
    return "" if folder == "." else folder


def _of_template(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path):
        shared = mapping(document, "Globals", "Function")
        for name, body in mapping(document, "Resources").items():
            kind, own = mapping(body).get("Type"), mapping(body, "Properties")
            if kind not in ("AWS::Serverless::Function", "AWS::Lambda::Function"):
                continue
            given: dict[Any, Any] = {**(shared if kind == "AWS::Serverless::Function" else {}), **own}
            uri = given.get("CodeUri", ".") if kind == "AWS::Serverless::Function" else given.get("Code")
            method = mapping(body, "Metadata").get("BuildMethod")
            if {"InlineCode", "ImageUri", "Layers"} & set(given) or given.get("PackageType") == "Image" or method:
                continue
            folder = _local(path, uri)
            if folder is not None:
                said = _lost(files, folder, given.get("Handler"), given.get("Runtime"))
            else:
                said = _renamed(files, path, given.get("Handler"), given.get("Runtime"))
            if said:
                yield Hit(at((own, "Handler"), (shared, "Handler")), f"{name}: {said}")


def _of_serverless(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path):
        provider = mapping(document, "provider")
        for name, function in mapping(document, "functions").items():
            own = mapping(function)
            if "layers" in own or "layers" in provider or "image" in own:
                continue
            folder = _local(path, own.get("module", "."))
            runtime = own.get("runtime", provider.get("runtime"))
            said = _lost(files, folder, own.get("handler"), runtime, typed=True) if folder is not None else ""
            if said:
                yield Hit(at((own, "handler")), f"{name}: {said}")


def _of_terraform(files: Files, path: str) -> Iterator[Hit]:
    archives = {each.labels[1]: each for each in resources(files.text(path)) if each.labels[0] == "archive_file"}
    for block in managed(files.text(path), "aws_lambda_function"):
        filename = block.value("filename")
        named = _ARCHIVE.fullmatch(filename.text) if isinstance(filename, Expression) else None
        archive = archives.get(named[1]) if named else None
        folder = _folder(path, archive) if archive is not None and "layers" not in block.attributes else None
        given = (block.value("handler"), block.value("runtime"))
        if said := _lost(files, folder, *given) if folder is not None else _renamed(files, path, *given):
            yield Hit(block.line_of("handler"), f"{'.'.join(block.labels)}: {said}")


def _folder(path: str, archive: Block) -> str | None:
    """The one folder of the repository that an archive is made of."""
    value = archive.value("source_dir")
    written = value.text if isinstance(value, Expression) else value
    found = _SOURCE.fullmatch(written) if isinstance(written, str) else None
    return _local(path, found[1]) if found else None


def _handlers(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if is_terraform(path):
        yield from _of_terraform(files, path) if "aws_lambda_function" in text else ()
    elif _is_serverless(path):
        yield from _of_serverless(files, path)
    elif "AWS::Lambda::Function" in text or "AWS::Serverless::Function" in text:
        yield from _of_template(files, path)


def _is_serverless(path: str) -> bool:
    return posixpath.basename(path) in ("serverless.yml", "serverless.yaml")


_SAM = "Globals:\n  Function:\n    Runtime: {}\nResources:\n  A:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: {}\n      Handler: {}\n"
_CFN = "Resources:\n  A:\n    Type: AWS::Lambda::Function\n    Properties:\n      Runtime: python3.13\n      Code: {{S3Bucket: a, S3Key: b}}\n      Handler: {}\n"
_SLS = "service: a\nprovider:\n  name: aws\n  runtime: python3.13\nfunctions:\n  a:\n    handler: {}\n"
_TF = 'data "archive_file" "a" {{\n  type = "zip"\n  source_dir = "${{path.module}}/src"\n  output_path = "a.zip"\n}}\nresource "aws_lambda_function" "a" {{\n  filename = data.archive_file.a.output_path\n  runtime = "nodejs22.x"\n  handler = "{}"\n}}\n'
_PY = {"src/app.py": "def handler(event, context):\n    return event\n"}
_JS = {"src/index.mjs": "export const handler = async () => 1;\n"}

RULES = (
    Rule(
        "lambda/handler", "error", "Name the file and the function in it: every call of it fails.", "AWS Lambda developer guide: the handler is the name of the file, without its ending, and of the function in it.",
        lambda path: is_template(path) or is_terraform(path), _handlers,
        bad=(
            {"t.yaml": _SAM.format("python3.13", "src/", "main.handler"), **_PY}, {"t.yaml": _SAM.format("python3.13", "src/", "app.lambda_handler"), **_PY}, {"t.yaml": _SAM.format("nodejs22.x", "src", "index.main"), **_JS},
            {"t.yaml": _CFN.format("app.lambda_handler"), **_PY}, {"infra/t.yaml": _CFN.format("app.lambda_handler"), **_PY},
            {"main.tf": 'resource "aws_lambda_function" "a" {\n  s3_key = "a.zip"\n  runtime = "python3.13"\n  handler = "app.main"\n}\n', **_PY},
            {"serverless.yml": _SLS.format("src/app.main"), **_PY}, {"main.tf": _TF.format("app.handler"), **_JS},
        ),
        good=(
            {"t.yaml": _CFN.format("app.handler"), **_PY}, {"t.yaml": _CFN.format("app.lambda_handler"), "src/app.py": "def main():\n    return 1\n"}, {"t.yaml": _CFN.format("other.main"), **_PY},
            {"t.yaml": _CFN.format("app.lambda_handler"), **_PY, "b/app.py": "def handler(event, context): ...\n"},
            {"t.yaml": _SAM.format("python3.13", "src/", "app.handler"), **_PY}, {"t.yaml": _SAM.format("nodejs22.x", "src", "index.handler"), **_JS}, {"serverless.yml": _SLS.format("src/app.handler"), **_PY}, {"serverless.yml": _SLS.format("wsgi_handler.handler"), "app.py": "app = 1\n"}, {"main.tf": _TF.format("index.handler"), **_JS},
            {"t.yaml": _SAM.format("python3.13", "dist/", "main.handler"), **_PY}, {"t.yaml": _SAM.format("python3.13", "src/", "main.handler") + "      Layers: [a]\n", **_PY}, {"t.yaml": _SAM.format("nodejs22.x", "src", "app.handler"), "src/index.ts": "export const handler = 1;\n"},
            {"t.yaml": _SAM.format("python3.13", "src/", "app.handler"), "src/app.py": "from a import (\n    handler,\n)\n"}, {"t.yaml": _SAM.format("nodejs22.x", "src", "app.handler"), "src/app.js": "module.exports = require('./b');\n"},
            {"t.yaml": _SAM.format("python3.13", "src/", "app.handler.run"), "src/app/handler.py": "def run(event, context): ...\n"}, {"t.yaml": _SAM.format("python3.13", "s3://a/b", "main.handler"), **_PY},
        ),
    ),
)  # fmt: skip
