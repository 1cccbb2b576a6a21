"""Saved plans reviewed: what would be destroyed first, and most of all what holds data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from boringops.facts import Finding, Severity, Validation
from boringops_tools.checks.base import Files
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import read as read_hcl
from boringops_tools.terraform.plan_file import Change, NoPlan, SavedPlan, is_plan
from boringops_tools.terraform.plan_file import read as read_plan
from boringops_tools.validators.base import clean, shown

TOOL = "terraform plan"
HOW = "run `terraform plan -out=x.tfplan` where its credentials are, then `boringops check x.tfplan`"
_SOURCE = "boringops"
_MOST = 200
# Resources whose destruction takes data with it that nothing brings back.
HOLDS_DATA = lazy_pattern(
    r"aws_(?:db_instance|rds_cluster|rds_global_cluster|dynamodb_table|s3_bucket|ebs_volume|efs_file_system|fsx_\w+_system|kms_key|"
    r"elasticache_(?:cluster|replication_group)|memorydb_cluster|redshift_cluster|docdb_cluster|neptune_cluster|opensearch_domain|"
    r"elasticsearch_domain|secretsmanager_secret|ssm_parameter|backup_vault|ecr_repository|kinesis_stream|msk_cluster|mq_broker|"
    r"cognito_user_pool|timestreamwrite_\w+|glacier_vault|lightsail_database|ebs_snapshot|db_snapshot)|"
    r"google_(?:sql_database(?:_instance)?|storage_bucket|compute_(?:region_)?disk|kms_(?:key_ring|crypto_key)|spanner_\w+|"
    r"bigquery_(?:dataset|table)|bigtable_(?:instance|table)|firestore_database|filestore_instance|redis_instance|alloydb_\w+|"
    r"secret_manager_secret|artifact_registry_repository|pubsub_topic|project)|"
    r"azurerm_(?:storage_(?:account|container|share|blob|table|queue)|\w*sql\w*_(?:server|database|managed_instance)|"
    r"(?:postgresql|mysql)_flexible_server\w*|cosmosdb_\w+|managed_disk|key_vault(?:_key|_secret)?|redis_cache|"
    r"recovery_services_vault|data_lake_\w+|container_registry|resource_group)|"
    r"kubernetes_(?:persistent_volume(?:_claim)?(?:_v1)?|namespace(?:_v1)?|stateful_set(?:_v1)?)|digitalocean_(?:database_cluster|volume|spaces_bucket)"
)


@dataclass(frozen=True)
class Review:
    validation: list[Validation]
    findings: list[Finding]
    local: frozenset[str]
    """Plans that git ignores: they are where they should be."""


def review(files: Files, paths: Sequence[str]) -> Review:
    """What saved plans among the paths would do; and for Terraform without one, that no plan was reviewed."""
    verdicts: list[Validation] = []
    findings: list[Finding] = []
    terraform = [path for path in paths if path.endswith(".tf")]
    root = files.root
    plans = [path for path in paths if path.endswith((".json", ".tfplan")) or "tfplan" in PurePosixPath(path).name]
    local: list[str] = []
    for path in plans:
        if not (root / path).resolve().is_relative_to(root.resolve()) or not is_plan(root / path):
            continue
        local.append(path)
        try:
            plan = read_plan(root / path)
        except NoPlan as error:
            verdicts.append(Validation(path=shown(path), tool=TOOL, outcome="not_validated", reason=str(error)))
            continue
        found = list(_findings(path, plan, _protected(files)))
        findings += found
        against = sum(each.severity != "info" for each in found)
        verdicts.append(
            Validation(
                path=shown(path),
                tool=TOOL,
                tool_version=clean(plan.terraform),
                outcome="failed" if against else "passed",
                reason=f"{against} finding{'s' if against > 1 else ''}" if against else "",
            )
        )
    missing = roots(files, terraform) if terraform and not local else []
    reason = f"there is no saved plan: {HOW}"
    verdicts += [Validation(path=shown(each), tool=TOOL, outcome="not_validated", reason=reason) for each in missing]
    return Review(verdicts, findings, frozenset(each for each in local if files.ignored(each)))


_SAID = {
    "protection-bypassed": (
        "which is protected by `prevent_destroy`",
        "Do not apply: find out how the protection was lost, and put it back.",
    ),
    "destroys-data": (
        "which holds data",
        "Do not apply before there is a copy that was restored once and somebody has agreed; `moved`, `import` and "
        "`prevent_destroy` keep it.",
    ),
}


def _findings(path: str, plan: SavedPlan, protected: frozenset[tuple[str, ...]]) -> Iterator[Finding]:
    destroyed = sorted((each for each in plan.changes if each.destroys), key=lambda each: (each.replaces, each.address))
    for change in destroyed[:_MOST]:
        verb = "replace" if change.replaces else "destroy"
        kept = change.labels in protected
        rule = "protection-bypassed" if kept else "destroys-data" if HOLDS_DATA.fullmatch(change.type) else f"{verb}s"
        said, hint = _SAID.get(rule, ("", _why(change)))
        message = f"would {verb} `{change.address}`" + (f", {said}" if said else "")
        yield _finding(path, rule, "error" if rule in _SAID else "warning", message, hint)
    if len(destroyed) > _MOST:
        yield _finding(
            path, "destroys", "error", f"would destroy or replace {len(destroyed)} resources; {_MOST} are named"
        )
    if plan.errored:
        yield _finding(
            path, "errored", "error", "the plan ended in an error: it does not show everything", "Plan again."
        )
    counts = Counter("replace" if each.replaces else each.actions[0] for each in plan.changes)
    verbs = ("delete", "replace", "update", "create", "forget")
    said = ", ".join(f"{counts[name]} to {name}" for name in verbs if counts[name])
    yield _finding(path, "summary", "info", f"the plan of Terraform {plan.terraform}: {said or 'no changes'}")


def _why(change: Change) -> str:
    why = f" ({change.reason.replace('_', ' ')})" if change.reason else ""
    return f"Say that this is meant{why}, or change the configuration so that it stays."


def _finding(path: str, rule: str, severity: Severity, message: str, hint: str = "") -> Finding:
    return Finding(
        rule=f"plan/{rule}", severity=severity, path=shown(path), message=clean(message), hint=hint, source=_SOURCE
    )


def _protected(files: Files) -> frozenset[tuple[str, ...]]:
    """Resources with `prevent_destroy`, in the configuration as it is or as it was before the change."""
    found = set()
    for path in (each for each in files.all if each.endswith(".tf")):
        for text in (files.text(path), files.before(path) or ""):
            if "prevent_destroy" not in text:
                continue
            for block in read_hcl(text):
                if block.kind == "resource" and any(
                    each.value("prevent_destroy") is True for each in block.inner("lifecycle")
                ):
                    found.add(block.labels)
    return frozenset(found)


def roots(files: Files, paths: Sequence[str]) -> list[str]:
    """A file of each folder that is applied by itself: one that configures a backend or a provider."""
    found: dict[PurePosixPath, str] = {}
    for path in sorted(paths):
        if "examples" in PurePosixPath(path).parts:
            continue
        for block in read_hcl(files.text(path)):
            configures = block.kind == "provider" and (set(block.attributes) | {each.kind for each in block.blocks}) - {
                "alias"
            }
            backed = block.kind == "terraform" and any(each.kind in ("backend", "cloud") for each in block.blocks)
            if configures or backed:
                found.setdefault(PurePosixPath(path).parent, path)
    return sorted(found.values())
