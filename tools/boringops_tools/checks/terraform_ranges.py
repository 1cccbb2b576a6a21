"""Terraform: numbers outside of what a service takes, and numbers of which one has to be above the other."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.terraform_ecs import is_terraform
from boringops_tools.checks.terraform_inside import number, parts
from boringops_tools.red_flags.hcl import read

# (resource or block in it, argument): the least and the most that the provider or the service takes.
_RANGES: dict[tuple[str, str], tuple[float, float]] = {
    ("aws_lambda_function", "memory_size"): (128, 10240),
    ("aws_lambda_function", "timeout"): (1, 900),
    ("aws_lambda_function/ephemeral_storage", "size"): (512, 10240),
    ("aws_kms_key", "deletion_window_in_days"): (7, 30),
    ("aws_sqs_queue", "visibility_timeout_seconds"): (0, 43200),
    ("aws_sqs_queue", "message_retention_seconds"): (60, 1209600),
    ("aws_sqs_queue", "delay_seconds"): (0, 900),
    ("aws_sqs_queue", "receive_wait_time_seconds"): (0, 20),
    ("aws_db_instance", "backup_retention_period"): (0, 35),
    ("aws_rds_cluster", "backup_retention_period"): (1, 35),
    ("aws_iam_role", "max_session_duration"): (3600, 43200),
    ("aws_lb_target_group/health_check", "interval"): (5, 300),
    ("aws_lb_target_group/health_check", "timeout"): (2, 120),
    ("aws_lb_target_group/health_check", "healthy_threshold"): (2, 10),
    ("aws_lb_target_group/health_check", "unhealthy_threshold"): (2, 10),
    ("azurerm_key_vault", "soft_delete_retention_days"): (7, 90),
    ("azurerm_monitor_metric_alert", "severity"): (0, 4),
    ("azurerm_postgresql_flexible_server", "backup_retention_days"): (7, 35),
    ("azurerm_mysql_flexible_server", "backup_retention_days"): (1, 35),
    ("azurerm_storage_account/delete_retention_policy", "days"): (1, 365),
    ("azurerm_storage_account/container_delete_retention_policy", "days"): (1, 365),
    ("azurerm_linux_web_app/site_config", "health_check_eviction_time_in_min"): (2, 10),
    ("azurerm_windows_web_app/site_config", "health_check_eviction_time_in_min"): (2, 10),
    ("azurerm_mssql_database/short_term_retention_policy", "retention_days"): (1, 35),
    ("google_pubsub_subscription", "ack_deadline_seconds"): (10, 600),
    ("google_pubsub_subscription/dead_letter_policy", "max_delivery_attempts"): (5, 100),
    ("google_compute_subnetwork/log_config", "flow_sampling"): (0, 1),
    ("google_cloudfunctions2_function/service_config", "timeout_seconds"): (1, 3600),
    ("google_cloudfunctions_function", "timeout"): (1, 540),
}  # fmt: skip
# (resource or block in it, argument): all numbers that it takes.
_DAYS = (0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
_CHOICES: dict[tuple[str, str], tuple[int, ...]] = {
    ("aws_cloudwatch_log_group", "retention_in_days"): _DAYS,
    ("azurerm_postgresql_flexible_server", "storage_mb"): (*(32768 * 2**each for each in range(11)), 4193280, 33553408),
    ("aws_db_instance", "monitoring_interval"): (0, 1, 5, 10, 15, 30, 60),
}  # fmt: skip
# The block that has both, and the argument that is not above the other.
_ORDER: tuple[tuple[str, str, str], ...] = (
    ("google_cloud_run_v2_service/scaling", "min_instance_count", "max_instance_count"),
    ("google_cloudfunctions2_function/service_config", "min_instance_count", "max_instance_count"),
    ("google_container_node_pool/autoscaling", "min_node_count", "max_node_count"),
    ("google_container_node_pool/autoscaling", "total_min_node_count", "total_max_node_count"),
    ("azurerm_kubernetes_cluster/default_node_pool", "min_count", "max_count"),
    ("azurerm_kubernetes_cluster_node_pool", "min_count", "max_count"),
    ("azurerm_container_app/template", "min_replicas", "max_replicas"),
    ("aws_autoscaling_group", "min_size", "max_size"),
    ("aws_autoscaling_group", "min_size", "desired_capacity"),
    ("aws_autoscaling_group", "desired_capacity", "max_size"),
    ("aws_eks_node_group/scaling_config", "min_size", "max_size"),
    ("aws_eks_node_group/scaling_config", "min_size", "desired_size"),
    ("aws_eks_node_group/scaling_config", "desired_size", "max_size"),
    ("aws_appautoscaling_target", "min_capacity", "max_capacity"),
    ("aws_rds_cluster/serverlessv2_scaling_configuration", "min_capacity", "max_capacity"),
    ("aws_db_instance", "allocated_storage", "max_allocated_storage"),
)


def _ranges(files: Files, path: str) -> Iterator[Hit]:
    for block in read(files.text(path)):
        for kind, inner in parts(block):
            for name, attribute in inner.attributes.items():
                value = number(attribute.value)
                if value is None:
                    continue
                low, high = _RANGES.get((kind, name), (value, value))
                choices = _CHOICES.get((kind, name), ())
                if not low <= value <= high:
                    yield Hit(
                        attribute.line, f"{block.labels[0]} takes a `{name}` from {low:g} to {high:g}, not {value:g}"
                    )
                elif choices and value not in choices:
                    near = sorted(sorted(choices, key=lambda each: abs(each - value))[:2])
                    yield Hit(
                        attribute.line,
                        f"{block.labels[0]} takes no `{name}` of {value:g}; near it are {near[0]} and {near[1]}",
                    )


def _order(files: Files, path: str) -> Iterator[Hit]:
    for block in read(files.text(path)):
        for kind, inner in parts(block):
            for where, low, high in _ORDER if inner.attributes else ():
                if where != kind:
                    continue
                first, last = number(inner.value(low)), number(inner.value(high))
                if (
                    first is not None
                    and last is not None
                    and first > last
                    and (last, high) != (0, "max_allocated_storage")
                ):
                    yield Hit(inner.line_of(low), f"`{low}` is {first:g}, above `{high}`, which is {last:g}")


def _a(kind: str, body: str) -> dict[str, str]:
    return {"main.tf": f'resource "{kind}" "a" {{\n{body}\n}}\n'}


_POOL = "  autoscaling {{\n    min_node_count = {}\n    max_node_count = {}\n  }}"

RULES = (
    Rule("terraform/range", "error", "The service refuses it: take a number that it has.", "Documentation of the AWS, Azure and Google providers, and the services' quotas: the argument has a least and a most.", is_terraform, _ranges,
         bad=(_a("aws_lambda_function", "  timeout = 1800"), _a("aws_cloudwatch_log_group", "  retention_in_days = 45"), _a("azurerm_key_vault", "  soft_delete_retention_days = 3"), _a("google_compute_subnetwork", "  log_config {\n    flow_sampling = 50\n  }")),
         good=(_a("aws_lambda_function", "  timeout = 900"), _a("aws_lambda_function", "  timeout = var.timeout"), _a("aws_cloudwatch_log_group", "  retention_in_days = 90"), _a("google_compute_subnetwork", "  log_config {\n    flow_sampling = 0.5\n  }"))),
    Rule("terraform/order", "error", "The service refuses it: the least is not above the most.", "Documentation of the AWS, Azure and Google providers: the least number is at most the greatest.", is_terraform, _order,
         bad=(_a("google_container_node_pool", _POOL.format(5, 1)), _a("aws_autoscaling_group", "  min_size = 4\n  max_size = 2")),
         good=(_a("google_container_node_pool", _POOL.format(1, 5)), _a("google_container_node_pool", _POOL.format("var.least", 1)), _a("aws_db_instance", "  allocated_storage = 50\n  max_allocated_storage = 0"))),
)  # fmt: skip
