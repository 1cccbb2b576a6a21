"""List prices, on demand, in US dollars: a small table to tell tens from thousands, not a quote.

Rounded public list prices of each cloud's cheapest large American region (AWS us-east-1, Google us-central1, Azure East
US), Linux, without discounts, free tiers, traffic or taxes. Each row has its source and the month it is of.
"""

from __future__ import annotations

from dataclasses import dataclass

from boringops_tools.patterns import lazy_pattern

HOURS = 730
"""Hours of a month, as the clouds count."""
AS_OF = "2025-06"


@dataclass(frozen=True)
class Price:
    usd: float
    per: str
    """`hour`, `month`, or `GB-month`."""
    source: str
    as_of: str = AS_OF


def _sizes(family: str, large: float) -> dict[str, float]:
    """The sizes of an AWS instance family: each costs twice the one below it."""
    steps = {
        "nano": 1 / 16,
        "micro": 1 / 8,
        "small": 1 / 4,
        "medium": 1 / 2,
        "large": 1,
        "xlarge": 2,
        "2xlarge": 4,
        "4xlarge": 8,
    }
    steps |= {"8xlarge": 16, "12xlarge": 24, "16xlarge": 32, "24xlarge": 48}
    return {f"{family}.{size}": large * step for size, step in steps.items()}


def _rows(source: str, per: str, *tables: dict[str, float]) -> dict[str, Price]:
    return {name: Price(usd, per, source) for table in tables for name, usd in table.items()}


def _aws(prefix: str, source: str, families: dict[str, float]) -> dict[str, Price]:
    return _rows(source, "hour", *(_sizes(f"{prefix}{family}", large) for family, large in families.items()))


INSTANCES: dict[str, Price] = {
    **_aws("", "Amazon EC2 On-Demand Pricing", {
        "t2": 0.0928, "t3": 0.0832, "t3a": 0.0752, "t4g": 0.0672, "m5": 0.096, "m6i": 0.096, "m6a": 0.0864, "m6g": 0.077,
        "m7i": 0.1008, "m7g": 0.0816, "c5": 0.085, "c6i": 0.085, "c6g": 0.068, "c7i": 0.0893, "c7g": 0.0725, "r5": 0.126,
        "r6i": 0.126, "r6g": 0.1008, "r7g": 0.1071,
    }),
    **_rows("Google Compute Engine VM instance pricing", "hour", {
        "e2-micro": 0.0084, "e2-small": 0.0168, "e2-medium": 0.0335, "e2-standard-2": 0.067, "e2-standard-4": 0.134,
        "e2-standard-8": 0.268, "n1-standard-1": 0.0475, "n1-standard-2": 0.095, "n1-standard-4": 0.19, "n2-standard-2": 0.0971,
        "n2-standard-4": 0.1942, "n2-standard-8": 0.3885, "n2d-standard-2": 0.0845, "n2d-standard-4": 0.169,
    }),
    **_rows("Azure Linux Virtual Machines Pricing", "hour", {
        "Standard_B1s": 0.0104, "Standard_B1ms": 0.0207, "Standard_B2s": 0.0416, "Standard_B2ms": 0.0832, "Standard_B4ms": 0.166,
        "Standard_D2s_v3": 0.096, "Standard_D4s_v3": 0.192, "Standard_D2s_v5": 0.096, "Standard_D4s_v5": 0.192,
        "Standard_D8s_v5": 0.384, "Standard_DS2_v2": 0.146, "Standard_E2s_v5": 0.126, "Standard_F2s_v2": 0.0846,
    }),
}  # fmt: skip
DATABASES: dict[str, Price] = {
    **_aws("db.", "Amazon RDS Pricing", {
        "t3": 0.145, "t4g": 0.129, "m5": 0.178, "m6i": 0.178, "m6g": 0.159, "m7g": 0.168, "r5": 0.25, "r6i": 0.25, "r6g": 0.225,
        "r7g": 0.239,
    }),
    **_rows("Cloud SQL pricing", "hour", {"db-f1-micro": 0.0105, "db-g1-small": 0.035}),
    **_rows("Azure Database for PostgreSQL pricing", "hour", {
        "B_Standard_B1ms": 0.017, "B_Standard_B2s": 0.068, "GP_Standard_D2s_v3": 0.178, "GP_Standard_D4s_v3": 0.356,
        "GP_Standard_D2ds_v4": 0.178, "GP_Standard_D4ds_v4": 0.356,
    }),
}  # fmt: skip
CACHES = _aws("cache.", "Amazon ElastiCache Pricing", {"t3": 0.136, "t4g": 0.13, "m5": 0.156, "m6g": 0.149, "r5": 0.216, "r6g": 0.206, "r7g": 0.219})  # fmt: skip
DISKS: dict[str, Price] = {
    **_rows("Amazon EBS pricing", "GB-month", {"gp3": 0.08, "gp2": 0.10, "io1": 0.125, "io2": 0.125, "st1": 0.045, "sc1": 0.015}),
    **_rows("Google Cloud disk pricing", "GB-month", {"pd-standard": 0.04, "pd-balanced": 0.10, "pd-ssd": 0.17}),
    **_rows("Azure Managed Disks pricing", "GB-month", {"Standard_LRS": 0.05, "StandardSSD_LRS": 0.075, "Premium_LRS": 0.135}),
}  # fmt: skip
DATABASE_GB = Price(0.115, "GB-month", "Amazon RDS Pricing")
FARGATE_CPU = Price(0.04048, "hour", "AWS Fargate Pricing")
FARGATE_GB = Price(0.004445, "hour", "AWS Fargate Pricing")
SQL_CPU = Price(0.0413, "hour", "Cloud SQL pricing")
SQL_GB = Price(0.007, "hour", "Cloud SQL pricing")
FIXED: dict[str, Price] = {
    **_rows("Amazon VPC Pricing", "hour", {"aws_nat_gateway": 0.045, "aws_eip": 0.005, "aws_vpc_endpoint:Interface": 0.01, "aws_ec2_transit_gateway_vpc_attachment": 0.05, "aws_vpn_connection": 0.05}),
    **_rows("Elastic Load Balancing pricing", "hour", {"aws_lb": 0.0225, "aws_alb": 0.0225, "aws_elb": 0.025}),
    **_rows("Amazon EKS pricing", "hour", {"aws_eks_cluster": 0.10}),
    **_rows("AWS Key Management Service pricing", "month", {"aws_kms_key": 1.0}),
    **_rows("AWS Secrets Manager pricing", "month", {"aws_secretsmanager_secret": 0.40}),
    **_rows("Amazon Route 53 pricing", "month", {"aws_route53_zone": 0.50}),
    **_rows("Amazon CloudWatch Pricing", "month", {"aws_cloudwatch_metric_alarm": 0.10, "aws_cloudwatch_dashboard": 3.0}),
    **_rows("AWS WAF Pricing", "month", {"aws_wafv2_web_acl": 5.0}),
    **_rows("Google Kubernetes Engine pricing", "hour", {"google_container_cluster": 0.10}),
    **_rows("Google Cloud networking pricing", "hour", {"google_compute_forwarding_rule": 0.025, "google_compute_global_forwarding_rule": 0.025}),
    **_rows("Azure networking pricing", "hour", {"azurerm_lb": 0.025, "azurerm_nat_gateway": 0.045, "azurerm_public_ip": 0.005, "azurerm_application_gateway": 0.246}),
}  # fmt: skip
# Paid by what goes through or lies in them: no configuration says how much.
BY_USE = lazy_pattern(
    r"aws_(?:s3_bucket|lambda_function|dynamodb_table|sqs_queue|sns_topic|cloudfront_distribution|efs_file_system|ecr_repository|"
    r"cloudwatch_log_group|api_gateway_rest_api|apigatewayv2_api|kinesis_stream|athena_workgroup|backup_vault)|"
    r"google_(?:storage_bucket|cloud_run_service|cloud_run_v2_service|cloudfunctions2?_function|pubsub_topic|bigquery_dataset|"
    r"artifact_registry_repository|compute_router_nat|firestore_database)|"
    r"azurerm_(?:storage_account|container_app|linux_function_app|log_analytics_workspace|key_vault|container_registry|cosmosdb_account)"
)
# Of these nothing is known, although they cost: they are named as not priced. What is in no list costs nothing by itself.
UNPRICED = lazy_pattern(
    r"aws_(?:autoscaling_group|eks_fargate_profile|opensearch_domain|elasticsearch_domain|msk_cluster|mq_broker|redshift_cluster|"
    r"docdb_cluster_instance|neptune_cluster_instance|fsx_\w+|globalaccelerator_accelerator|directory_service_directory|"
    r"networkfirewall_firewall|emr_cluster|sagemaker_\w+|memorydb_cluster|dx_connection|workspaces_workspace|lightsail_instance)|"
    r"google_(?:redis_instance|spanner_instance|bigtable_instance|filestore_instance|alloydb_instance|composer_environment|vpn_tunnel)|"
    r"azurerm_(?:redis_cache|service_plan|mssql_database|firewall|bastion_host|virtual_network_gateway|mysql_flexible_server|frontdoor|"
    r"cdn_frontdoor_profile|eventhub_namespace|servicebus_namespace|kusto_cluster)"
)
