"""Scripts that deploy an image under a tag that moves, and migrations whose failure stops nobody."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterable

from boringops_tools.dockerfile import is_dockerfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.deployed_images import moving_words
from boringops_tools.red_flags.moving_values import filled
from boringops_tools.red_flags.scripts import Command, is_script
from boringops_tools.red_flags.unsafe_commands import all_commands, applies

_TRIAL = lazy_pattern(
    r"(?i)(?:^|[/_.-])(?:dev|devel|development|local|tests?|testing|e2e|kind|minikube|k3d|examples?|demo|bench|sandbox|playground|hack)(?:[/_.-]|$)"
)
# What changes a database's tables, by the words of the tools and of what frameworks bring.
_MIGRATES = lazy_pattern(
    r"(?:^|[ /:_-])(?:migrate|migrations?:(?:run|migrate)|migrate:(?:latest|up|deploy)|db:migrate|ecto\.migrate|database update|alembic upgrade|flyway|liquibase update|goose .*\bup|dbmate (?:up|migrate)|atlas migrate apply|prisma db push|typeorm migration:run)(?:$| )"
)
_ASKS = lazy_pattern(
    r"\b(?:logs?|describe|get|delete|status|check|--check|--plan|--dry-run|info|list|makemigrations|--help|repair|validate|show|rollback|down|undo)\b"
)
_SAYS = frozenset({"echo", "printf", "log", "info", "test", "[", "grep", "which", "command", "kubectl", "rm", "docker"})


def _moving(path: str, text: str) -> Iterable[Hit]:
    values: dict[str, str] = {}
    for command in all_commands(path, text):
        values |= command.variables if not command.argv else {}
        for message in moving_words(command, [filled(word, values) for word in command.argv[1:]]):
            yield Hit(command.line, message)


def _migrates(command: Command) -> bool:
    told = " ".join(command.argv)
    return command.program not in _SAYS and bool(_MIGRATES.search(told)) and not _ASKS.search(told)


def _forgiven(path: str, text: str) -> Iterable[Hit]:
    for command in all_commands(path, text):
        if command.forgiven and _migrates(command):
            yield Hit(
                command.line,
                f"the failure of `{' '.join(command.argv)[:80]}` is thrown away: what comes after it meets tables that it does not know",
            )


RED_FLAGS = (
    RedFlag(
        "script/moving-image", "Use `latest` tag in production (always pin versions)", "error", "Deploy the tag or the digest that was built and tested.",
        applies=lambda path: is_script(path) and not _TRIAL.search(path), check=_moving,
        bad={
            "scripts/rollout.sh": "kubectl --context \"$1\" set image deployment/a app=r.acme.io/a:latest\n",
            "deploy.sh": "TAG=latest\nhelm upgrade a ./a --set image.tag=$TAG\n",
            "ship.sh": "run() {\n  \"$@\"\n}\nrun gcloud run deploy a --image=eu.gcr.io/a/b:latest\n",
        },
        good={
            "scripts/rollout.sh": "kubectl set image deployment/a \"app=$image\"\ndocker push a:latest\n",
            "hack/kind.sh": "kubectl set image deployment/a app=a:latest\n", "deploy.sh": "TAG=latest\nTAG=$1\nhelm upgrade a ./a --set image.tag=$TAG\n",
        },
    ),
    RedFlag(
        "script/forgiven-migration", "Deploy directly to production without testing", "warning", "Let it stop what starts or deploys after it.",
        applies=lambda path: applies(path) and not is_dockerfile(path) and not _TRIAL.search(path), check=_forgiven,
        bad={
            "docker/entrypoint.sh": "set -eu\n/app/bin/app migrate || true\nexec /app/bin/app serve\n",
            "start.sh": "python manage.py migrate --noinput || echo 'no migration'\nexec gunicorn a\n",
            ".gitlab-ci.yml": "deploy:\n  script:\n    - alembic upgrade head || true\n    - helm upgrade a ./a\n",
            "b.sh": "npx prisma migrate deploy || :\n",
        },
        good={
            "docker/entrypoint.sh": "/app/bin/app migrate || exit 1\nalembic upgrade head\nalembic check || true\nrm -rf migrate || true\nkubectl logs job/a-migrate --tail=9 || true\n",
            "scripts/dev.sh": "php artisan migrate || true\n",
        },
    ),
)  # fmt: skip
