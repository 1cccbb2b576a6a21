"""What an Ansible file holds: plays, tasks and handlers, blocks unfolded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.yaml_files import is_yaml

_ROLE_FILE = re.compile(r"(?:.*/)?(?:roles/[^/]+/)?(?:tasks|handlers)/.+\.ya?ml", re.S)
_TASK_LISTS = ("tasks", "pre_tasks", "post_tasks", "handlers")
_NO_MODULE = frozenset(
    """name when notify register become become_user become_method vars tags loop loop_control until retries delay no_log
    ignore_errors failed_when changed_when delegate_to run_once environment args listen check_mode diff any_errors_fatal
    block rescue always collections connection throttle timeout async poll ignore_unreachable delegate_facts""".split()  # noqa: SIM905
)


def is_ansible(path: str, text: str) -> bool:
    """Whether a file holds plays, or the tasks or handlers of a role."""
    if not is_yaml(path) or path.startswith(".github/"):
        return False
    return bool(re.search(r"(?m)^(?:- |  )hosts:\s", text) or _ROLE_FILE.fullmatch(path))


def plays(documents: Iterable[Any]) -> Iterator[Mapping[Any, Any]]:
    """The plays of a playbook; none where the file is a list of tasks."""
    for document in documents:
        for play in document if isinstance(document, list) else ():
            if isinstance(play, Mapping) and "hosts" in play:
                yield play


def tasks(documents: Iterable[Any]) -> Iterator[Mapping[Any, Any]]:
    """Every task and handler of a file, those in blocks included."""
    todo: list[Any] = []
    for document in documents:
        for entry in document if isinstance(document, list) else ():
            if isinstance(entry, Mapping) and "hosts" in entry:
                todo += [task for key in _TASK_LISTS for task in _list(entry.get(key))]
            else:
                todo.append(entry)
    while todo:
        task = todo.pop(0)
        if isinstance(task, Mapping):
            inner = [each for key in ("block", "rescue", "always") for each in _list(task.get(key))]
            todo[:0] = inner
            if not inner:
                yield task


def module(task: Mapping[Any, Any]) -> tuple[str, str, Any]:
    """(key, the module's short name, its arguments) of a task; empty where it has none."""
    for key, value in task.items():
        if isinstance(key, str) and key not in _NO_MODULE and not key.startswith("with_"):
            return key, key.rpartition(".")[2], value
    return "", "", None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
