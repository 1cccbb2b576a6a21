"""What a Python application runs beside its web server: Celery's worker and beat, and its migrations."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from boringops_tools.stack.facts import Command, Process, Source
from boringops_tools.stack.found import inner
from boringops_tools.stack.python_program import Program, module_name
from boringops_tools.stack.tree import Tree, join


def processes(folder: str, program: Program, declared: Mapping[str, Source], import_root: str = "") -> list[Process]:
    """A worker for the application object of Celery, and a scheduler where a schedule is set.

    `import_root` is the folder below `folder` that the web application's imports start from."""
    if "celery" not in declared:
        return []
    for module in program.modules:
        for node in module.tree.body:
            value = node.value if isinstance(node, ast.Assign) else None
            if isinstance(value, ast.Call) and _last(value.func) == "Celery":
                place = Source(path=module.path, line=node.lineno)
                root = import_root if module.path.startswith(join(folder, f"{import_root}/")) else ""
                name = module_name(module.path, join(folder, root) if root else folder)
                start = ["celery", "--app", name]
                found = [Process(name="worker", command=[*start, "worker", "--loglevel=INFO"], source=place)]
                if schedule := _schedule(program):
                    beat = [*start, "beat", "--loglevel=INFO", "--schedule", "/dev/shm/celerybeat-schedule"]  # noqa: S108
                    found.append(Process(name="beat", command=beat, source=schedule))
                elif database := declared.get("django-celery-beat"):
                    beat = [
                        *start,
                        "beat",
                        "--loglevel=INFO",
                        "--scheduler",
                        "django_celery_beat.schedulers:DatabaseScheduler",
                    ]
                    found.append(Process(name="beat", command=beat, source=database))
                return found
    return []


def _last(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _schedule(program: Program) -> Source | None:
    """Where a schedule is set: `app.conf.beat_schedule = ...`, `CELERY_BEAT_SCHEDULE`."""
    for module in program.modules:
        for node in module.nodes:
            if isinstance(node, ast.Assign) and _last(node.targets[0]) in {"beat_schedule", "CELERY_BEAT_SCHEDULE"}:
                return Source(path=module.path, line=node.lineno)
    return None


def migration(
    tree: Tree, folder: str, framework: str, declared: Mapping[str, Source], home: str = ""
) -> Command | None:
    """The command that brings the schema up to date. `home` is the folder of Django's manage.py."""
    if framework == "django":
        path = join(home, "manage.py")
        return Command(run=f"python {inner(folder, path)} migrate --noinput", source=Source(path=path), needs_dev=False)
    if "alembic" in declared and join(folder, "alembic.ini") in tree:
        return Command(run="alembic upgrade head", source=Source(path=join(folder, "alembic.ini")), needs_dev=False)
    if "flask-migrate" in declared and any(tree.all_below(join(folder, "migrations"))):
        return Command(run="flask db upgrade", source=declared["flask-migrate"], needs_dev=False)
    return None
