"""Cloud resources of Terraform that take more than was meant: any address, anybody's image, any repository; and what they
run when they start."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.cloud import TRIAL, as_list, is_terraform, managed, resources, tf
from boringops_tools.red_flags.hcl import Call, Expression, read

_NEVER = "Disable security features for convenience"
_FIREWALL = lazy_pattern(
    r"azurerm_(?:mssql|postgresql(?:_flexible_server)?|mysql(?:_flexible_server)?|mariadb|redis|sql)_firewall_rule"
)
_PIPED = lazy_pattern(r"\b(?:curl|wget)\b[^|;&\n]*\|\s*(?:sudo\s+(?:-\S+\s+)*)?(?:\S*/)?(?:ba|z|da)?sh\b")
_STARTS = (
    "user_data",
    "user_data_base64",
    "custom_data",
    "metadata_startup_script",
    "startup-script",
    "inline",
    "command",
    "user-data",
)
_PASSWORDS = ("password", "master_password", "administrator_password", "administrator_login_password", "admin_password")
_SERVERS = lazy_pattern(
    r"aws_(?:db_instance|rds_cluster|docdb_cluster|neptune_cluster|redshift_cluster|memorydb_user|mq_broker)|google_sql_user|"
    r"azurerm_(?:mssql_server|postgresql_(?:flexible_)?server|mysql_(?:flexible_)?server|mariadb_server|linux_virtual_machine|windows_virtual_machine)"
)
_IDENTITY = lazy_pattern(r"azurerm_user_assigned_identity\.|\.identity\[|\.identity\.0|\.kubelet_identity\[")
_SUBSCRIPTION = lazy_pattern(
    r"(?:/subscriptions/(?:\$\{[^}]*\}|[\w-]+)/?|(?:\$\{)?data\.azurerm_subscription\.[\w-]+\.id\}?)"
)


def _text(value: Any) -> str:
    return value.text if isinstance(value, Expression) else value if isinstance(value, str) else ""


def _any_address(_: str, text: str) -> Iterable[Hit]:
    for block in resources(text):
        if block.kind != "resource" or not _FIREWALL.fullmatch(block.labels[0]):
            continue
        ends = [
            block.value(one) or block.value(two)
            for one, two in (("start_ip_address", "start_ip"), ("end_ip_address", "end_ip"))
        ]
        try:
            first, last = (int(ipaddress.IPv4Address(each)) for each in ends)
        except (ValueError, TypeError):
            continue
        if last - first >= 2**24:
            yield Hit(
                block.line_of("end_ip_address"),
                f"{block.name} lets in {ends[0]} to {ends[1]}: the whole internet, or much of it",
            )


def _anybodys_image(_: str, text: str) -> Iterable[Hit]:
    for block in resources(text):
        names = {each.value("name") for each in block.inner("filter")}
        if block.kind != "data" or block.labels[0] != "aws_ami" or "owners" in block.attributes:
            continue
        if not names & {"owner-id", "owner-alias", "image-id"} and not any(
            one.kind == "dynamic" for one in block.blocks
        ):
            yield Hit(
                block.line,
                f"{block.name} takes an image of that name from whoever published it last: it names no owners",
            )


def _any_issuer(_: str, text: str) -> Iterable[Hit]:
    for block in managed(text, "google_iam_workload_identity_pool_provider"):
        for each in block.inner("oidc"):
            shared = re.search(
                r"token\.actions\.githubusercontent\.com|//gitlab\.com|app\.terraform\.io",
                _text(each.value("issuer_uri")),
            )
            if shared and "attribute_condition" not in block.attributes:
                yield Hit(
                    block.line,
                    f"{block.name} takes the token of every repository there is: it has no attribute_condition",
                )


def _piped(_: str, text: str) -> Iterable[Hit]:
    if not _PIPED.search(text):
        return
    for block in read(text):
        if block.kind != "resource":
            continue
        for inner in block.whole():
            for name, attribute in inner.attributes.items():
                for value in _scripts(name, attribute.value):
                    if found := _PIPED.search(re.sub(r"(?m)^\s*#.*$", "", value)):
                        yield Hit(attribute.line, f"{block.name} runs whatever is sent: `{found[0][:80]}`")


def _scripts(name: str, value: Any) -> Iterator[str]:
    """The texts of an argument that a machine runs."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _scripts(str(key), each)
    elif name in _STARTS:
        for each in as_list(value):
            if isinstance(each, Call):
                yield from (_text(one) for one in each.arguments)
            else:
                yield _text(each)


def _passwords(path: str, text: str) -> Iterable[Hit]:
    for block in resources(text):
        names = (str(block.value(name)) for name in ("name", "identifier", "cluster_identifier"))
        if (
            block.kind != "resource"
            or not _SERVERS.fullmatch(block.labels[0])
            or TRIAL.search(" ".join([path, *block.labels, *names]))
        ):
            continue
        for name in _PASSWORDS:
            value = block.value(name)
            if isinstance(value, str) and value and "${" not in value and not re.search(r"[<>{}]", value):
                yield Hit(block.line_of(name), f"{block.name}: its password is written into the file ({name})")


def _contributor(_: str, text: str) -> Iterable[Hit]:
    for block in managed(text, "azurerm_role_assignment"):
        whole = _SUBSCRIPTION.fullmatch(_text(block.value("scope")))
        if (
            whole
            and block.value("role_definition_name") == "Contributor"
            and _IDENTITY.search(_text(block.value("principal_id")))
        ):
            yield Hit(
                block.line_of("role_definition_name"),
                "a program's identity may change everything in the subscription (Contributor)",
            )


def _state_in_clear(_: str, text: str) -> Iterable[Hit]:
    for block in read(text):
        for backend in block.inner("backend") if block.kind == "terraform" else ():
            if backend.labels == ("s3",) and backend.value("encrypt") is False:
                yield Hit(
                    backend.line_of("encrypt"),
                    "the state, with every secret in it, is asked to be stored in clear (encrypt = false)",
                )


def _any_origin(_: str, text: str) -> Iterable[Hit]:
    for block in resources(text):
        for inner in block.whole() if block.kind == "resource" and block.labels[0].startswith("azurerm_") else ():
            if (
                inner.kind == "cors"
                and "*" in as_list(inner.value("allowed_origins"))
                and inner.value("support_credentials") is True
            ):
                yield Hit(
                    inner.line_of("allowed_origins"), f"{block.name}: any site may act with its visitors' sessions"
                )


_WALLED = (
    "azurerm_key_vault", "azurerm_storage_account", "azurerm_storage_account_network_rules", "azurerm_cognitive_account",
    "azurerm_container_registry", "azurerm_eventhub_namespace", "azurerm_servicebus_namespace",
)  # fmt: skip
_WEBSITE = lazy_pattern(r"(?i)static_?website|\$web\b")
_WALLS = ("network_acls", "network_rules", "network_rule_set", "network_rulesets")


def _open_vault(_: str, text: str) -> Iterable[Hit]:
    for block in managed(text, *_WALLED):
        inside = (one for name in _WALLS for one in block.inner(name))
        if block.labels[0].startswith("azurerm_storage_account") and _WEBSITE.search(text):
            continue  # it is there for everybody
        for rules in (block, *inside) if block.labels[0] == "azurerm_storage_account_network_rules" else inside:
            if rules.value("default_action") == "Allow":
                yield Hit(rules.line_of("default_action"), f"{block.name} can be reached from every network")


_RULE = '  start_ip_address = "{}"\n  end_ip_address = "{}"'
_OIDC = '  oidc {\n    issuer_uri = "https://token.actions.githubusercontent.com"\n  }'
_SH = "  user_data = <<-EOT\n    #!/bin/sh\n    {}\n  EOT"

RED_FLAGS = (
    RedFlag(
        "cloud/open-vault", _NEVER, "warning", "Deny by default, and let in the networks that need it.",
        applies=is_terraform, check=_open_vault,
        bad={
            "a.tf": tf("azurerm_key_vault", '  network_acls {\n    bypass = "AzureServices"\n    default_action = "Allow"\n  }'),
            "b.tf": tf("azurerm_storage_account", '  network_rules {\n    default_action = "Allow"\n  }'),
        },
        good={"a.tf": tf("azurerm_key_vault", '  network_acls {\n    default_action = "Deny"\n  }')},
    ),
    RedFlag("cloud/any-address", _NEVER, "error", "Name the addresses that need it, or use a private endpoint.", applies=is_terraform, check=_any_address,
            bad={"a.tf": tf("azurerm_mssql_firewall_rule", _RULE.format("1.0.0.0", "255.255.255.255"))},
            good={"a.tf": tf("azurerm_mssql_firewall_rule", _RULE.format("203.0.113.4", "203.0.113.9")), "b.tf": tf("azurerm_mssql_firewall_rule", _RULE.format("203.0.113.4", "203.0.113.4"))}),
    RedFlag("cloud/anybodys-image", _NEVER, "warning", "Name whose images are meant, e.g. owners = [\"amazon\"]: anybody can publish one of the same name.", applies=is_terraform, check=_anybodys_image,
            bad={"a.tf": 'data "aws_ami" "a" {\n  most_recent = true\n  filter {\n    name = "name"\n    values = ["app-*"]\n  }\n}\n'},
            good={"a.tf": 'data "aws_ami" "a" {\n  owners = ["self"]\n}\n', "b.tf": 'data "aws_ami" "a" {\n  filter {\n    name = "image-id"\n    values = ["ami-1"]\n  }\n}\n'}),
    RedFlag("cloud/any-issuer", _NEVER, "error", "Narrow it by attribute_condition to your organisation's repositories.", applies=is_terraform, check=_any_issuer,
            bad={"a.tf": tf("google_iam_workload_identity_pool_provider", _OIDC)},
            good={"a.tf": tf("google_iam_workload_identity_pool_provider", _OIDC + "\n  attribute_condition = var.condition")}),
    RedFlag("cloud/start-piped", _NEVER, "warning", "Install a package of a known version, or check a checksum before it runs.", applies=is_terraform, check=_piped,
            bad={"a.tf": tf("aws_instance", _SH.format("curl -fsSL https://a.io/i | sudo bash")), "b.tf": tf("google_compute_instance", '  metadata = {\n    startup-script = "curl -s https://a.io/i.sh | bash"\n  }')},
            good={"a.tf": tf("aws_instance", _SH.format("# curl https://a.io | sh")), "b.tf": tf("aws_instance", _SH.format("curl -o a https://a.io/a && sha256sum -c a.sum"))}),
    RedFlag("cloud/written-password", "Commit AWS keys, passwords, or tokens to git", "error", "Let the service make it (manage_master_user_password), or take it from a secret store.", applies=is_terraform, check=_passwords,
            bad={"a.tf": tf("aws_rds_cluster", '  storage_encrypted = true\n  master_password = "changeme123"')},
            good={"a.tf": tf("aws_rds_cluster", "  storage_encrypted = true\n  master_password = var.password"), "examples/a.tf": tf("aws_rds_cluster", '  storage_encrypted = true\n  master_password = "changeme123"')}),
    RedFlag("cloud/contributor", _NEVER, "warning", "Give it the role that its work needs, on the resource that it needs it for.", applies=is_terraform, check=_contributor,
            bad={"a.tf": tf("azurerm_role_assignment", '  scope = data.azurerm_subscription.a.id\n  role_definition_name = "Contributor"\n  principal_id = azurerm_linux_web_app.a.identity[0].principal_id')},
            good={"a.tf": tf("azurerm_role_assignment", '  scope = azurerm_resource_group.a.id\n  role_definition_name = "Contributor"\n  principal_id = azurerm_linux_web_app.a.identity[0].principal_id')}),
    RedFlag("cloud/state-in-clear", _NEVER, "warning", "Say encrypt = true: the state holds every secret that went through it.", applies=is_terraform, check=_state_in_clear,
            bad={"a.tf": 'terraform {\n  backend "s3" {\n    encrypt = false\n  }\n}\n'}, good={"a.tf": 'terraform {\n  backend "s3" {\n    encrypt = true\n  }\n}\n'}),
    RedFlag("cloud/any-origin", _NEVER, "error", "Name the sites: with sessions, a wildcard is every site there is.", applies=is_terraform, check=_any_origin,
            bad={"a.tf": tf("azurerm_linux_web_app", '  site_config {\n    cors {\n      allowed_origins = ["*"]\n      support_credentials = true\n    }\n  }')},
            good={"a.tf": tf("azurerm_linux_web_app", '  site_config {\n    cors {\n      allowed_origins = ["*"]\n    }\n  }')}),
)  # fmt: skip
