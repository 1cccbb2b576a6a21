"""CircleCI: jobs of workflows, requires, executors and commands. What an orb brings cannot be known here."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.graph import cycles
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_circleci, walk

_BUILT_IN = frozenset(
    {"run", "checkout", "setup_remote_docker", "save_cache", "restore_cache", "store_artifacts", "store_test_results",
     "persist_to_workspace", "attach_workspace", "add_ssh_keys", "when", "unless", "deploy", "no-op"}
)  # fmt: skip
_PARAMETER = lazy_pattern(r"<<\s*parameters\.([\w-]+)\s*>>")
_BY_DEFAULT = ".circleci/continue_config.yml"
Use = tuple[str, Mapping[Any, Any], int | None]
"""The job a workflow uses, how, and where."""


def applies(path: str) -> bool:
    return is_config(path) or is_circleci(path)


def is_config(path: str) -> bool:
    """The file that CircleCI starts from."""
    return path.endswith((".circleci/config.yml", ".circleci/config.yaml"))


def continued(files: Files) -> frozenset[str]:
    """The files that a setup workflow goes on with as they are; what it makes of several is made elsewhere."""
    found: set[str] = set()
    for start in (".circleci/config.yml", ".circleci/config.yaml"):
        for document in files.documents(start)[:1] if start in files.known else ():
            if mapping(document).get("setup") is not True:
                continue
            for _, key, value in walk(document):
                if isinstance(value, str) and str(key).replace("_", "-") in ("config-path", "configuration-path"):
                    found.add(value.removeprefix("./"))
            if re.search(r"path-filtering/filter|continuation/continue", files.text(start)):
                found.add(_BY_DEFAULT)
    return frozenset(found)


def config_of(files: Files, path: str) -> Mapping[Any, Any]:
    """The configuration that a file is by itself; an empty one where others may bring a part of it."""
    found = files.documents(path)
    document = mapping(found[0]) if found else {}
    if is_config(path):
        return document
    return document if "workflows" in document and path in files.once(continued) else {}


def _unknowable(name: Any, config: Mapping[Any, Any]) -> bool:
    """A name that a parameter or a declared orb gives."""
    return (
        not isinstance(name, str) or "<<" in name or (name.partition("/")[0] in mapping(config, "orbs") and "/" in name)
    )


def _uses(workflow: Any) -> list[Use]:
    jobs = listed(mapping(workflow).get("jobs"))
    found: list[Use] = []
    for position, each in enumerate(jobs):
        if isinstance(each, str):
            found.append((each, {}, at((jobs, position))))
        elif isinstance(each, Mapping):
            found += [(str(name), mapping(how), at((each, name))) for name, how in each.items()]
    return found


def _workflows(config: Mapping[Any, Any]) -> Iterator[tuple[str, list[Use]]]:
    for name, workflow in mapping(config, "workflows").items():
        yield str(name), _uses(workflow)


def _jobs(files: Files, path: str) -> Iterator[Hit]:
    config = config_of(files, path)
    for workflow, uses in _workflows(config):
        for name, how, line in uses:
            here = name in mapping(config, "jobs") or how.get("type") in ("approval", "no-op")
            if not here and not _unknowable(name, config):
                yield Hit(line, f"workflow `{workflow}` runs the job `{name}`, which is not defined")


def _requires(files: Files, path: str) -> Iterator[Hit]:
    for workflow, uses in _workflows(config_of(files, path)):
        names: set[str] = set()
        matrices: list[str] = []
        for name, how, _ in uses:
            called = str(how.get("name", name))
            names |= {name, called}
            if matrix := mapping(how, "matrix"):
                names.add(str(matrix.get("alias", called)))
                matrices.append(called.partition("<<")[0] if "<<" in called else f"{called}-")
        graph: dict[str, list[str]] = {}
        for name, how, line in uses:
            wanted = listed(how.get("requires"))
            graph.setdefault(str(how.get("name", name)), [])
            for position, each in enumerate(wanted):
                other = next(iter(each), None) if isinstance(each, Mapping) else each
                if not isinstance(other, str) or "<<" in other:
                    continue
                graph[str(how.get("name", name))].append(other)
                if other not in names and not other.startswith(tuple(matrices)):
                    where = at((wanted, position), (how, "requires")) or line
                    yield Hit(where, f"workflow `{workflow}`: `{name}` requires `{other}`, which is not in it")
        for cycle in cycles(graph):
            line = next((line for name, how, line in uses if how.get("name", name) == cycle[0]), None)
            yield Hit(line, f"workflow `{workflow}`: `requires` goes in a circle: {' → '.join(cycle)}")


def _executors(files: Files, path: str) -> Iterator[Hit]:
    config = config_of(files, path)
    for name, job in mapping(config, "jobs").items():
        executor = mapping(job).get("executor")
        called = executor.get("name") if isinstance(executor, Mapping) else executor
        if called is None or _unknowable(called, config) or called in mapping(config, "executors"):
            continue
        yield Hit(at((job, "executor")), f"job `{name}`: there is no executor `{called}`")


def _steps(steps: Any) -> Iterator[tuple[str, int | None]]:
    """(name, line) of steps, those under conditions included."""
    for position, each in enumerate(listed(steps)):
        if isinstance(each, str):
            yield each, at((steps, position))
        elif isinstance(each, Mapping):
            for name, how in each.items():
                yield str(name), at((each, name), (steps, position))
                if name in ("when", "unless"):
                    yield from _steps(mapping(how).get("steps"))


def _commands(files: Files, path: str) -> Iterator[Hit]:
    config = config_of(files, path)
    known = _BUILT_IN | set(mapping(config, "commands"))
    for section in ("jobs", "commands"):
        for owner, what in mapping(config, section).items():
            for name, line in _steps(mapping(what).get("steps")):
                if name not in known and not _unknowable(name, config):
                    yield Hit(line, f"`{owner}`: the step `{name}` is no command of this file and none of CircleCI's")


def _parameters(files: Files, path: str) -> Iterator[Hit]:
    """`<< parameters.x >>` that its job or command does not declare, and what a workflow gives to a job."""
    from boringops_tools.checks.circle_given import unfit

    config = config_of(files, path)
    for section in ("jobs", "commands", "executors"):
        for owner, what in mapping(config, section).items():
            declared = mapping(mapping(what), "parameters")
            for parent, key, value in walk(what):
                for name in _PARAMETER.findall(value) if isinstance(value, str) else ():
                    if name not in declared:
                        yield Hit(at((parent, key)), f"`{owner}` has no parameter `{name}`")
    jobs = mapping(config, "jobs")
    for workflow, uses in _workflows(config):
        for name, how, line in uses:
            declared = mapping(mapping(jobs, name), "parameters")
            given = {**mapping(how, "matrix", "parameters"), **how}
            for parameter, form in declared.items():
                value = given.get(parameter)
                if value is None and "default" not in mapping(form):
                    yield Hit(line, f"workflow `{workflow}` runs `{name}` without its parameter `{parameter}`")
                if wrong := unfit(parameter, mapping(form), value):
                    yield Hit(at((how, parameter)) or line, wrong)


_DOC = "CircleCI configuration reference"
_JOB = "docker: [{image: a/b:1}], steps: [checkout]"

RULES = (
    Rule(
        "circleci/unknown-job", "error", "CircleCI refuses the configuration: define the job, or declare its orb under `orbs`.",
        f"{_DOC}: a workflow's jobs are those of `jobs`, of a declared orb, or of type approval.",
        applies, _jobs,
        bad=(
            {".circleci/config.yml": f"version: 2.1\njobs:\n  a: {{{_JOB}}}\nworkflows:\n  w:\n    jobs: [a, b]\n"},
            {".circleci/config.yml": "version: 2.1\nworkflows:\n  w:\n    jobs: [node/test]\n"},
        ),
        good=(
            {".circleci/config.yml": f"version: 2.1\norbs: {{node: circleci/node@5}}\njobs:\n  a: {{{_JOB}}}\nworkflows:\n  version: 2\n  w:\n    jobs: [a, node/test, hold: {{type: approval}}]\n"},
            {".circleci/config.yml": f"version: 2.1\njobs:\n  a: {{{_JOB}}}\n"},
        ),
    ),
    Rule(
        "circleci/requires", "error", "CircleCI refuses the workflow: require jobs of the same workflow, by the name they have there.",
        f"{_DOC}: requires lists names of jobs of the same workflow that must succeed before.",
        applies, _requires,
        bad=(
            {".circleci/config.yml": f"jobs:\n  a: {{{_JOB}}}\n  b: {{{_JOB}}}\nworkflows:\n  w:\n    jobs:\n      - a\n      - b: {{requires: [aa]}}\n"},
            {".circleci/config.yml": f"jobs:\n  a: {{{_JOB}}}\n  b: {{{_JOB}}}\nworkflows:\n  w:\n    jobs:\n      - a: {{requires: [b]}}\n      - b: {{requires: [a]}}\n"},
        ),
        good=(
            {".circleci/config.yml": f"jobs:\n  a: {{{_JOB}}}\n  b: {{{_JOB}}}\nworkflows:\n  w:\n    jobs:\n      - a: {{name: x}}\n      - b: {{requires: [x]}}\n      - b: {{name: y, requires: [{{b: failed}}]}}\n"},
            {".circleci/config.yml": f"jobs:\n  a: {{{_JOB}}}\n  b: {{{_JOB}}}\nworkflows:\n  w:\n    jobs:\n      - a: {{matrix: {{parameters: {{v: ['1']}}}}}}\n      - b: {{requires: [a-1]}}\n"},
        ),
    ),
    Rule(
        "circleci/executor", "error", "CircleCI refuses the configuration: define the executor, or declare its orb.",
        f"{_DOC}: executor names one of `executors` or of a declared orb.",
        applies, _executors,
        bad=({".circleci/config.yml": "version: 2.1\nexecutors:\n  py: {docker: [{image: a:1}]}\njobs:\n  a: {executor: python, steps: [checkout]}\n"},),
        good=({".circleci/config.yml": "version: 2.1\norbs: {n: x/n@1}\nexecutors:\n  py: {docker: [{image: a:1}]}\njobs:\n  a: {executor: {name: py}, steps: [checkout]}\n  b: {executor: n/default, steps: []}\n  c: {executor: << parameters.e >>, steps: []}\n"},),
    ),
    Rule(
        "circleci/command", "error", "CircleCI refuses the configuration: define the command, or declare its orb.",
        f"{_DOC}: a step is a built-in one, a command of `commands`, or one of a declared orb.",
        applies, _commands,
        bad=({".circleci/config.yml": "version: 2.1\njobs:\n  a:\n    docker: [{image: a:1}]\n    steps: [checkout, instal, when: {condition: true, steps: [runn: x]}]\n"},),
        good=({".circleci/config.yml": "version: 2.1\norbs: {n: x/n@1}\ncommands:\n  install: {steps: [run: x]}\njobs:\n  a:\n    docker: [{image: a:1}]\n    steps: [checkout, install, n/go, {n/go: {a: 1}}, run: x, save_cache: {key: a}]\n"},),
    ),
    Rule(
        "circleci/parameter", "error", "CircleCI refuses the configuration: declare the parameter, give it, and take one of its values.",
        f"{_DOC}, reusing configuration: a parameter is declared where it is used; one without a default must be given.",
        applies, _parameters,
        bad=(
            {".circleci/config.yml": "version: 2.1\njobs:\n  a: {docker: [{image: 'a:<< parameters.v >>'}], steps: [checkout]}\n"},
            {".circleci/config.yml": "version: 2.1\njobs:\n  a: {parameters: {v: {type: string}}, docker: [{image: 'a:1'}], steps: [checkout]}\nworkflows: {w: {jobs: [a]}}\n"},
            {".circleci/config.yml": "version: 2.1\njobs:\n  a: {parameters: {v: {type: enum, enum: [x, y]}}, docker: [{image: 'a:1'}], steps: [checkout]}\nworkflows: {w: {jobs: [{a: {v: z}}]}}\n"},
        ),
        good=(
            {".circleci/config.yml": "version: 2.1\njobs:\n  a: {parameters: {v: {type: string}, w: {type: string, default: q}}, docker: [{image: 'a:<< parameters.v >>'}], steps: [checkout]}\nworkflows: {w: {jobs: [{a: {v: z}}, {a: {matrix: {parameters: {v: [x]}}}}]}}\n"},
        ),
    ),
)  # fmt: skip
