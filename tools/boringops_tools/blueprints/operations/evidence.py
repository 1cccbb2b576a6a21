"""Compliance: controls of a standard, what of the repository implements each, and what evidence an auditor asks for.

A control counts as implemented by a line of a file, never by a file's name; without one it is open.
Sources: 45 CFR 164.308, .310 and .312 (HIPAA Security Rule); AICPA TSP 100, 2017 Trust Services Criteria with the 2022
points of focus (SOC 2); PCI DSS 4.0.1, requirements 1 to 12; Regulation (EU) 2016/679 (GDPR)."""

# ruff: noqa: E501 - a row reads best on one line

from __future__ import annotations

import re
from dataclasses import dataclass

from boringops_tools.blueprints.context import Context
from boringops_tools.stack.facts import Source

_INFRA = r"\.tf$|\.tofu$|\.ya?ml$|\.json$|(^|/)Dockerfile|\.conf$|CODEOWNERS$"
_ASIDE = re.compile(
    r"(^|/)(node_modules|vendor|tests?|package-lock\.json|docs|examples?)(/|$)|package\.json$|lock\.ya?ml$"
)


@dataclass(frozen=True)
class Theme:
    """Something that standards ask for in other words: `shown` is the line that implements it, in `paths`."""

    title: str
    shown: str
    collect: str
    paths: str = _INFRA


THEMES: dict[str, Theme] = {
    "rest": Theme("Encryption at rest", r"(storage_encrypted|encrypt(ed)?|StorageEncrypted|Encrypted)\s*[=:]\s*true|kms_key_id\s*=|KmsKeyId:|sse_algorithm", "configuration of each store with its key; the key's rotation"),
    "transit": Theme("Encryption in transit", r"ssl_protocols|TLSv1\.[23]|ELBSecurityPolicy-TLS|(?i:ssl_policy)\s*=|redirect_to_https|sslmode=(require|verify)|rds\.force_ssl|kind: Certificate|secretName:.*tls", "scan of every public endpoint; setting that refuses plain connections to the database"),
    "audit": Theme("Audit log of actions", r"aws_cloudtrail|AWS::CloudTrail|google_logging_|azurerm_monitor_diagnostic|audit-?policy|enabled_cloudwatch_logs_exports", "the trail's configuration, its retention, one sample entry, who may read it"),
    "access": Theme("Least privilege", r"aws_iam_(role|policy)|AWS::IAM::Role|kind: Role(Binding)?\b|^\s*permissions:|runAsNonRoot: true|^\s*USER\s+\d+", "list of people and roles with access, reviewed every quarter; leavers' tickets"),
    "network": Theme("Network isolation", r"aws_security_group|AWS::EC2::SecurityGroup|kind: NetworkPolicy|aws_subnet|google_compute_firewall|internal:\s*true", "rules of firewalls as applied; diagram of networks"),
    "secrets": Theme("Secrets kept apart", r"aws_secretsmanager|AWS::SecretsManager|kind: ExternalSecret|secrets\.[A-Z_]+|manage_master_user_password|google_secret_manager|azurerm_key_vault|secretKeyRef", "list of secrets with their last rotation; scan of the history"),
    "change": Theme("Changes are reviewed and tested", r"^\s*pull_request:|^\s*environment:\s*\S|merge_request_event|^\S+\s+@\S+", "branch protection; sample of merged changes with their review and checks"),
    "vulnerabilities": Theme("Vulnerabilities are found and mended", r"trivy|grype|snyk|package-ecosystem:|renovate|scan_on_push\s*=\s*true|codeql", "scan reports; time from finding to mending"),
    "backup": Theme("Backups and recovery", r"backup_retention_period\s*=|BackupRetentionPeriod:|pg_dump|mysqldump|mongodump|aws_backup_plan|point_in_time_recovery", "backup reports; record of the last restore, with its time", rf"{_INFRA}|\.sh$"),
    "monitoring": Theme("Monitoring and alerts", r"^\s*-?\s*alert:|aws_cloudwatch_metric_alarm|AWS::CloudWatch::Alarm|google_monitoring_alert|azurerm_monitor_metric_alert", "alerts that fired with what was done; the on-call rota"),
    "integrity": Theme("Only known software runs", r"@sha256:|provenance:|cosign|attest", "signatures or attestations of what runs"),
}  # fmt: skip

STANDARDS: dict[str, tuple[tuple[str, str], ...]] = {
    "HIPAA": (("164.312(a)(1) access control", "access"), ("164.312(a)(2)(iv) encryption at rest", "rest"), ("164.312(b) audit controls", "audit"),
              ("164.312(c)(1) integrity", "integrity"), ("164.312(e)(1) transmission security", "transit"), ("164.308(a)(1)(ii)(D) activity review", "monitoring"),
              ("164.308(a)(7) contingency plan", "backup"), ("164.308(a)(5)(ii)(D) passwords and secrets", "secrets")),
    "SOC 2": (("CC6.1 logical access", "access"), ("CC6.1 encryption of stored data", "rest"), ("CC6.6 boundary protection", "network"), ("CC6.7 transmission", "transit"),
              ("CC6.8 unauthorised software", "integrity"), ("CC7.1 vulnerabilities", "vulnerabilities"), ("CC7.2 monitoring", "monitoring"), ("CC7.3 evaluation of events", "audit"),
              ("CC8.1 change management", "change"), ("A1.2 backup and recovery", "backup")),
    "PCI DSS": (("1 network security controls", "network"), ("2.2 secure configuration", "access"), ("3.5 stored account data", "rest"), ("4.2 transmission", "transit"),
                ("6.3 vulnerabilities", "vulnerabilities"), ("6.5 change control", "change"), ("7.2 access by need", "access"), ("8.3, 8.6 authentication secrets", "secrets"),
                ("10.2 audit logs", "audit"), ("10.4 review of logs, 12.10 response", "monitoring")),
    "GDPR": (("Art. 32(1)(a) encryption at rest", "rest"), ("Art. 32(1)(a) encryption in transit", "transit"), ("Art. 32(1)(b) confidentiality", "access"),
             ("Art. 32(1)(c) restoring availability", "backup"), ("Art. 33 noticing a breach", "monitoring"), ("Art. 5(2) accountability", "audit")),
}  # fmt: skip


@dataclass(frozen=True)
class Control:
    name: str
    theme: Theme
    sources: tuple[Source, ...]
    """Lines that implement it; empty: open."""


def controls(context: Context, standard: str) -> list[Control]:
    return [Control(name, THEMES[theme], tuple(_lines(context, THEMES[theme]))) for name, theme in STANDARDS[standard]]


def _lines(context: Context, theme: Theme) -> list[Source]:
    """The first line of each of at most three files; a comment implements nothing."""
    found: list[Source] = []
    for path in context.tree.files:
        if len(found) == 3:
            break
        if not re.search(theme.paths, path) or _ASIDE.search(path):
            continue
        for number, line in enumerate(context.tree.text(path).splitlines(), 1):
            if re.search(theme.shown, line) and not line.lstrip().startswith(("#", "//")):
                found.append(Source(path=path, line=number))
                break
    return found
