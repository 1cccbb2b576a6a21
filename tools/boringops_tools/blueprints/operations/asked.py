"""Which parts of operations a task asks for: one part for each edge case of the persona that is about running things."""

# ruff: noqa: E501 - a row reads best on one line

from __future__ import annotations

import re

PARTS: dict[str, str] = {
    "monitoring": r"\b(monitor\w*|alert\w*|observab\w+|prometheus|grafana|cloudwatch|dashboards?|metrics|on-?call)\b",
    "logging": r"\b(monitoring|observab\w+|logging|structured logs?|health (check )?(endpoints?|routes?)|readiness|liveness)\b",
    "recovery": r"\b(disaster|backups?|back up|restor\w+|rto|rpo|recovery)\b",
    "rotation": r"\b(rotat\w+)\b",
    "registry": r"\b(((container|image|docker) )?(registry|registries)('s)?|old images|image (retention|lifecycle|cleanup|scanning)|scan (the |our )?images)\b",
    "cost": r"\b(costs? (alerts?|monitoring|overruns?|controls?|reports?)|(budget|billing) alerts?|alerts? (on|about|for) costs?|"
    r"monitor\w* costs?|too expensive|(cut|lower|reduce) (the |our )?costs?|overspend\w*)\b",
    "drift": r"\b(drift\w*)\b",
    "compliance": r"\b(complian\w+|hipaa|soc ?2|pci|gdpr|audit evidence)\b",
    "regions": r"\b(multi-?region|(multiple|several|two|more) regions|region failover|high availability)\b",
    "traffic": r"\b(high[- ]traffic|auto-?scal\w+|scal(e|ing) (up|out|to|for)|load[- ]test\w*|traffic (peaks?|spikes?)|peak traffic)\b",
    "migrations": r"\b(zero[- ]downtime (database |schema )?migrations?|(database|schema|data) migrations?|expand and contract)\b",
    "replacement": r"\b(breaking (infrastructure )?changes?|(replace|migrate|move) (the |our )?(infrastructure|database server|cluster)|decommission\w*)\b",
}
"""What is asked, by the words for it."""

ANY = "|".join(PARTS.values())


def parts(task: str) -> frozenset[str]:
    rest = re.sub(PARTS["cost"], " ", task, flags=re.IGNORECASE)  # an alert on costs is none on the service
    return frozenset(
        name for name, pattern in PARTS.items() if re.search(pattern, task if name == "cost" else rest, re.IGNORECASE)
    )
