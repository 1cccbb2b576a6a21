"""Terraform for the cloud that was chosen: one root for every environment, and modules of its own.

One root with a variables file for each environment, not a root each: what differs between staging and production is
then a dozen lines that can be read side by side, and nothing else can differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from boringops_tools.blueprints.cloud import hcl_text, trust
from boringops_tools.blueprints.cloud.workload import CLOUDS, Cloud, Workload, engines, project, tool, workloads
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render
from boringops_tools.blueprints.sections import newline

MARK = "# Drafted from what the repository shows: see docs/deployment.md."
HOMES = ("infra/terraform", "infra/terraform-service")
ENVIRONMENTS = ("staging", "production")
_REGIONS: dict[Cloud, str] = {"aws": "eu-central-1", "google": "europe-west3", "azure": "germanywestcentral"}
_SHAPES: dict[Cloud, str] = {
    "aws": r"[a-z]{2}(-[a-z]+)+-\d",
    "google": r"[a-z]+-[a-z]+\d",
    "azure": r"[a-z]+\d?",
}
BACKENDS: dict[Cloud, str] = {"aws": "s3", "google": "gcs", "azure": "azurerm"}
_BEGIN, _END = "# boringops:begin terraform", "# boringops:end terraform"


@dataclass(frozen=True)
class Database:
    """What differs between the engines, by each cloud's names for it."""

    port: int
    version: str
    family: str
    parameters: tuple[tuple[str, str], ...]
    logs: tuple[str, ...]


_DATABASES = {
    "postgres": Database(
        5432, "17", "postgres17",
        (("rds.force_ssl", "1"), ("log_min_duration_statement", "1000"), ("log_statement", "ddl")),
        ("postgresql", "upgrade"),
    ),
    "mysql": Database(
        3306, "8.4", "mysql8.4",
        (("require_secure_transport", "1"), ("slow_query_log", "1"), ("long_query_time", "1")),
        ("error", "slowquery"),
    ),
}  # fmt: skip
_MODULES: dict[Cloud, dict[str, tuple[str, ...]]] = {
    "aws": {
        "": ("versions", "variables", "main", "edge", "account", "outputs"),
        "network": ("main",),
        "registry": ("main",),
        "service": ("main", "variables", "traffic", "roles"),
        "database": ("main",),
        "cache": ("main",),
        "pipeline": ("main",),
    },
    "azure": {
        "": ("versions", "variables", "main", "shared", "outputs"),
        **dict.fromkeys(("network", "service", "database", "cache", "pipeline"), ("main",)),
    },
    "google": {
        "": ("versions", "variables", "main", "outputs"),
        **dict.fromkeys(("network", "registry", "service", "database", "cache", "pipeline"), ("main",)),
    },
}
"""Files of the root and of each module."""


def chosen(context: Context) -> Cloud | None:
    """The cloud that Terraform is drafted for; None where the task names none, or another tool for it."""
    return CLOUDS.get(context.choices.target or "") if tool(context) == "terraform" else None


def home(context: Context) -> str:
    """Where the configuration is: ours if it is there, else the first folder that nobody else uses."""
    for folder in HOMES:
        there = [path for path in context.tree.files if path.startswith(f"{folder}/") and path.endswith(".tf")]
        if not there or MARK in context.tree.text(f"{folder}/main.tf"):
            return folder
    return HOMES[-1]


def place(context: Context) -> str:
    """The folder of the infrastructure, whichever tool it is written for."""
    asked = tool(context)
    return home(context) if asked == "terraform" else f"infra/{asked.partition('-')[0]}"


def facts(context: Context) -> dict[str, Any]:
    """What the templates of every cloud are filled with."""
    cloud = CLOUDS[context.choices.target or ""]
    works = workloads(context)
    kinds = engines(works)
    engine = next((kind for kind in kinds if kind in _DATABASES), "")
    budget = int(context.choices.budget_usd or 0)
    return {
        "mark": MARK,
        "cloud": cloud,
        "works": works,
        "served": works,
        "parts": [part.ident for work in works for part in work.parts],
        "clients": {kind: _clients(works, kind) for kind in kinds},
        "engine": engine,
        "db": _DATABASES.get(engine),
        "cache": "redis" in kinds,
        "project": project(context),
        "region": region(context),
        "strategy": (context.choices.strategy or "rolling") if tool(context) == "terraform" else "rolling",
        "memory": max((_memory(work) for work in works), default=512),
        "budget": budget or 100,
        "budget_of": {"staging": max(1, (budget or 500) // 5), "production": budget or 400},
        "copy_region": second_region(context),
        "home": home(context),
        "backend": BACKENDS[cloud],
        "trust": trust.of(context, cloud),
    }


def region(context: Context) -> str:
    """The first region that was named as the cloud writes regions, else the usual one."""
    cloud = CLOUDS[context.choices.target or ""]
    named = (each for each in context.choices.regions if re.fullmatch(_SHAPES[cloud], each))
    return next(named, _REGIONS[cloud])


def second_region(context: Context) -> str:
    """The second region that was named as the cloud writes regions: for copies of backups, where recovery is asked for."""
    cloud = CLOUDS.get(context.choices.target or "")
    named = [each for each in context.choices.regions if cloud and re.fullmatch(_SHAPES[cloud], each)]
    return named[1] if "recovery" in context.parts and len(named) > 1 else ""


def has_database(context: Context) -> bool:
    """Whether a database is provisioned."""
    return any(kind in _DATABASES for kind in engines(workloads(context)))


def _clients(works: list[Workload], kind: str) -> list[str]:
    return [
        part.ident
        for work in works
        if any(service.kind == kind for service in work.app.services)
        for part in work.parts
    ]


def _memory(work: Workload) -> int:
    """MiB that the runtime needs to start with room to spare; nothing was measured."""
    return 1024 if work.app.language in {"java", "dotnet", "ruby", "elixir"} or work.app.framework == "nextjs" else 512


def files(context: Context) -> Iterator[DraftFile]:
    """The root, its modules, the environments and the tests."""
    cloud = chosen(context)
    if cloud is None or cloud not in _MODULES or not workloads(context):
        return
    told = facts(context)
    for path, content in _texts(cloud, told):
        if path not in context.tree:
            yield DraftFile(path=path, content=content, why=_why(path))
    yield from _ignored(context, told["home"])


def updated(context: Context) -> set[tuple[str, str]]:
    """Dependabot's entry for the providers."""
    mine = chosen(context) and "deploy" in context.wants and workloads(context)
    return {("terraform", f"/{home(context)}")} if mine else set()


def _texts(cloud: Cloud, told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    folder, templates = told["home"], f"terraform/{cloud}"
    for module, names in _MODULES[cloud].items():
        if (module == "database" and not told["engine"]) or (module == "cache" and not told["cache"]):
            continue
        inner = f"/modules/{module}" if module else ""
        for name in names:
            yield f"{folder}{inner}/{name}.tf", _filled(f"{templates}{inner}/{name}.tf.j2", told)
        if module:
            yield f"{folder}{inner}/versions.tf", _filled(f"{templates}/module_versions.tf.j2", told)
    for name in ENVIRONMENTS:
        each = {**told, "environment": name, "production": name == "production"}
        at = f"{folder}/environments/{name}"
        yield f"{at}.tfvars.example", _filled(f"{templates}/environments/tfvars.j2", each)
        yield f"{at}.{told['backend']}.tfbackend.example", _filled(f"{templates}/environments/backend.j2", each)
    yield f"{folder}/tests/plan.tftest.hcl", _filled(f"{templates}/tests/plan.j2", told)


def _filled(template: str, told: dict[str, Any]) -> str:
    return hcl_text.aligned(render(template, **told))


def _why(path: str) -> str:
    if "/modules/" in path:
        return f"The module {path.split('/modules/')[1].split('/')[0]}."
    if "/environments/" in path:
        return "What makes this environment what it is, with places to fill in."
    return "Tests that run with mocks." if path.endswith(".tftest.hcl") else "The root of every environment."


def _ignored(context: Context, folder: str) -> Iterator[DraftFile]:
    """.gitignore with what Terraform leaves behind, in a section of ours."""
    lines = [
        "# State, plans and values typed in by hand. The environments' own values hold no secret and are kept.",
        ".terraform/", "*.tfstate", "*.tfstate.*", "*.tfplan", "*.plan", "*.tfvars", f"!/{folder}/environments/*.tfvars",
        "crash.log", "crash.*.log",
    ]  # fmt: skip
    path = ".gitignore"
    there = path in context.tree
    before = (context.tree.root / path).read_bytes().decode("utf-8", errors="surrogateescape") if there else ""
    end = newline(before)
    text = before.replace("\r\n", "\n")
    block = "\n".join([_BEGIN, *lines, _END])
    marked = re.compile(rf"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
    if marked.search(text):
        text = marked.sub(lambda _: block, text, count=1)
    else:
        text = (f"{text.rstrip()}\n\n" if text.strip() else "") + f"{block}\n"
    after = text.replace("\n", end)
    if after != before:
        yield DraftFile(
            path=path, content=after, action="change" if there else "create", why="State and plans stay out of git."
        )
