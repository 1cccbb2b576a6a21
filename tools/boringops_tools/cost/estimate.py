"""What a Terraform configuration costs a month by list prices: an estimate, its date, and what is not in it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from boringops.facts import Finding
from boringops_tools.checks.base import Files
from boringops_tools.cost import prices
from boringops_tools.cost.prices import HOURS, Price
from boringops_tools.cost.values import UNKNOWN, Values
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import Block, read
from boringops_tools.terraform.review import roots
from boringops_tools.validators.base import clean, shown

_DEEPEST = 6
_META = frozenset({"source", "version", "count", "for_each", "providers", "depends_on"})
_NAMED = 6
_CUSTOM = lazy_pattern(r"db-(?:custom|perf-optimized-N)-(\d+)-(\d+)")
_CLASS_AND_SIZE = ("size", "vm_size", "machine_type", "instance_type")


@dataclass
class Estimate:
    lines: dict[str, float] = field(default_factory=dict)
    """Address -> dollars a month."""
    sources: set[str] = field(default_factory=set)
    as_of: set[str] = field(default_factory=set)
    by_use: list[str] = field(default_factory=list)
    unpriced: list[str] = field(default_factory=list)
    guessed: list[str] = field(default_factory=list)
    """Counted once, as how many there will be is not known."""

    @property
    def total(self) -> float:
        return sum(self.lines.values())


def findings(files: Files, paths: Sequence[str]) -> Iterator[Finding]:
    """An estimate for each configuration that is applied by itself and has a file among the paths."""
    for path in roots(files, [each for each in paths if each.endswith(".tf")]):
        made = estimate(files, PurePosixPath(path).parent.as_posix())
        if made.lines or made.by_use or made.unpriced:
            yield Finding(
                rule="cost/estimate", severity="info", path=shown(path), source="boringops", message=clean(sentence(made)),
                hint="An estimate of list prices, not a quote: have it reviewed and approved.",
            )  # fmt: skip


def sentence(made: Estimate) -> str:
    dearest = sorted(made.lines.items(), key=lambda line: -line[1])[:_NAMED]
    parts = [
        f"about ${made.total:,.0f} a month, by approximate list prices of {', '.join(sorted(made.as_of)) or prices.AS_OF}"
    ]
    if dearest:
        rest = f" and {len(made.lines) - len(dearest)} more" if len(made.lines) > len(dearest) else ""
        parts.append(", ".join(f"{name} ${usd:,.0f}" for name, usd in dearest) + rest)
    for said, names in (
        ("by use, not counted", made.by_use),
        ("not priced", made.unpriced),
        ("counted once", made.guessed),
    ):
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            parts.append(f"{said}: {', '.join(names[:_NAMED])}{more}")
    return "; ".join(parts)


def estimate(files: Files, folder: str) -> Estimate:
    made = Estimate()
    _module(files, folder, {}, "", 1, made, 0)
    return made


def _module(
    files: Files, folder: str, given: Mapping[str, Any], prefix: str, times: float, made: Estimate, depth: int
) -> None:
    here = "" if folder == "." else f"{folder}/"
    paths = [each for each in files.siblings(f"{here}x") if each.endswith((".tf", ".tfvars"))]
    blocks = [block for path in paths if path.endswith(".tf") for block in read(files.text(path))]
    variables = {
        each.labels[0]: each.value("default")
        for each in blocks
        if each.kind == "variable" and each.labels and "default" in each.attributes
    }
    for path in paths if not prefix else ():
        if PurePosixPath(path).name == "terraform.tfvars" or path.endswith(".auto.tfvars"):
            top = read(f"settings {{\n{files.text(path)}\n}}\n")
            variables |= {name: each.value for block in top for name, each in block.attributes.items()}
    local = {name: each.value for block in blocks if block.kind == "locals" for name, each in block.attributes.items()}
    values = Values({**variables, **given}, local)
    for block in blocks:
        name = f"{prefix}{'.'.join(block.labels)}"
        if block.kind == "resource" and len(block.labels) == 2:
            if (count := _count(block, values)) is None:
                count = 1.0
                if block.labels[0] in _PRICED or block.labels[0] in prices.FIXED:
                    made.guessed.append(name)
            if count:
                _resource(block, name, values, blocks, count * times, made)
        elif block.kind == "module" and block.labels:
            source = block.value("source")
            count = _count(block, values)
            if not isinstance(source, str) or not source.startswith(("./", "../")) or depth > _DEEPEST:
                made.unpriced.append(f"{prefix}module.{block.labels[0]}")
            elif count != 0:
                passed = {key: each.value for key, each in block.attributes.items() if key not in _META}
                passed = {key: value for key, each in passed.items() if (value := values.of(each)) is not UNKNOWN}
                where = posixpath.normpath(posixpath.join(folder, source))
                if not where.startswith(".."):
                    _module(
                        files,
                        where,
                        passed,
                        f"{prefix}module.{block.labels[0]}.",
                        times * (count or 1),
                        made,
                        depth + 1,
                    )


def _count(block: Block, values: Values) -> float | None:
    """How many there are of a block; null where that is not known."""
    if "count" in block.attributes:
        return values.number(block.value("count"))
    if "for_each" in block.attributes:
        each = values.of(block.value("for_each"))
        return float(len(each)) if isinstance(each, list | dict) else None
    return 1.0


def _resource(block: Block, name: str, values: Values, blocks: list[Block], times: float, made: Estimate) -> None:
    kind = block.labels[0]
    if kind in _PRICED:
        parts = _PRICED[kind](block, values, blocks)
    elif (kind_of := f"{kind}:{values.text(block.value('vpc_endpoint_type'))}") in prices.FIXED:
        parts = [(prices.FIXED[kind_of], 1.0)]
    elif kind in prices.FIXED:
        parts = [(prices.FIXED[kind], 1.0)]
    elif prices.BY_USE.fullmatch(kind):
        made.by_use.append(name)
        return
    elif prices.UNPRICED.fullmatch(kind):
        parts = None
    else:
        return
    if parts is None:
        made.unpriced.append(name)
        return
    made.lines[name] = made.lines.get(name, 0) + times * sum(_monthly(price) * amount for price, amount in parts)
    made.sources |= {price.source for price, _ in parts}
    made.as_of |= {price.as_of for price, _ in parts}


def _monthly(price: Price) -> float:
    return price.usd * (HOURS if price.per == "hour" else 1)


Parts = list[tuple[Price, float]] | None
"""Prices and how much of each; null where it is not known."""


def _instance(block: Block, values: Values, _: list[Block]) -> Parts:
    size = next((found for name in _CLASS_AND_SIZE if (found := values.text(block.value(name)))), "")
    price = prices.INSTANCES.get(size)
    if price is None:
        return None
    disks = [
        (prices.DISKS[values.text(disk.value("volume_type")) or "gp3"], amount)
        for disk in block.inner("root_block_device")
        if (amount := values.number(disk.value("volume_size"))) is not None
        and (values.text(disk.value("volume_type")) or "gp3") in prices.DISKS
    ]
    return [(price, 1.0), *disks]


def _database(block: Block, values: Values, _: list[Block]) -> Parts:
    size = values.text(block.value("instance_class")) or values.text(block.value("sku_name"))
    price = prices.DATABASES.get(size)
    if price is None:
        return None
    copies = 2.0 if values.of(block.value("multi_az")) is True or any(block.inner("high_availability")) else 1.0
    stored = values.number(block.value("allocated_storage")) or (values.number(block.value("storage_mb")) or 0) / 1024
    return [(price, copies), (prices.DATABASE_GB, stored * copies)]


def _cloud_sql(block: Block, values: Values, _: list[Block]) -> Parts:
    for settings in block.inner("settings"):
        tier = values.text(settings.value("tier"))
        copies = 2.0 if values.text(settings.value("availability_type")) == "REGIONAL" else 1.0
        stored = (prices.DISKS["pd-ssd"], (values.number(settings.value("disk_size")) or 10) * copies)
        if tier in prices.DATABASES:
            return [(prices.DATABASES[tier], copies), stored]
        if custom := _CUSTOM.fullmatch(tier):
            return [(prices.SQL_CPU, int(custom[1]) * copies), (prices.SQL_GB, int(custom[2]) / 1024 * copies), stored]
    return None


def _cache(block: Block, values: Values, _: list[Block]) -> Parts:
    price = prices.CACHES.get(values.text(block.value("node_type")))
    nodes = values.number(block.value("num_cache_nodes")) or values.number(block.value("num_cache_clusters")) or 1
    return [(price, nodes)] if price else None


def _disk(block: Block, values: Values, _: list[Block]) -> Parts:
    kind = next(
        (found for name in ("type", "storage_account_type") if (found := values.text(block.value(name)))), "gp3"
    )
    amount = values.number(block.value("size")) or values.number(block.value("disk_size_gb"))
    return [(prices.DISKS[kind], amount)] if kind in prices.DISKS and amount else None


def _nodes(block: Block, values: Values, _: list[Block]) -> Parts:
    """A group of an EKS cluster's, a GKE cluster's or an AKS cluster's nodes, at the size it starts with."""
    kinds = values.of(block.value("instance_types"))
    size = kinds[0] if isinstance(kinds, list) and kinds and isinstance(kinds[0], str) else ""
    for inner in block.inner("node_config"):
        size = values.text(inner.value("machine_type"))
    size = size or values.text(block.value("vm_size"))
    amounts = [values.number(each.value("desired_size")) for each in block.inner("scaling_config")]
    amounts += [values.number(block.value(name)) for name in ("node_count", "initial_node_count")]
    amount = next((each for each in amounts if each is not None), None)
    price = prices.INSTANCES.get(size)
    return [(price, amount)] if price and amount is not None else None


def _aks(block: Block, values: Values, blocks: list[Block]) -> Parts:
    managed = Price(0.10, "hour", "Azure Kubernetes Service pricing")
    paid = [(managed, 1.0)] if values.text(block.value("sku_tier")) == "Standard" else []
    pools = [_nodes(pool, values, blocks) for pool in block.inner("default_node_pool")]
    return None if None in pools else [*paid, *(part for pool in pools if pool for part in pool)]


def _fargate(block: Block, values: Values, blocks: list[Block]) -> Parts:
    """A service's tasks; its size stands in the task definition it names."""
    if values.text(block.value("launch_type")) != "FARGATE" and not any(block.inner("capacity_provider_strategy")):
        return []  # runs on instances that are counted by themselves
    named = re.match(r"aws_ecs_task_definition\.(\w+)", getattr(block.value("task_definition"), "text", ""))
    tasks = values.number(block.value("desired_count"))
    for each in blocks:
        if named and each.labels == ("aws_ecs_task_definition", named[1]):
            cpu, memory = values.number(each.value("cpu")), values.number(each.value("memory"))
            if cpu and memory and tasks is not None:
                return [(prices.FARGATE_CPU, cpu / 1024 * tasks), (prices.FARGATE_GB, memory / 1024 * tasks)]
    return None


_PRICED: dict[str, Callable[[Block, Values, list[Block]], Parts]] = {
    "aws_instance": _instance, "google_compute_instance": _instance, "azurerm_linux_virtual_machine": _instance,
    "aws_db_instance": _database, "aws_rds_cluster_instance": _database, "azurerm_postgresql_flexible_server": _database,
    "google_sql_database_instance": _cloud_sql, "aws_elasticache_cluster": _cache, "aws_elasticache_replication_group": _cache,
    "aws_ebs_volume": _disk, "google_compute_disk": _disk, "azurerm_managed_disk": _disk, "aws_eks_node_group": _nodes,
    "google_container_node_pool": _nodes, "azurerm_kubernetes_cluster_node_pool": _nodes, "azurerm_kubernetes_cluster": _aks,
    "aws_ecs_service": _fargate,
}  # fmt: skip
