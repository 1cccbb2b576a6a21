"""The environment contract: every variable stands in every carrier with the same nature, and in none is one too many."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from boringops_tools.blueprints import Draft, draft, understand
from boringops_tools.blueprints.contract import Entry
from boringops_tools.blueprints.values import carried, fixed, only_local
from boringops_tools.red_flags import hcl
from boringops_tools.stack import Application
from boringops_tools.stack.environment import is_example, is_own_secret, is_public, is_secret
from boringops_tools.yaml_files import documents
from tests.boringops_tools import carriers
from tests.boringops_tools.carriers import UNSET
from tests.boringops_tools.stacks import STACKS

APPS = Path(__file__).parent / "apps"
LOUD = {
    "requirements.txt": "fastapi\nuvicorn\nredis\npsycopg[binary]\nsqlalchemy\n",
    "main.py": """import os
from fastapi import FastAPI
app = FastAPI(debug=os.getenv("DEBUG", "True") == "True")
LEVEL = os.getenv("LOG_LEVEL", "debug")
TITLE = os.getenv("TITLE", "A shop & more")
SITE = os.getenv("SITE_URL", "http://localhost:8000")
MAILS = os.getenv("SMTP_HOST", "127.0.0.1")
STAGE = os.getenv("ENVIRONMENT", "local")
HOST = os.getenv("HOST", "127.0.0.1")
PORT = int(os.getenv("PORT", "8000"))
REGION = os.environ["REGION"]
KEY = os.environ["SECRET_KEY"]
STRIPE = os.getenv("STRIPE_API_KEY", "sk-none")
DATABASE = os.environ["DATABASE_URL"]
CACHE = os.getenv("REDIS_PASSWORD")
NOTE = os.getenv("NOTE")
""",
}
"""An application with one variable of each sort."""
TASKS = {
    "kustomize": "Deploy this to Kubernetes",
    "helm": "Deploy this to Kubernetes with a Helm chart",
    "aws": "Deploy this to AWS ECS with Terraform",
    "google": "Deploy this to Cloud Run with Terraform",
    "azure": "Deploy this to Azure Container Apps with Terraform",
    "cloudformation": "Deploy this to AWS ECS with CloudFormation",
    "python": "Deploy this to AWS ECS with Pulumi in Python",
    "typescript": "Deploy this to AWS ECS with Pulumi in TypeScript",
}


@dataclass(frozen=True)
class Made:
    root: Path
    draft: Draft

    @property
    def apps(self) -> list[Application]:
        return self.draft.stack.deployable


def made(root: Path, files: dict[str, str] | Path, task: str) -> Made:
    if isinstance(files, Path):
        shutil.copytree(files, root, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        for name, content in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content)
    paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    done = draft(root, paths, task=task, wants=understand(task))
    for file in done.files:
        (root / file.path).parent.mkdir(parents=True, exist_ok=True)
        (root / file.path).write_bytes(file.content.encode())
    return Made(root, done)


CONNECTED = {
    **STACKS["dotnet"],
    "src/Shop/Program.cs": STACKS["dotnet"]["src/Shop/Program.cs"].replace(
        "app.Run();", 'var data = app.Configuration.GetConnectionString("Shop");\napp.Run();'
    ),
}
SOURCES: dict[str, dict[str, str] | Path] = {
    **STACKS,
    "loud": LOUD,
    "connected": CONNECTED,
    **{each.name: each for each in sorted(APPS.iterdir()) if each.is_dir() and not each.name.startswith("__")},
}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Made]:
    base = tmp_path_factory.mktemp("contract")
    return {
        (name, kind): made(base / name / kind / "repo", files, task)
        for name, files in SOURCES.items()
        for kind, task in TASKS.items()
    }


def of(everything: dict[tuple[str, str], Made], kind: str) -> Iterator[tuple[Made, Application]]:
    for (_, other), each in everything.items():
        if other == kind:
            yield from ((each, app) for app in each.apps)


def read_at_run_time(app: Application) -> dict[str, bool]:
    """Name to whether it is a secret, of what the container is told; from what was detected, not from the contract."""
    return {
        variable.name: variable.secret
        for variable in app.env
        if not is_public(variable.name)
        and (variable.required or app.static is None)
        and not all(
            source.path.startswith(("tests/", "e2e/")) or ".config." in source.path for source in variable.sources
        )
    }


def logins(app: Application) -> set[str]:
    """Names that have a password in them without being called a secret."""
    return {
        name
        for name in read_at_run_time(app)
        if app.services and re.search(r"(URL|URI|DSN|PASSWORD|PASS|USER|USERNAME)$|^ConnectionStrings", name)
    }


@pytest.mark.parametrize("kind", ["kustomize", "helm"])
def test_manifests_have_every_variable_and_no_other(everything: dict[tuple[str, str], Made], kind: str) -> None:
    for each, app in of(everything, kind):
        wanted = read_at_run_time(app)
        for environment in ("dev", "staging", "production"):
            folder = app.path("k8s" if kind == "kustomize" else "charts")
            reader = carriers.container if kind == "kustomize" else carriers.chart
            secrets, settings = reader(each.root, folder, environment)
            assert set(secrets) | set(settings) == set(wanted), (app.name, environment)
            assert not set(secrets) & set(settings), app.name
            assert {name for name, secret in wanted.items() if secret} <= set(secrets), app.name
            assert set(secrets) - {name for name, secret in wanted.items() if secret} <= logins(app), app.name
            assert set(secrets.values()) <= {f"{app.name}-env"}


@pytest.mark.parametrize("kind", ["aws", "google", "azure"])
def test_terraform_has_every_variable_and_no_other(everything: dict[tuple[str, str], Made], kind: str) -> None:
    for each, app in of(everything, kind):
        wanted = read_at_run_time(app)
        module = re.sub(r"[^a-z0-9]+", "_", app.name.lower())[:24].strip("_")
        secrets, known, settings = carriers.terraform(each.root, module)
        assert sum(map(len, (secrets, known, settings))) == len({*secrets, *known, *settings}), "each in one place"
        absent = set(wanted) - secrets - known - set(settings)
        assert all(name.startswith(("REDIS_", "CACHE_")) for name in absent - ({"PORT"} if kind == "google" else set()))
        assert {*secrets, *known, *settings} <= set(wanted), app.name
        told = {name for name, secret in wanted.items() if secret} - absent
        assert told - secrets <= {name for name in known if "REDIS" in name or "CACHE" in name}, "secrets by reference"
        assert secrets - told <= logins(app), app.name
        documented = carriers.table(each.root, "docs/deployment.md")
        assert set(wanted) - {"PORT"} <= set(documented), "every variable has a row, left out or not"
        mine = next(file for file in each.draft.files if file.path.endswith("production.tfvars.example")).content
        assert {name for name, default in settings.items() if default == UNSET} == set(
            re.findall(r"(?m)^  ([A-Z]\w*) += \"<value>\"", mine)
        )


@pytest.mark.parametrize("kind", ["cloudformation", "python", "typescript"])
def test_other_tools_have_every_variable_and_no_other(everything: dict[tuple[str, str], Made], kind: str) -> None:
    for each, app in of(everything, kind):
        wanted = read_at_run_time(app)
        if len(each.apps) > 1:
            continue
        name = re.sub(r"[^a-z0-9]+", "-", app.name.lower())[:24].strip("-")
        cloudformation = kind == "cloudformation"
        secrets, settings = carriers.template(each.root, name) if cloudformation else carriers.pulumi(each.root, kind)
        absent = {name for name in set(wanted) - secrets - settings if not name.startswith(("REDIS_", "CACHE_"))}
        assert not absent and secrets | settings <= set(wanted) and not secrets & settings, app.name
        assert {name for name, secret in wanted.items() if secret and "REDIS" not in name} <= secrets


def test_a_secret_in_one_carrier_is_a_secret_in_all(everything: dict[tuple[str, str], Made]) -> None:
    for name in SOURCES:
        for app in everything[name, "aws"].apps:
            module = re.sub(r"[^a-z0-9]+", "_", app.name.lower())[:24].strip("_")
            pods = set(carriers.container(everything[name, "kustomize"].root, app.path("k8s"), "production")[0])
            for cloud in ("aws", "google", "azure"):
                secrets = carriers.terraform(everything[name, cloud].root, module)[0]
                assert all(re.search(r"REDIS|CACHE", each) for each in pods ^ secrets), (name, cloud, pods ^ secrets)


def test_compose_has_every_variable_and_no_secret(everything: dict[tuple[str, str], Made]) -> None:
    for each, app in of(everything, "kustomize"):
        if not (each.root / "compose.yaml").exists():
            continue
        wanted = read_at_run_time(app)
        environment = carriers.compose(each.root, app.name, "compose.yaml")
        assert set(environment) == set(wanted), app.name
        for name, secret in wanted.items():
            value = environment[name]
            assert not secret or value is None or "${" in value or "://" in value, (name, value)
            assert "@" not in str(value) or "${" in value, "a login has its password from .env"
            assert not secret or ":-" not in str(value), (name, value)
        production = carriers.compose(each.root, app.name, "compose.prod.yaml")
        assert set(production) <= set(wanted), app.name


def test_documents_and_the_example_name_every_variable(everything: dict[tuple[str, str], Made]) -> None:
    for each, app in of(everything, "kustomize"):
        rows = carriers.table(each.root, "docs/runbook.md")
        assert {variable.name for variable in app.env} <= set(rows)
        for variable in app.env:
            row = " ".join(rows[variable.name])
            assert str(variable.sources[0]) in row, "where it is read: file and line"
            assert not variable.secret or "secret" in row
        example = carriers.example(each.root, app.path(".env.example"))
        assert {variable.name for variable in app.env} <= set(example)
        ours = [variable for variable in app.env if not any(is_example(source.path) for source in variable.sources)]
        for variable in ours:
            assert not variable.secret or example[variable.name] == "<from-the-secrets-manager>", variable.name


def test_each_environment_is_given_what_is_its_own(everything: dict[tuple[str, str], Made]) -> None:
    each = everything["loud", "kustomize"]
    by_environment = {name: carriers.container(each.root, "k8s", name)[1] for name in ("dev", "staging", "production")}
    assert by_environment["staging"] == by_environment["production"] == {
        "DEBUG": "False", "LOG_LEVEL": "info", "TITLE": "A shop & more", "SITE_URL": UNSET, "SMTP_HOST": None,
        "ENVIRONMENT": UNSET, "HOST": "0.0.0.0", "PORT": "8000", "REGION": UNSET, "NOTE": None,
    }  # fmt: skip
    assert by_environment["dev"] == by_environment["staging"] | {
        "DEBUG": "True", "LOG_LEVEL": "debug", "ENVIRONMENT": "local",
    }  # fmt: skip
    assert carriers.chart(everything["loud", "helm"].root, "charts", "production")[1] == by_environment["production"]
    assert carriers.chart(everything["loud", "helm"].root, "charts", "dev")[1] == by_environment["dev"]
    for cloud in ("aws", "google", "azure"):
        _, known, settings = carriers.terraform(everything["loud", cloud].root, each.apps[0].name.replace("-", "_"))
        assert settings == {
            "DEBUG": "False", "LOG_LEVEL": "info", "TITLE": "A shop & more", "SITE_URL": UNSET, "SMTP_HOST": None,
            "ENVIRONMENT": UNSET, "REGION": UNSET, "NOTE": None,
        }  # fmt: skip
        assert "HOST" in known
    developed = carriers.compose(each.root, each.apps[0].name, "compose.yaml")
    assert developed["DEBUG"] == "${DEBUG:-True}" and developed["HOST"] == "0.0.0.0"
    assert developed["SITE_URL"] == "${SITE_URL:-http://localhost:8000}" and developed["STRIPE_API_KEY"] is None
    assert developed["SECRET_KEY"].startswith("${SECRET_KEY:?") and developed["REGION"].startswith("${REGION:?")
    produced = carriers.compose(each.root, each.apps[0].name, "compose.yaml", "compose.prod.yaml")
    assert produced["DEBUG"] == "False" and produced["SITE_URL"].startswith("${SITE_URL:?")
    assert carriers.table(each.root, "docs/runbook.md")["DEBUG"][-2:] == ["`True`", "`False`"]
    assert "sk-none" not in "".join(file.content for file in each.draft.files), "no secret's default goes anywhere"


def test_a_default_that_the_image_sets_is_not_overruled(tmp_path: Path) -> None:
    files = STACKS["laravel"] | {
        "config/logging.php": "<?php return ['default' => env('LOG_CHANNEL', 'stack'), 'env' => env('APP_ENV', 'local')];"
    }
    each = made(tmp_path / "repo", files, TASKS["kustomize"])
    [app] = each.apps
    _, settings = carriers.container(each.root, "k8s", "production")
    assert settings["LOG_CHANNEL"] is None and settings["APP_ENV"] is None
    environment = carriers.compose(each.root, app.name, "compose.yaml")
    assert environment["LOG_CHANNEL"] == "${LOG_CHANNEL:-stderr}" and environment["APP_ENV"] == "${APP_ENV:-production}"


def test_a_connection_string_leads_to_the_service(everything: dict[tuple[str, str], Made]) -> None:
    root, name = everything["connected", "kustomize"].root, "ConnectionStrings__Shop"
    said = "Host=postgres;Port=5432;Database=app;Username=app;Password=${POSTGRES_PASSWORD:?set it in .env}"
    assert carriers.compose(root, "shop", "compose.yaml")[name] == said
    assert name in carriers.container(root, "k8s", "production")[0]
    assert name in carriers.terraform(everything["connected", "aws"].root, "shop")[0]


def test_the_pipeline_names_what_the_image_is_built_with(everything: dict[tuple[str, str], Made]) -> None:
    root = everything["vite", "kustomize"].root
    for path in ("ci.yml", "release.yml"):
        assert "vars.VITE_API_URL" in (root / ".github/workflows" / path).read_text()
    settings = carriers.container(root, "k8s", "production")[1]
    assert "VITE_API_URL" not in settings, "it is in the bundle already"


@pytest.mark.parametrize("system", ["GitLab CI", "CircleCI", "Jenkins", "Azure Pipelines"])
def test_every_ci_system_names_what_the_image_is_built_with(tmp_path: Path, system: str) -> None:
    each = made(tmp_path / "repo", STACKS["vite"], f"Set up {system}")
    [path] = [
        file.path
        for file in each.draft.files
        if re.search(r"gitlab-ci|circleci|Jenkinsfile|azure-pipelines", file.path)
    ]
    assert "--build-arg VITE_API_URL" in (each.root / path).read_text()


def test_tests_are_given_no_key_of_production(everything: dict[tuple[str, str], Made]) -> None:
    text = (everything["rails", "kustomize"].root / ".github/workflows/ci.yml").read_text()
    [ci] = documents(text)
    [job] = [each for each in ci["jobs"].values() if "MAILER_KEY" in (each.get("env") or {})]
    assert "SECRET_KEY_BASE" not in job["env"] and {"POSTGRES_PASSWORD", "DATABASE_URL"} <= set(job["env"])
    started = [step for step in job["steps"] if "docker compose" in str(step.get("run"))]
    assert started and all("SECRET_KEY_BASE" in step["env"] for step in started), "Compose checks the whole file"


@pytest.mark.parametrize(
    ("name", "default", "development", "production", "asked"),
    [
        ("DEBUG", "true", "true", "false", False), ("APP_DEBUG", "1", "1", "0", False), ("FLASK_DEBUG", "0", "0", "0", False),
        ("DEBUG", "app:*", "app:*", None, False), ("RELOAD", "YES", "YES", "NO", False),
        ("LOG_LEVEL", "DEBUG", "DEBUG", "INFO", False), ("LOG_LEVEL", "warning", "warning", "warning", False),
        ("RUST_LOG", "shop=debug,http=warn", "shop=debug,http=warn", "shop=info,http=warn", False),
        ("APP_ENV", "dev", "dev", None, True), ("APP_ENV", "production", "production", "production", False),
        ("API_URL", "http://localhost:4000/x", "http://localhost:4000/x", None, True),
        ("MAIL_HOST", "localhost", "localhost", None, False),
        ("A_URL", "https://localhost.org", "https://localhost.org", "https://localhost.org", False),
        ("NAME", "two\nlines", None, None, False), ("NAME", "${X}", None, None, False), ("NAME", 'say "x"', None, None, False),
        ("MODE", "fast", "fast", "fast", False), ("DEBUGGING_NOTE", "true", "true", "true", False), ("NAME", None, None, None, False),
    ],
)  # fmt: skip
def test_a_value_by_environment(
    name: str, default: str | None, development: str | None, production: str | None, asked: bool
) -> None:
    assert carried(name, default, "development") == development
    assert carried(name, default, "staging") == carried(name, default, "production") == production
    assert only_local(name, default) is asked


@pytest.mark.parametrize(
    ("name", "default", "expected"),
    [("HOST", "localhost", "0.0.0.0"), ("SERVER_HOST", "127.0.0.1", "0.0.0.0"), ("MAIL_HOST", "127.0.0.1", None),
     ("DB_HOST", "localhost", None), ("HOST", "example.org", None), ("PORT", "3000", "8080"), ("HOST", None, None)],
)  # fmt: skip
def test_what_a_container_listens_on(name: str, default: str | None, expected: str | None) -> None:
    assert fixed(name, default, 8080) == expected


@pytest.mark.parametrize(
    ("name", "secret"),
    [("DB_CACHE_CONNECTION", False), ("AUTH_PASSWORD_TIMEOUT", False), ("JWT_TOKEN_PREFIX", False), ("DATABASE_URL", True),
     ("SLACK_WEBHOOK_URL", True), ("RAILS_MASTER_KEY", True), ("DB_CONNECTION_STRING", True), ("TOKEN_URL", False),
     ("PASSWORD_RESET_TOKEN_TABLE", False), ("DB_PASSWORD", True), ("NEXT_PUBLIC_API_KEY", False)],
)  # fmt: skip
def test_a_name_says_whether_it_is_secret(name: str, secret: bool) -> None:
    assert is_secret(name) is secret


@pytest.mark.parametrize(
    ("name", "own"),
    [("SECRET_KEY", True), ("APP_KEY", True), ("CONDUIT_SECRET", True), ("JWT_SECRET", True), ("PUSHER_APP_KEY", False),
     ("MAILGUN_SECRET", False), ("SES_SECRET", False), ("STRIPE_SECRET_KEY", False), ("PROCESSES_SECRET", True)],
)  # fmt: skip
def test_whose_secret_it_is(name: str, own: bool) -> None:
    assert is_own_secret(name) is own


def test_a_cloud_refers_to_a_secret_without_need_only_where_that_is_said(
    everything: dict[tuple[str, str], Made],
) -> None:
    # A container that refers to a secret without a value does not start.
    for cloud in ("aws", "google", "azure"):
        root = everything["loud", cloud].root / "infra/terraform"
        [app] = everything["loud", cloud].apps
        name = f"{app.name.replace('-', '_')}_optional_secrets"
        [declared] = [each for each in hcl.read((root / "variables.tf").read_text()) if each.labels == (name,)]
        [local] = [each for each in hcl.read((root / "main.tf").read_text()) if each.kind == "locals"]
        assert declared.value("default") == [] and set(local.value(name)) == {"STRIPE_API_KEY"} | (
            {"REDIS_PASSWORD"} if cloud == "azure" else set()
        )
        assert "STRIPE_API_KEY" in (root / "environments/production.tfvars.example").read_text()
    deployment = (everything["loud", "kustomize"].root / "k8s/base/deployment.yaml").read_text()
    assert re.search(r"key: STRIPE_API_KEY\n\s+optional: true", deployment)
    assert not re.search(r"key: SECRET_KEY\n\s+optional: true", deployment)


def test_what_is_needed_where() -> None:
    entry = Entry("a", "X", (), secret=False, default=None, required=False, when="run", service="")
    assert entry.needed == () and entry.told("production") == "may be left out"
    required = Entry("a", "X", (), secret=False, default=None, required=True, when="run", service="")
    assert required.needed == ("development", "staging", "production")
    database = Entry("a", "DATABASE_URL", (), secret=True, default=None, required=True, when="run", service="postgres")
    assert database.needed == ("staging", "production") and database.told("development") == "set by Compose"
    others = Entry("a", "STRIPE_API_KEY", (), secret=True, default=None, required=False, when="run", service="")
    assert others.needed == () and others.told("production") == "where it is used"
    bundled = Entry("a", "VITE_X", (), secret=False, default=None, required=False, when="build", service="")
    assert bundled.needed == () and bundled.told("production") == "written into the image"
