"""Terraform on AWS: an ECS service, its task and its target group, which the provider's schema sees one by one."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.checks.base import MOST_SIBLINGS, Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import Block, Expression, decoded, read

# vCPU units: (least, most, step) of memory in MiB that Fargate has with them, by the ECS developer guide.
_SIZES = {
    256: (512, 2048, 0), 512: (1024, 4096, 1024), 1024: (2048, 8192, 1024), 2048: (4096, 16384, 1024),
    4096: (8192, 30720, 1024), 8192: (16384, 61440, 4096), 16384: (32768, 122880, 8192),
}  # fmt: skip
_REFERENCE = lazy_pattern(r"(?<![\w.])(\w+)\.([\w-]+)\.(?:arn|id|family|name|arn_without_revision)\b")


def is_terraform(path: str) -> bool:
    return path.endswith((".tf", ".tofu"))


def module(files: Files, path: str) -> list[Block]:
    """The blocks of all files of a directory, which Terraform reads as one; none where there are too many."""
    found: list[Block] = files.once(_module, PurePosixPath(path).parent.as_posix())
    return found


def _module(files: Files, folder: str) -> list[Block]:
    paths = [each for each in files.siblings(f"{folder}/x") if is_terraform(each)]
    return [] if len(paths) > MOST_SIBLINGS else [block for each in paths for block in read(files.text(each))]


def resources(blocks: Sequence[Block], kind: str) -> Iterator[Block]:
    yield from (each for each in blocks if each.kind == "resource" and len(each.labels) == 2 and each.labels[0] == kind)


def referred(blocks: Sequence[Block], value: Any, kind: str) -> Block | None:
    """The resource of a kind that an attribute's value names."""
    match = _REFERENCE.search(value.text) if isinstance(value, Expression) else None
    if match is None or match[1] != kind:
        return None
    return next((each for each in resources(blocks, kind) if each.labels[1] == match[2]), None)


def whole(value: Any) -> int | None:
    """A number that is written out, in quotes or without."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return int(value) if str(value).isdigit() else None


def definitions(task: Block) -> list[Mapping[str, Any]] | None:
    """The containers of a task definition; null where they are not written out as a list."""
    value = decoded(task.value("container_definitions"))
    if not isinstance(value, list) or not value or not all(isinstance(each, Mapping) for each in value):
        return None
    return value


def _on_fargate(task: Block) -> bool:
    kinds = task.value("requires_compatibilities")
    return isinstance(kinds, list) and kinds == ["FARGATE"]


def _sizes(files: Files, path: str) -> Iterator[Hit]:
    for task in resources(read(files.text(path)), "aws_ecs_task_definition"):
        cpu, memory = whole(task.value("cpu")), whole(task.value("memory"))
        if not _on_fargate(task) or cpu is None or memory is None:
            continue
        least, most, step = _SIZES.get(cpu, (0, -1, 0))
        fits = memory in (512, 1024, 2048) if cpu == 256 else least <= memory <= most and memory % max(step, 1) == 0
        if not fits:
            known = f"{least} to {most} MiB" if cpu in _SIZES else f"with {', '.join(map(str, _SIZES))} units of CPU"
            yield Hit(
                task.line_of("memory"), f"Fargate has no task of {cpu} units of CPU and {memory} MiB: there are {known}"
            )


def _networks(files: Files, path: str) -> Iterator[Hit]:
    for task in resources(read(files.text(path)), "aws_ecs_task_definition"):
        mode = task.value("network_mode")
        if _on_fargate(task) and (mode is None or isinstance(mode, str)) and mode != "awsvpc":
            yield Hit(
                task.line_of("network_mode"), f"a task on Fargate has the network mode awsvpc, not {mode or 'bridge'}"
            )


def _balancers(files: Files, path: str) -> Iterator[Hit]:
    """Services whose balancer sends to a container, a port or a kind of target that their task does not have."""
    for service in resources(read(files.text(path)), "aws_ecs_service"):
        blocks = module(files, path)
        task = referred(blocks, service.value("task_definition"), "aws_ecs_task_definition")
        containers = definitions(task) if task else None
        for balancer in service.inner("load_balancer") if task else ():
            name, known = balancer.value("container_name"), {each.get("name"): each for each in containers or ()}
            literal = bool(known) and all(isinstance(each, str) for each in known)
            if literal and isinstance(name, str) and name not in known:
                yield Hit(
                    balancer.line_of("container_name"),
                    f"the task has no container `{name}`; it has {', '.join(sorted(map(str, known)))}",
                )
            ports = known[name].get("portMappings") if literal and isinstance(name, str) and name in known else None
            listed = (
                {each.get("containerPort") for each in ports if isinstance(each, Mapping)}
                if isinstance(ports, list)
                else set()
            )
            port = whole(balancer.value("container_port"))
            if port is not None and listed and all(isinstance(each, int) for each in listed) and port not in listed:
                yield Hit(
                    balancer.line_of("container_port"),
                    f"the container `{name}` has port {', '.join(sorted(map(str, listed)))}, not {port}",
                )
            group = referred(blocks, balancer.value("target_group_arn"), "aws_lb_target_group")
            kind = group.value("target_type") if group else None
            if (
                group
                and task
                and task.value("network_mode") == "awsvpc"
                and (kind is None or isinstance(kind, str))
                and kind != "ip"
            ):
                yield Hit(
                    balancer.line_of("target_group_arn"),
                    f"tasks in awsvpc are registered by address: the target group `{group.labels[1]}` takes `{kind or 'instance'}`",
                )


def _checks(files: Files, path: str) -> Iterator[Hit]:
    for group in resources(read(files.text(path)), "aws_lb_target_group"):
        for check in group.inner("health_check"):
            interval = whole(check.value("interval")) if "interval" in check.attributes else 30
            timeout = whole(check.value("timeout"))
            if interval and timeout and timeout >= interval:
                yield Hit(
                    check.line_of("timeout"), f"the health check waits {timeout} s and is made every {interval} s"
                )


_DOC = "Documentation of the AWS provider"
_T = 'resource "aws_ecs_task_definition" "a" {{\n  requires_compatibilities = ["FARGATE"]\n  network_mode = "{mode}"\n  cpu = 512\n  memory = {memory}\n  container_definitions = jsonencode([{{ name = "web", image = "a/b:1", portMappings = [{{ containerPort = 8080 }}] }}])\n}}\n'
_S = 'resource "aws_ecs_service" "a" {{\n  task_definition = aws_ecs_task_definition.a.arn\n  load_balancer {{\n    target_group_arn = aws_lb_target_group.a.arn\n    container_name = {name}\n    container_port = {port}\n  }}\n}}\nresource "aws_lb_target_group" "a" {{\n  target_type = "{kind}"\n  health_check {{\n    interval = 10\n    timeout = {timeout}\n  }}\n}}\n'


def _a(
    *,
    mode: str = "awsvpc",
    memory: Any = 1024,
    name: str = '"web"',
    port: Any = 8080,
    kind: str = "ip",
    timeout: int = 5,
) -> dict[str, str]:
    return {
        "task.tf": _T.format(mode=mode, memory=memory),
        "main.tf": _S.format(name=name, port=port, kind=kind, timeout=timeout),
    }


RULES = (
    Rule("terraform/fargate-size", "error", "AWS refuses the task: take a size that Fargate has.", "Amazon ECS developer guide, Task CPU and memory on Fargate.", is_terraform, _sizes,
         bad=(_a(memory=512), _a(memory=1500)), good=(_a(), _a(memory='"2048"'), _a(memory="var.memory"))),
    Rule("terraform/fargate-network", "error", "AWS refuses the task: set network_mode to awsvpc.", "Amazon ECS developer guide: tasks on Fargate need the network mode awsvpc.", is_terraform, _networks,
         bad=(_a(mode="bridge"),), good=(_a(), {"a.tf": _T.format(mode="bridge", memory=1).replace('["FARGATE"]', '["EC2"]')})),
    Rule("terraform/ecs-balancer", "error", "AWS refuses the service: name the container and its port, and a target group of target type ip.", f"{_DOC}, aws_ecs_service: load_balancer names a container of the task and its port.", is_terraform, _balancers,
         bad=(_a(name='"app"'), _a(port=80), _a(kind="instance")), good=(_a(), _a(name="local.name", port="var.port"), {"main.tf": _S.format(name='"x"', port=1, kind="instance", timeout=1)})),
    Rule("terraform/target-timeout", "error", "AWS refuses the target group: wait for less than the interval.", f"{_DOC}, aws_lb_target_group: the timeout is less than the interval.", is_terraform, _checks,
         bad=(_a(timeout=30), _a(timeout=10)), good=(_a(),)),
)  # fmt: skip
