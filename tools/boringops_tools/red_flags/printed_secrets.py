"""Secrets that a pipeline writes into its log."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from boringops_tools.jenkins_files import is_jenkinsfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.deploying import to_production
from boringops_tools.red_flags.examples import CI, a_job, gh
from boringops_tools.red_flags.pipelines import Job, jobs_of, mappings_of, may_run, plain_groovy
from boringops_tools.red_flags.scripts import Script, tree
from boringops_tools.yaml_files import walk

if TYPE_CHECKING:
    from tree_sitter import Node

_GIVEN = lazy_pattern(r"\$\{\{\s*(?:secrets\.(\w+)|github\.token)\s*\}\}")
_MACRO = lazy_pattern(r"\$\(([A-Za-z_][\w.]*)\)")
_SECRET = lazy_pattern(
    r"(?:\w*_)?(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|SECRET_KEY|SECRET_ACCESS_KEY|ACCESS_TOKEN|AUTH_TOKEN|API_KEY|API_TOKEN|PRIVATE_KEY|SESSION_TOKEN|"
    r"DEPLOY_TOKEN|NPM_TOKEN|JOB_TOKEN|GITHUB_TOKEN|GH_TOKEN|GITLAB_TOKEN|REGISTRY_TOKEN|CLIENT_SECRET|PSW)|(?i:System_AccessToken|\w*(?:clientSecret|password))"
)
_USED = lazy_pattern(r"(?<!\\)\$(?:\{(\w+)\}|(\w+))")
_OUT = "SECRETVALUE__"
# What a program only writes in other letters; a service masks the value, not that.
_LETTERS = frozenset({"sort", "base64", "rev", "xxd", "od", "hexdump", "tee", "cat", "fold", "sed", "tr"})
_SAYS = frozenset({"echo", "printf", "printenv", "env"})


def _plain(text: str) -> str:
    """A script in which values of the service stand as variables of the shell."""
    text = _GIVEN.sub(lambda match: f"${{{_OUT}{match[1] or 'GITHUB_TOKEN'}}}", text)
    return _MACRO.sub(lambda match: f"${{{match[1].replace('.', '_')}}}" if _secret(match[1]) else match[0], text)


def _secret(name: str) -> bool:
    return bool(_SECRET.fullmatch(name.replace(".", "_")))


def _filled(job: Job, document: Mapping[Any, Any]) -> frozenset[str]:
    """Variables that are set from the secrets of the service."""
    found = set()
    for node in (document.get("env"), job.body):
        for _, key, value in walk(node):
            if isinstance(key, str) and isinstance(value, str) and _GIVEN.fullmatch(value.strip()):
                found.add(key)
    return frozenset(found)


def _written_elsewhere(node: Node) -> bool:
    """Whether what a command says goes to another program, a file or a variable."""
    child, parent = node, node.parent
    while parent is not None:
        if parent.type in ("command_substitution", "process_substitution", "function_definition"):
            return True
        if parent.type == "redirected_statement" and child == parent.named_children[0]:
            for each in parent.named_children[1:]:
                said = (each.text or b"").decode(errors="replace")
                if (
                    each.type == "file_redirect"
                    and re.match(r"(?:1|&)?>", said)
                    and not re.search(r">\s*(?:&2|/dev/std)", said)
                ):
                    return True
        if parent.type == "pipeline":
            after = parent.named_children[parent.named_children.index(child) + 1 :]
            words = [(each.text or b"").decode(errors="replace").split() for each in after]
            if any(
                not each or each[0] not in _LETTERS or re.search(r">|\s-o|\s--output", " ".join(each)) for each in words
            ):
                return True
        child, parent = parent, parent.parent
    return False


def _said(script: Script, filled: frozenset[str], whole: bool) -> Iterator[tuple[int, str]]:
    """(line, name) of secrets that a script prints; `whole` where the environment has some in any case."""
    text = _plain(script.text)
    if not any(word in text for word in _SAYS) or not ("$" in text or "env" in text):
        return
    todo = [tree(Script(script.line, text))]
    while todo:
        node = todo.pop()
        todo += node.named_children
        words = (node.text or b"").decode(errors="replace") if node.type == "command" else ""
        program, _, rest = words.strip().partition(" ")
        if program not in _SAYS or "add-mask" in rest or "##vso[" in rest or "::set-output" in rest:
            continue
        if program in ("printenv", "env") and not rest.strip():
            if whole and not _written_elsewhere(node):
                yield script.line + node.start_point[0], "every variable of the job, its secrets too,"
            continue
        names = re.findall(r"(?<!\S)[A-Z_]+\b", rest) if program == "printenv" else _names(node)
        for name in names:
            bare = name.removeprefix(_OUT)
            if (name in filled or name.startswith(_OUT) or _secret(name)) and not _written_elsewhere(node):
                yield script.line + node.start_point[0], bare
                break


def _names(command: Node) -> list[str]:
    found = []
    todo = [each for each in command.named_children if each.type != "command_name"]
    while todo:
        node = todo.pop(0)
        if node.type in ("simple_expansion", "expansion"):
            match = _USED.fullmatch((node.text or b"").decode(errors="replace"))
            found += [match[1] or match[2]] if match else []
        elif node.type not in ("raw_string", "command_substitution"):
            todo += node.named_children
    return found


_GROOVY = lazy_pattern(r"\b(?:echo|println|print)\b\s*\(?\s*\"(?P<said>[^\"\n]*)\"")
_BOUND = lazy_pattern(r"\b(?:passwordVariable|variable)\s*:\s*['\"](\w+)['\"]|(\w+)\s*=\s*credentials\(")


def _groovy(text: str) -> Iterator[Hit]:
    """What a Jenkinsfile says by itself, with secrets filled in."""
    from boringops_tools.checks.groovy_text import code

    plain = plain_groovy(text)
    bare = code(plain)  # what stands in the text of a command is the shell's to say
    bound = {first or second for first, second in _BOUND.findall(plain)}
    for match in _GROOVY.finditer(plain):
        for name in re.findall(r"(?<!\\)\$\{?(?:env\.|params\.)?(\w+)", match["said"]):
            if bare[match.start()].isspace():
                continue
            if name in bound or _secret(name):
                yield Hit(plain.count("\n", 0, match.start()) + 1, f"{name} is written into the log")


def _printed(path: str, text: str) -> Iterable[Hit]:
    document = next(iter(mappings_of(text)), {}) if path.endswith((".yml", ".yaml")) else {}
    if is_jenkinsfile(path):
        yield from _groovy(text)
    seen = set()
    for _, job in jobs_of(path, text):
        filled = _filled(job, document)
        for step in job.steps:
            whole = bool(filled) or to_production(job)
            for line, name in _said(step.script, filled, whole) if step.script else ():
                if (line, name) not in seen:
                    seen.add((line, name))
                    yield Hit(line, f"{name} is written into the log")


_LAB = "a:\n  script:\n    - {}\n"
RED_FLAGS = (
    RedFlag(
        "pipeline/secret-printed", "Commit AWS keys, passwords, or tokens to git", "warning",
        "Leave it out: logs are kept and read by many, and a mask knows the value in one spelling only.",
        applies=may_run, check=_printed,
        bad={
            CI: gh(a_job("a", "echo \"key is ${{ secrets.DEPLOY_KEY }}\" && make")),
            ".github/workflows/env.yml": gh(a_job("a", "echo \"$CODE\" | base64", "    env:\n      CODE: ${{ secrets.SIGNING }}\n")),
            ".gitlab-ci.yml": _LAB.format("echo $CI_REGISTRY_PASSWORD"), "a/.gitlab-ci.yml": _LAB.format("printenv CI_JOB_TOKEN"),
            ".circleci/config.yml": "jobs:\n  a:\n    steps:\n      - run: printf '%s\\n' \"$AWS_SECRET_ACCESS_KEY\" >&2\nworkflows:\n  w:\n    jobs: [a]\n",
            "azure-pipelines.yml": "steps:\n- bash: |\n    make\n    echo token $(System.AccessToken)\n",
            "Jenkinsfile": "stage('a') { sh 'echo $REGISTRY_PASSWORD' }\n", "b.jenkinsfile": "stage('a') { echo \"as ${env.DB_PASSWORD}\" }\n",
            "b/.gitlab-ci.yml": "live:\n  environment: production\n  script: ['env | sort', helm upgrade a a]\n",
        },
        good={
            CI: gh(a_job("a", "echo \"${{ secrets.DEPLOY_KEY }}\" > key && echo \"::add-mask::${{ secrets.B }}\" && echo ${#API_KEY} '$API_KEY'")),
            ".github/workflows/env.yml": gh(a_job("a", "echo \"set ${{ secrets.A != '' }}\" && X=$(echo \"$DB_PASSWORD\" | base64) && echo \"T=$API_KEY\" >> $GITHUB_ENV")),
            ".gitlab-ci.yml": _LAB.format("echo $CI_REGISTRY_PASSWORD | docker login --password-stdin && echo $TOKEN_URL"),
            "Jenkinsfile": "stage('a') { echo \"on ${env.BRANCH_NAME}\"\n echo 'as ${DB_PASSWORD}'\n sh '''\n  echo \"$DB_PASSWORD\" | docker login --password-stdin r\n''' }\n", "b/.gitlab-ci.yml": _LAB.format("env | sort"),
            "a/.gitlab-ci.yml": _LAB.format("echo \"$KEY_PASSWORD\" | base64 -d > key && echo $API_KEY | base64 --decode -o key"),
            "azure-pipelines.yml": "steps:\n- bash: |\n    { echo a; echo $(System.AccessToken); } > f\n    echo \"##vso[task.setvariable variable=a;issecret=true]$API_KEY\"\n    secret() { echo $API_KEY; }\n",
        },
    ),
)  # fmt: skip
