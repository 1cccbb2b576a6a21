"""What Terraform calls the resources of Pulumi: its providers are made of Terraform's, with the names written otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from boringops_tools.patterns import lazy_pattern

_PREFIXES = {"gcp": "google", "azure": "azurerm", "azure-native": "azurerm"}
_GENERATION = lazy_pattern(r"(?:V2|Legacy)$")
# package: its modules that Terraform leaves out of the name, or calls otherwise.
_MODULES: dict[str, dict[str, str]] = {
    "aws": {
        "ec2": "", "alb": "lb", "applicationloadbalancing": "lb", "elasticloadbalancingv2": "lb",
        "cfg": "config", "apigateway": "api_gateway", "servicediscovery": "service_discovery",
    },
    "gcp": {
        "cloudrun": "cloud_run", "cloudrunv2": "cloud_run_v2", "secretmanager": "secret_manager", "serviceaccount": "service_account",
        "projects": "project", "organizations": "organization", "artifactregistry": "artifact_registry",
        "cloudfunctionsv2": "cloudfunctions2",
    },
}  # fmt: skip
TYPES = {
    "aws:rds:Instance": "aws_db_instance", "aws:rds:SubnetGroup": "aws_db_subnet_group", "aws:lb:LoadBalancer": "aws_lb",
    "aws:alb:LoadBalancer": "aws_lb", "aws:elb:LoadBalancer": "aws_elb", "gcp:serviceaccount:Account": "google_service_account",
    "azure:storage:Account": "azurerm_storage_account", "azure:storage:Container": "azurerm_storage_container",
    "azure:authorization:Assignment": "azurerm_role_assignment", "azure:redis:Cache": "azurerm_redis_cache",
    "azure:containerservice:Registry": "azurerm_container_registry", "azure:cosmosdb:Account": "azurerm_cosmosdb_account",
    "azure:mssql:Server": "azurerm_mssql_server", "azure:mssql:FirewallRule": "azurerm_mssql_firewall_rule",
    "azure:postgresql:FlexibleServer": "azurerm_postgresql_flexible_server",
    "azure:postgresql:FlexibleServerFirewallRule": "azurerm_postgresql_flexible_server_firewall_rule",
    "azure-native:storage:StorageAccount": "azurerm_storage_account", "azure-native:storage:BlobContainer": "azurerm_storage_container",
    "azure-native:network:SecurityRule": "azurerm_network_security_rule", "azure-native:keyvault:Vault": "azurerm_key_vault",
    "azure-native:sql:Server": "azurerm_mssql_server", "azure-native:sql:FirewallRule": "azurerm_mssql_firewall_rule",
    "azure-native:dbforpostgresql:FirewallRule": "azurerm_postgresql_flexible_server_firewall_rule",
    "azure-native:cache:Redis": "azurerm_redis_cache", "azure-native:web:WebApp": "azurerm_linux_web_app",
    "azure-native:containerservice:ManagedCluster": "azurerm_kubernetes_cluster",
    "azure-native:containerregistry:Registry": "azurerm_container_registry",
}  # fmt: skip
# Arguments of Azure's own interface, by what the provider of Terraform made of them.
_NATIVE = {
    "allowBlobPublicAccess": "allow_nested_items_to_be_public", "enableHttpsTrafficOnly": "https_traffic_only_enabled",
    "minimumTlsVersion": "min_tls_version", "minimalTlsVersion": "minimum_tls_version", "minTlsVersion": "minimum_tls_version",
    "publicAccess": "container_access_type", "enablePurgeProtection": "purge_protection_enabled",
    "enableNonSslPort": "non_ssl_port_enabled", "adminUserEnabled": "admin_enabled", "enableRBAC": "role_based_access_control_enabled",
}  # fmt: skip
_WORDS = lazy_pattern(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake(name: str) -> str:
    """`publiclyAccessible` as `publicly_accessible`."""
    return _WORDS.sub("_", name.replace("IAM", "Iam").replace("IPv", "Ipv")).lower()


def kind_of(token: str) -> str:
    """The type of a resource as Terraform names it: `aws:s3/bucketV2:BucketV2` is `aws_s3_bucket`."""
    package, *middle, name = token.split(":")
    module = middle[0].split("/")[0] if middle else ""
    name = _GENERATION.sub("", name)
    if known := TYPES.get(f"{package}:{module}:{name}"):
        return known
    module = _MODULES.get(package, {}).get(module, module)
    if module == "index" or package in ("azure", "azure-native"):
        module = ""
    if module == "rds" and name in ("ParameterGroup", "OptionGroup", "Snapshot", "Proxy"):
        module = "db"
    if module == "service_account" and name == "Account":
        name = ""
    return "_".join(each for each in (_PREFIXES.get(package, package), module, snake(name)) if each)


def argument_of(token: str, name: str) -> str:
    """An argument of a resource as Terraform names it."""
    return _NATIVE.get(name, snake(name)) if token.startswith("azure-native:") else snake(name)


def singular(name: str) -> str:
    """What a block is called that a list in the plural is made of."""
    return name[:-3] + "y" if name.endswith("ies") else name[:-1] if name.endswith("s") and name[-2:] != "ss" else name


def flattened(token: str, properties: Mapping[str, object]) -> Mapping[str, object]:
    """The properties that Azure's own interface puts one level lower for some kinds; else the properties themselves."""
    inner = properties.get("properties") if token.startswith("azure-native:") else None
    return inner if isinstance(inner, Mapping) else properties
