"""What commands of pipelines, scripts and documents name in the repository: scripts, targets, outputs of Terraform."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.deploys import is_pipeline
from boringops_tools.checks.scripts import commands_of, npm_scripts, targets
from boringops_tools.checks.terraform_ecs import is_terraform
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import read

_OUTPUT = lazy_pattern(
    r"\b(?:terraform|tofu)\s+(?:-chdir=(?P<folder>\S+)\s+)?output\s+(?:-\S+\s+)*(?P<name>[A-Za-z_][\w-]*)(?=[\s)\"'`;|]|$)"
)
_RUNS = lazy_pattern(r"(?:bash|sh|zsh|python3?|node|ruby|php|pwsh)$")
_SCRIPT = lazy_pattern(r"(?:\./)?[\w.-]+(?:/[\w.-]+)+\.(?:sh|bash|py|rb|js|mjs|cjs|ps1|php)")
_MADE = lazy_pattern(r"(?:^|/)(?:dist|build|target|out|node_modules|vendor|\.venv|venv|tmp)/")


def _is_shell(path: str) -> bool:
    name = posixpath.basename(path)
    return (
        path.endswith((".sh", ".bash"))
        or name in ("Makefile", "justfile")
        or ("." not in name and re.search(r"(?:^|/)(?:bin|scripts?|hack|ci|deploy)/", path) is not None)
    )


def _outputs(files: Files) -> dict[str, set[str]]:
    """The names of the outputs of every folder with Terraform in it."""
    found: dict[str, set[str]] = {}
    for path in files.all:
        if is_terraform(path):
            names = {each.labels[0] for each in read(files.text(path)) if each.kind == "output" and each.labels}
            found.setdefault(posixpath.dirname(path), set()).update(names)
    return found


def _lost_outputs(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    for match in _OUTPUT.finditer(text) if " output" in text else ():
        known: dict[str, set[str]] = files.once(_outputs)
        folder = posixpath.normpath((match["folder"] or "").strip("\"'"))
        here = known.get(folder) if match["folder"] else None
        names = here if here else set().union(*known.values()) if "$" in folder or not match["folder"] else set()
        if names and match["name"] not in names and not any(path.endswith(".tf.json") for path in files.all):
            yield Hit(
                text.count("\n", 0, match.start()) + 1,
                f"Terraform has no output `{match['name']}` here; it has {', '.join(sorted(names)[:5])}",
            )


def _lost_scripts(files: Files, path: str) -> Iterator[Hit]:
    """Scripts that a pipeline runs, of a folder that the repository has."""
    for command in commands_of(files, path):
        words = list(command.argv)
        if _RUNS.match(posixpath.basename(command.program)):
            words = [word for word in words[1:] if not word.startswith("-") or word in ("-c", "-m")][:1]
        script = posixpath.normpath(words[0]) if words and _SCRIPT.fullmatch(words[0]) else ""
        folder = posixpath.dirname(script)
        if (
            not script
            or "____" in script  # an expression of the pipeline stands there
            or script in files.known
            or folder not in files.folders
            or files.ignored(script)
            or _MADE.search(script)
        ):
            continue
        beside = sorted(
            each
            for each in files.all
            if posixpath.dirname(each) == folder and posixpath.splitext(each)[1] == posixpath.splitext(script)[1]
        )
        made = len(re.findall(re.escape(posixpath.basename(script)), files.text(path))) > files.text(path).count(
            words[0]
        )
        if beside and not made and not any(each.endswith(f"/{script}") for each in files.all):
            yield Hit(command.line, f"there is no `{script}`; there is {', '.join(beside[:3])}")


_HERE = lazy_pattern(
    r"(?m)^\s*(?:(?:export|local|readonly|declare -r)\s+)?(\w+)=[\"']?\$\(\s*(?:(?:unset CDPATH\s*(?:;|&&)|CDPATH=(?:''|\"\")?)\s*)?(?:builtin\s+|command\s+)?cd\s+(?:-[PL]\s+)?(?:--\s+)?[\"']?\$\(?\{?dirname[^\n]*?\)\"?(?P<up>(?:/\.\.)*)[\"']?\s*(?:>\s*/dev/null(?:\s+2>&1)?\s*)?&&\s*pwd(?:\s+-P)?\s*\)"
)


def _beside(files: Files, path: str) -> Iterator[Hit]:
    """Files that a script takes from where it stands itself."""
    text = files.text(path)
    for match in _HERE.finditer(text):
        folder = posixpath.normpath(posixpath.join(posixpath.dirname(path), match["up"].lstrip("/")))
        if folder.startswith("..") or len(re.findall(rf"(?m)^\s*{match[1]}=", text)) != 1:
            continue
        for use in re.finditer(rf"\$\{{?{match[1]}\}}?/((?:[\w.-]+/)*[\w-][\w.-]*\.\w+)(?=[\"'\s)])", text):
            wanted = posixpath.normpath(posixpath.join(folder, use[1]))
            place, name = posixpath.dirname(wanted), posixpath.basename(wanted)
            there = sorted(
                each
                for each in files.all
                if posixpath.dirname(each) == place and posixpath.splitext(each)[1] == posixpath.splitext(name)[1]
            )
            line = text.count("\n", 0, use.start()) + 1
            written = re.search(
                rf"(?:>|-o|--output|\btee|\btouch|-f|-e|\bcp|\bmv|\brm|\bln|\[)[^\n]*{re.escape(use[1])}", text
            )
            if (
                there
                and wanted not in files.known
                and not files.ignored(wanted)
                and text.count(name) == text.count(use[1])
                and not written
                and not _MADE.search(wanted)
            ):
                yield Hit(line, f"there is no `{wanted}`; there is {', '.join(there[:3])}")


_SPAN = lazy_pattern(r"`(make|npm run|pnpm run|yarn run) ([\w:.-]+)`")
_LINE = lazy_pattern(r"^\s*\$?\s*(make|npm run|pnpm run|yarn run) ([\w:.-]+)\s*(?:#.*)?$")


def _told(files: Files, path: str) -> Iterator[Hit]:
    """Targets and scripts that the README of the root tells to run."""
    fenced = False
    for number, line in enumerate(files.text(path).splitlines(), 1):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        found = _SPAN.findall(line) + (_LINE.findall(line) if fenced or line.startswith("    ") else [])
        for program, name in found:
            known: set[str] | None = files.once(targets if program == "make" else npm_scripts)
            of = "Makefile has this target" if program == "make" else "package.json has this script"
            if (
                known
                and name not in known
                and name not in files.known
                and name not in files.folders
                and not re.search(r"^(?:x+|foo|target|name|-.*)$", name)
            ):
                yield Hit(number, f"`{program} {name}`: no {of}")


def _is_readme(path: str) -> bool:
    return path.lower() in ("readme.md", "contributing.md", "claude.md", "agents.md", "docs/readme.md")


_TF = {"infra/main.tf": 'output "repository_url" {\n  value = "a"\n}\n'}
_W = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: {}\n"
_SH = '#!/bin/sh\nhere="$(cd "$(dirname "$0")" && pwd)"\ninstall -m 0644 "$here/{}" /etc/systemd/system/mail.service\n'
_CI = ".github/workflows/a.yml"

RULES = (
    Rule("consistency/terraform-output", "error", "The command fails: name an output that is there.", "terraform output: a name that is none ends with an error.", lambda path: is_pipeline(path) or _is_shell(path), _lost_outputs,
         bad=({**_TF, "bin/deploy": "image=$(terraform -chdir=infra output -raw ecr_url)\n"}, {**_TF, "a.sh": "terraform output url\n"}, {**_TF, _CI: _W.format("terraform -chdir=infra output -raw url")}),
         good=({**_TF, "bin/deploy": "image=$(terraform -chdir=infra output -raw repository_url)\nterraform output -json | jq .\nterraform output $NAME\n"}, {**_TF, "a.sh": "terraform -chdir=other output -raw x\n"}, {"a.sh": "terraform output x\n"})),
    Rule("consistency/missing-script", "error", "The job fails there: name a script that is there.", "A pipeline runs in what it has checked out.", is_pipeline, _lost_scripts,
         bad=({_CI: _W.format("bash tests/run.sh"), "tests/smoke.sh": "true\n"}, {_CI: _W.format("./tests/run.sh --all"), "tests/smoke.sh": "true\n"}, {".gitlab-ci.yml": "a:\n  script:\n    - python scripts/load.py\n", "scripts/save.py": "1\n"}),
         good=({_CI: _W.format("bash tests/smoke.sh"), "tests/smoke.sh": "true\n"}, {_CI: _W.format("bash tests/run.sh"), "web/tests/run.sh": "true\n", "tests/a.sh": "true\n"}, {_CI: _W.format("curl -o tests/run.sh https://a/run.sh && cd tests && sh run.sh"), "tests/smoke.sh": "true\n"}, {_CI: _W.format("bash other/run.sh")}, {_CI: _W.format("tests/${{ matrix.name }}.sh"), "tests/a.sh": "true\n"})),
    Rule("shell/missing-beside", "error", "The script stops there: name a file that is there.", "`dirname $0` is where the script itself stands.", _is_shell, _beside,
         bad=({"deploy/install.sh": _SH.format("mail-queue.service"), "deploy/mail.service": "[Service]\n"}, {"tools/a.sh": '#!/bin/sh\nroot=$(CDPATH=\'\' cd -- "$(dirname -- "$0")/.." && pwd)\n. "$root/tools/common.sh"\n', "tools/lib.sh": "true\n"}), good=({"deploy/install.sh": _SH.format("mail.service"), "deploy/mail.service": "[Service]\n"}, {"deploy/install.sh": _SH.format("mail.service"), "deploy/a.sh": "true\n"}, {"deploy/install.sh": "here=/srv\n" + _SH.format("b.service"), "deploy/a.service": "[Service]\n"})),
    Rule("consistency/document-target", "warning", "Tell a command that works.", "What a README tells to type is typed.", _is_readme, _told,
         bad=({"README.md": "`make unit-test` runs the tests.\n", "Makefile": "test:\n\tgo test\n"}, {"README.md": "```sh\nnpm run serve\n```\n", "package.json": '{"scripts": {"start": "x"}}'}),
         good=({"README.md": "`make test` runs the tests. `make` `make it` or make do.\n", "Makefile": "test it:\n\tgo test\n"}, {"README.md": "`make a`\n"}, {"README.md": "`make a`\n", "Makefile": "include b.mk\n"}, {"sub/README.md": "`make a`\n", "Makefile": "b:\n\ttrue\n"})),
)  # fmt: skip
