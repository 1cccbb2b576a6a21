"""Shell scripts that go on after a failure: without `set -e`, past forgiven tests, with counts lost in a subshell; and
what their traps remove."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.scripts import npm_scripts, targets
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.scripts import Command, Script, commands, is_script, tree, written
from boringops_tools.red_flags.testing import tests as is_test

if TYPE_CHECKING:
    from tree_sitter import Node

_STRICT = lazy_pattern(
    r"(?m)^\s*set\s+(?:-\S+\s+)*-[a-zA-Z]*e|\bset\s+.*-o\s+errexit|^#!.*\s-\w*e|\btrap\b[^\n]*\bERR\b|\$\?|\bPIPESTATUS\b"
)
# What the next step stands on: where it fails and the script goes on, what is there is half of it, or of last time.
_MATTERS: dict[str, frozenset[str]] = {
    **dict.fromkeys(
        ("pg_dump", "pg_dumpall", "pg_basebackup", "pg_restore", "mysqldump", "mariadb-dump", "mongodump", "mongorestore", "restic", "borg", "age"), frozenset[str]()
    ),
    "terraform": frozenset({"apply", "init"}), "tofu": frozenset({"apply", "init"}), "kubectl": frozenset({"apply", "set", "rollout"}),
    "helm": frozenset({"upgrade", "install"}), "docker": frozenset({"build", "push", "buildx"}), "podman": frozenset({"build", "push"}),
    "aws": frozenset({"cp", "sync", "mv", "update-service"}), "gsutil": frozenset({"cp", "rsync"}), "gcloud": frozenset({"deploy", "cp", "rsync"}),
    "az": frozenset({"upload", "deploy", "up"}), "alembic": frozenset({"upgrade"}), "flyway": frozenset({"migrate"}), "rclone": frozenset({"copy", "sync"}),
    "ansible-playbook": frozenset(), "npm": frozenset({"publish"}), "git": frozenset({"push"}),
}  # fmt: skip
_GOES_OUT: dict[str, frozenset[str]] = {
    "docker": frozenset({"push"}), "podman": frozenset({"push"}), "git": frozenset({"push", "tag"}), "npm": frozenset({"publish"}), "yarn": frozenset({"publish"}),
    "kubectl": frozenset({"apply", "set"}), "helm": frozenset({"upgrade", "install", "push"}), "terraform": frozenset({"apply"}), "twine": frozenset({"upload"}),
    "aws": frozenset({"cp", "sync", "update-service", "deploy"}), "gcloud": frozenset({"deploy", "cp"}), "gh": frozenset({"release"}), "cargo": frozenset({"publish"}),
}  # fmt: skip
_CONDITIONS = frozenset(
    {"if_statement", "while_statement", "elif_clause", "negated_command", "command_substitution", "list"}
)
_TRAP = lazy_pattern(r"\btrap\s+(?:--\s+)?('[^'\n]*'|\"(?:\\.|[^\"\\\n])*\")\s+(?:[A-Z]+|\d)")
_REMOVES = lazy_pattern(r"\brm\s+(?:-\S+\s+)*-\w*[rR]\w*\s+(?:-\S+\s+)*([^;&|]+)")
_PLACE = lazy_pattern(r"^(?P<quote>\\?\"?)\$\{?(?P<name>\w+)(?P<checked>:\?[^}]*)?\}?(?P<rest>[^\s\"]*)")
_ELSEWHERE = lazy_pattern(r"\b(?:git clone|unzip|pushd)\b|\bcd\s+(?!\"?\$[({]?(?:dirname|root|ROOT)|\"?\$\(|\.\.|-)")


def _shell(files: Files, path: str) -> Script | None:
    return next(iter(written(path, files.text(path))), None) if is_script(path) else None


def _matters(command: Command) -> bool:
    words = _MATTERS.get(command.program)
    return (
        words is not None
        and (not words or bool(words & set(command.argv[1:4])))
        and not {"--help", "--version", "--dry-run"} & set(command.argv)
    )


@functools.lru_cache(maxsize=64)
def _guarded(script: Script) -> frozenset[int]:
    """The lines of the commands whose status is looked at."""
    found = set()
    todo: list[tuple[Node, bool]] = [(tree(script), False)]
    while todo:
        node, inside = todo.pop()
        if node.type == "command" and inside:
            found.add(script.line + node.start_point[0])
        for child in node.named_children:
            body = child.type in ("do_group", "compound_statement") or (
                node.type == "if_statement"
                and child != node.child_by_field_name("condition")
                and child.type not in ("elif_clause",)
            )
            todo.append(
                (
                    child,
                    (inside and node.type not in ("if_statement", "while_statement"))
                    or (node.type in _CONDITIONS and not body),
                )
            )
    return frozenset(found)


def _careless(files: Files, path: str) -> Iterator[Hit]:
    script = _shell(files, path)
    if script is None or _STRICT.search(script.text) or not script.text.startswith("#!"):
        return
    guarded = _guarded(script)
    steps = [each for each in commands(script) if _matters(each) and each.line not in guarded and not each.forgiven]
    # Manifests are declared: the next one is applied as well as it would have been.
    first = next((each for each in steps if each.program != "kubectl"), None)
    later = next((each for each in steps if first and each.line > first.line), None)
    if first and later:
        yield Hit(
            first.line,
            f"when `{' '.join(first.argv[:2])}` fails, the script goes on to `{' '.join(later.argv[:2])}` (line {later.line}): there is no `set -e`",
        )


def _forgiven(files: Files, path: str) -> Iterator[Hit]:
    script = _shell(files, path)
    found = commands(script) if script else ()
    for position, each in enumerate(found):
        if (
            each.forgiven
            and is_test(each)
            and any(words & set(one.argv[1:4]) for one in found[position:] if (words := _GOES_OUT.get(one.program)))
        ):
            yield Hit(
                each.line, f"the failure of `{' '.join(each.argv)[:80]}` is thrown away, and what it tests goes out"
            )


def _lost(files: Files, path: str) -> Iterator[Hit]:
    script = _shell(files, path)
    if script is None or "lastpipe" in script.text or re.match(r"#!.*\b(?:zsh|ksh)\b", script.text):
        return
    text = script.text.encode()
    todo = [tree(script)]
    while todo:
        node = todo.pop()
        todo += node.named_children
        last = node.named_children[-1] if node.type == "pipeline" and node.named_children else None
        if last is not None and last.type == "redirected_statement":
            last = last.named_children[0]
        if last is None or last.type not in ("while_statement", "for_statement"):
            continue
        inner = last.text.decode(errors="replace") if last.text else ""
        before, after = (
            text[part].decode(errors="replace") for part in (slice(0, node.start_byte), slice(node.end_byte, None))
        )
        for name in dict.fromkeys(re.findall(r"(?m)(?:^|[;\s(])(\w+)(?:\+\+|\+?=(?!=))", inner)):
            first = re.search(rf"(?m)(?:\$\{{?{name}\b|(?:^|[;\s])(?:local\s+|export\s+)?{name}=)", after)
            here = before[before.rfind("\n}\n") + 1 :]  # in a function that has ended it may have been another one's
            if (
                first
                and "$" in first[0]
                and re.search(rf"(?m)^\s*(?:local\s+|declare\s+(?:-\S+\s+)?)?{name}=", here)
                and not re.search(rf"\blocal\s+{name}\b", inner)
            ):
                yield Hit(
                    script.line + text[: node.start_byte].count(b"\n"),
                    f"the loop runs in a subshell: what it makes of `{name}` is gone after it",
                )


def _traps(files: Files, path: str) -> Iterator[Hit]:
    script = _shell(files, path)
    for trap in _TRAP.finditer(script.text) if script else ():
        single = trap[1].startswith("'")
        for removed in _REMOVES.finditer(trap[1][1:-1]):
            for word in removed[1].split():
                place = _PLACE.match(word) if single or word.startswith(("\\", "$")) else None
                if place is None or place["checked"]:
                    continue
                name, line = place["name"], files.text(path).count("\n", 0, trap.start()) + 1
                set_here = re.search(
                    rf"(?m)(?:^|[;\s]){name}=|\bread\b[^\n]*\b{name}\b|\$\{{{name}:\?", files.text(path)
                )
                if not set_here and place["rest"][:1] == "/" and name.isupper():
                    yield Hit(line, f"the trap removes `{word}`: without `{name}` that is `{place['rest'].strip('}')}`")
                elif single and not place["quote"]:
                    yield Hit(line, f"the trap removes `{word}` unquoted: a space in it makes two places of it")


def _unknown(files: Files, path: str) -> Iterator[Hit]:
    """Targets and scripts that are run where the repository's own Makefile or package.json is the only one."""
    script = _shell(files, path)
    if script is None or path.count("/") > 1 or _ELSEWHERE.search(script.text):
        return
    for command in commands(script):
        plain = [word for word in command.argv[1:] if not word.startswith("-")]
        if any(
            "$" in word or word in ("-C", "-f", "--file", "--directory", "--prefix", "-w", "--workspace")
            for word in command.argv[1:]
        ):
            continue
        if (
            command.program == "make"
            and plain
            and len(files.by_name.get("Makefile", [])) == 1
            and "Makefile" in files.known
        ):
            known: set[str] | None = files.once(targets)
            name = next((word for word in plain if "=" not in word), "")
            if known is not None and re.fullmatch(r"[\w-]+", name) and name not in known | files.known | files.folders:
                yield Hit(command.line, f"`make {name}`: the Makefile has no such target")
        elif (
            command.program in ("npm", "pnpm", "yarn")
            and plain[:1] == ["run"]
            and len(plain) > 1
            and "package.json" in files.known
        ):
            scripts: set[str] | None = files.once(npm_scripts)
            if scripts is not None and re.fullmatch(r"[\w:-]+", plain[1]) and plain[1] not in scripts:
                yield Hit(command.line, f"`{command.program} run {plain[1]}`: no package.json has this script")


_BASH = "#!/usr/bin/env bash\n"
_S = "scripts/a.sh"


def _script(text: str, **more: str) -> dict[str, str]:
    return {_S: _BASH + text, **more}


_DUMP = "pg_dump --file=a.dump shop\naws s3 cp a.dump s3://backups/\n"
_COUNT = 'count=0\n{}while read -r a; do\n  count=$((count + 1))\ndone{}\necho "$count"\n'

RULES = (
    Rule("script/no-strict-mode", "warning", "`set -euo pipefail` at the top, or an answer to each failure.", "POSIX, set -e: without it the shell goes on after a command that failed.", is_script, _careless,
         bad=(_script(_DUMP), _script("docker build -t a .\ndocker push a\n"), {"bin/backup": "#!/bin/sh\n" + _DUMP}),
         good=(_script("set -eu\n" + _DUMP), _script(_DUMP.replace("shop\n", "shop || exit 1\n")), _script("if ! pg_dump shop > a; then\n  exit 1\nfi\naws s3 cp a s3://b/\n"), _script("docker build -t a .\ndocker run a\n"), _script("docker build -t a . &&\n  docker push a\n"), {_S: _DUMP}, _script(_DUMP + "if [ $? -ne 0 ]; then exit 1; fi\n"))),
    Rule("script/forgiven-test", "warning", "Let it stop the script: a test that cannot fail tests nothing.", "POSIX, OR lists: `|| true` makes the list succeed.", is_script, _forgiven,
         bad=(_script("make test || true\ndocker push a\n"), _script("set -e\npytest -q || echo failed\ngit push origin v1\n")), good=(_script("make test || exit 1\ndocker push a\n"), _script("npm test || true\n"))),
    Rule("script/lost-count", "warning", "Feed the loop from a process substitution: `done < <(…)`.", "Bash manual, Pipelines: each command of a pipeline runs in a subshell of its own.", is_script, _lost,
         bad=(_script(_COUNT.format("ls | ", "")), _script("failed=0\nfind . -print0 | while IFS= read -r -d '' f; do\n  check \"$f\" || failed=1\ndone\nexit \"$failed\"\n")),
         good=(_script(_COUNT.format("", " < <(ls)")), _script("ls | while read -r a; do\n  b=1\n  echo \"$b\"\ndone\n"), _script("count=0\nls | while read -r a; do\n  count=1\ndone\ncount=2\necho $count\n"))),
    Rule("script/trap", "warning", "Quote what is removed, and set it before: `trap 'rm -rf -- \"${work:?}\"' EXIT`.", "POSIX, Word expansions: an unquoted expansion is split, an unset one is empty.", is_script, _traps,
         bad=(_script("trap 'rm -rf \"$BUILD_DIR/\"' EXIT\n"), _script("work=$(mktemp -d)\ntrap 'rm -rf -- $work' EXIT\n")),
         good=(_script("work=$(mktemp -d)\ntrap 'rm -rf -- \"$work\"' EXIT\ntrap \"rm -rf '$work'\" INT\n"), _script("BUILD_DIR=/a\ntrap 'rm -rf \"$BUILD_DIR/\"' EXIT\n"))),
    Rule("script/unknown-target", "error", "Name a target or a script that is there.", "make takes the targets of its Makefile, npm run the scripts of package.json.", is_script, _unknown,
         bad=(_script("make check\n", Makefile="test:\n\tpytest\n"), {**_script("npm run build:all\n"), "package.json": '{"scripts": {"build": "x"}}'}),
         good=(_script("make test V=1\nmake\n", Makefile="test:\n\tpytest\n"), _script("git clone a\ncd a\nmake install\n", Makefile="test:\n\tpytest\n"), _script("make check\n"))),
)  # fmt: skip
