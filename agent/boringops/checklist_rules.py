"""Which checklist item is settled how: one table, in the order in which rules are tried.

Patterns name what an item is about, so that items worded differently by another persona meet the same rule. An item
that no rule matches is attested by the model.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from boringops.checklist import Check, Facts, Object, Rule, Settled, env_examples, undocumented
from boringops.facts import WAS_THERE, Finding
from boringops.shortcuts import is_test, runs_tests

_CLOUD = frozenset({"terraform", "cloudformation", "pulumi", "cdk", "sam", "serverless", "bicep"})
_CLUSTER = frozenset({"kubernetes", "helm", "kustomize"})

CLOUD = Object("cloud resources", _CLOUD)
ORCHESTRATED = Object("a cloud or cluster to run in", _CLOUD | _CLUSTER)
EDGE = Object("anything that faces outward", _CLOUD | _CLUSTER | {"nginx", "caddy"})
DATA = Object("a database or volume", _CLOUD | _CLUSTER | {"compose"})
WATCHED = Object("dashboards or alert rules", frozenset({"prometheus", "grafana", "alertmanager"}))
MONITORED = Object("monitoring or a place to run", WATCHED.kinds | _CLOUD)
PIPELINES = Object(
    "pipelines",
    frozenset(
        {"github-actions", "gitlab-ci", "circleci", "jenkins", "azure-pipelines", "bitbucket-pipelines", "travis", "drone"}
    ),
    decisive=True,
)  # fmt: skip
CONTAINERS = Object("containers", frozenset({"dockerfile"}), decisive=True)
GRANTS = Object("cloud resources or pipelines", _CLOUD | PIPELINES.kinds)
SERVED = Object("containers or a place to run", CONTAINERS.kinds | ORCHESTRATED.kinds)

_UNFILLED = r"(?i)\*?fill (this )?in\*?|\bTODO\b|\bTBD\b|not (yet )?(stated|known|agreed)"
"""A section that still says this does not document anything."""
_TARGET = r"%s\W[^\n]{0,40}?\d+\s*(s|sec|min|m|h|hour|day|d)"
"""RTO and RPO are stated only where a number with a unit stands behind them."""
_DATABASE = r"(?i)postgres|mysql|mariadb|mongo|redis|sqlite|dynamodb|cosmos|DATABASE_URL|\bRDS\b|aws_db_"
_PLAN_REVIEW = "terraform plan"
"""What verdicts on saved plans are given by: they say nothing about syntax."""
_PLAN_BY_HAND = "review the saved plan, destroys first, before anything is applied: `terraform plan -out=x.tfplan`, then `boringops check x.tfplan`"
_OPERATORS = "the operators, once there is an environment"


def _verified(*evidence: str, reason: str = "") -> Settled:
    return Settled("verified", list(evidence), reason)


def _called(check: Check, proof: str) -> Check:
    """A check with the sentence that says what it takes for proof: its docstring, from which docs/checklist.md is made."""
    check.__doc__ = proof
    return check


# --- checks: the docstring of each says what it takes for proof ------------------------------------------


def _memory_read(facts: Facts) -> Settled | None:
    """the journal has each memory file as it was read, with its hash"""
    files = facts.state.memory.values()
    missing = [file.path for file in files if file.missing or file.error]
    read = [f"{file.path}@{file.sha256[:12]}" for file in files if file.sha256]
    if not read:
        return Settled("handed_over", reason="write a memory bank, or have `boringops init` begin one: there is none")
    return _verified(*read, reason=f"not there: {', '.join(missing)}" if missing else "")


def _confidence(facts: Facts) -> Settled | None:
    """the approved plan states its confidence; questions stop a run before it"""
    plan = facts.state.plan
    return _verified("plan", reason=f"{plan.confidence} confidence") if plan else None


def _inventory(facts: Facts) -> Settled | None:
    """the runtime took the inventory before the model was asked anything"""
    return _verified("inventory", reason=f"{len(facts.state.inventory.files)} infrastructure files listed")


def _plan_says(field: str) -> Check:
    def check(facts: Facts) -> Settled | None:
        plan = facts.state.plan
        return _verified(f"plan.{field}") if plan and getattr(plan, field) else None

    return _called(check, f"the approved plan states `{field}`")


def _multi_stage(facts: Facts) -> Settled | None:
    """every Dockerfile has two `FROM` or more"""
    # What developers work in is never released.
    files = [path for path in facts.of_kind("dockerfile") if not path.startswith(".devcontainer/")]
    single = [path for path in files if len(re.findall(r"(?im)^\s*FROM\s", facts.text(path))) < 2]
    if single and not set(single) & set(facts.state.changes):  # nobody asked for another image of what was there
        listed = ", ".join(single[:3])
        return Settled(
            "handed_over", reason=f"build {listed} in several stages: it was there before, and this run left it"
        )
    return _verified(*files) if files and not single else None


def _no_findings(*rules: str, needs: Object | None = None) -> Check:
    """Verified by the red flags of these rules on the changed files; open while one of them finds something."""

    def check(facts: Facts) -> Settled | None:
        state = facts.state
        if needs and not needs.there(facts):
            return None
        found = [
            finding
            for path in state.inspected
            for finding in state.check_findings.get(path, [])
            if finding.rule.startswith(rules)
        ]
        if hits := [_placed(finding) for finding in found if finding.severity != "info"]:
            return Settled("open", reason=f"found: {'; '.join(hits[:5])}")
        if left := [_placed(finding) for finding in found if finding.hint.startswith(WAS_THERE)]:
            what = "; ".join(left[:5])
            return Settled("handed_over", reason=f"mend {what}: it was there before, and this run left it")
        if not state.inspected:
            return None
        looked = (
            f"the {len(state.inspected)} files that this run changed; the others are for `boringops check` to look at"
        )
        return _verified(f"red flags {'/'.join(rules)} on {len(state.inspected)} files", reason=looked)

    named = ", ".join(f"`{rule}`" for rule in rules)
    return _called(check, f"the changed files were inspected and no red flag {named} was raised")


def _placed(finding: Finding) -> str:
    return f"{finding.path}:{finding.line or 1} {finding.rule}"


def _workflow_grants(facts: Facts) -> Settled | None:
    """where workflows are all that grants anything: no red flag on their permissions"""
    if (
        CLOUD.there(facts)
        or not facts.of_kind("github-actions")
        or len(PIPELINES.there(facts)) > len(facts.of_kind("github-actions"))
    ):
        return None
    return _no_findings("workflow/write-all", "workflow/no-permissions", needs=PIPELINES)(facts)


def _health_checks(facts: Facts) -> Settled | None:
    """every Dockerfile has a `HEALTHCHECK`, and no cloud or cluster has to have one"""
    files = facts.of_kind("dockerfile")
    places = [_line_in(facts, [path], r"^\s*HEALTHCHECK\s+(?!NONE)") for path in files]
    if not files or ORCHESTRATED.there(facts) or not all(places):
        return None
    return _verified(*(place.evidence[0] for place in places if place))


def _pipeline_tests(facts: Facts) -> Settled | None:
    """a line of a pipeline runs tests; a name, a comment or an `echo` does not"""
    pipelines = facts.of_kind(*PIPELINES.kinds)
    for path in pipelines:
        for number, line in enumerate(facts.text(path).splitlines(), 1):
            if runs_tests(line):
                return _verified(f"{path}:{number}")
    if not pipelines:
        return None
    if not any(map(is_test, facts.files)):
        return Settled("handed_over", reason="write tests for the pipeline to run: the application's developers")
    if left := [path for path in pipelines if path not in facts.state.changes]:
        reason = f"have {left[0]} run the tests: it was there before, and this run left it"
        return Settled("handed_over", reason=reason)
    if facts.touched(*PIPELINES.kinds):
        return Settled("open", reason="no step of a pipeline runs the tests that the repository has")
    return None


def _line_in(facts: Facts, paths: list[str], pattern: str) -> Settled | None:
    for path in paths:
        for number, line in enumerate(facts.text(path).splitlines(), 1):
            if re.search(pattern, line):
                return _verified(f"{path}:{number}")
    return None


def _heading(pattern: str, *says: str, lines: int = 2) -> Check:
    """Verified where a document has a section about it, of some lines, that says what it has to."""
    title = re.compile(rf"(?im)^(#{{1,4}})\s.*(?:{pattern}).*$")

    def check(facts: Facts) -> Settled | None:
        for path in _documents(facts):
            text = facts.text(path)
            for found in title.finditer(text):
                body = re.split(rf"(?m)^#{{1,{len(found[1])}}}\s", text[found.end() :], maxsplit=1)[0]
                if re.search(_UNFILLED, body):
                    continue
                full = len([line for line in body.splitlines() if line.strip()]) >= lines
                if full and all(re.search(words, body, re.IGNORECASE) for words in says):
                    return _verified(f"{path}:{text.count(chr(10), 0, found.start()) + 1}")
        return None

    said = f", that says {' and '.join(f'`{words}`' for words in says)}" if says else ""
    return _called(check, f"a Markdown file has a section on `{pattern}` of {lines} lines or more{said}")


def _no_database(facts: Facts) -> Settled | None:
    """not applicable where no file of the repository names a database"""
    kinds = ("compose", "terraform", "kubernetes", "helm", "env-file", "cloudformation")
    if any(re.search(_DATABASE, facts.text(path)) for path in (*facts.of_kind(*kinds), "memory-bank/techContext.md")):
        return None
    return Settled("not_applicable", reason="no file of the repository names a database")


def _diagram(facts: Facts) -> Settled | None:
    """a Markdown file has a block of mermaid, plantuml, dot or d2"""
    return _line_in(facts, _documents(facts), r"^\s*```\s*(mermaid|plantuml|dot|d2)\b")


def _documents(facts: Facts) -> list[str]:
    """Markdown of the repository, what this run changed first."""
    pages = [path for path in facts.files if path.lower().endswith((".md", ".mdx"))]
    return sorted(pages, key=lambda path: (path not in facts.state.changes, path))[:200]


def _syntax_valid(facts: Facts) -> Settled | None:
    """every such file passed every validator that covers it; where one could not look it is handed over"""
    paths = facts.of_kind("terraform", "cloudformation", "sam")
    outcomes = {
        item.outcome for path in paths for item in facts.state.validation.get(path, []) if item.tool != _PLAN_REVIEW
    }
    if "failed" in outcomes:
        return Settled("open", reason="a validator found errors")
    if paths and outcomes == {"passed"}:
        return _verified(*paths)
    if paths:
        return Settled(
            "handed_over", reason="validate on a machine with the tool: not every file could be validated here"
        )
    return None


def _told(what: str, rule: str) -> Check:
    """Handed over with what the findings of a rule say, so that people have it before them."""

    def check(facts: Facts) -> Settled | None:
        said = [each for of_path in facts.state.check_findings.values() for each in of_path if each.rule == rule]
        if not said:
            return None
        messages = "; ".join(each.message for each in said[:3])
        return Settled("handed_over", [each.path for each in said], f"{what}: {messages}")

    return _called(check, f"handed over with what `{rule}` found")


def _env_example(facts: Facts) -> Settled | None:
    """a `.env.example` names every variable that the code reads"""
    if lagging := _lagging([finding for finding in facts.findings if finding.rule == "documents/env-example"]):
        return lagging
    missing = undocumented(facts)
    if missing:
        named = ", ".join(f"{name} ({place})" for name, place in list(missing.items())[:5])
        return Settled("handed_over", reason=f"document {named} in .env.example: the application's developers")
    if not facts.variables:
        return Settled("not_applicable", reason="the code reads no variables from its environment")
    if examples := env_examples(facts):
        return _verified(examples[0], reason=f"{len(facts.variables)} variables that the code reads")
    return None


def _updated(name: str) -> Check:
    def check(facts: Facts) -> Settled | None:
        path = next((path for path in facts.state.changes if path.lower().endswith(name.lower())), None)
        behind = [finding for finding in facts.findings if finding.path.lower().endswith(name.lower())]
        return _verified(path) if path else _lagging(behind)

    return _called(check, f"the run changed `{name}`")


def _in_git(facts: Facts) -> Settled | None:
    """every change of the run is a file of the repository"""
    return _verified(*sorted(facts.state.changes)[:20], reason="every change is a file in version control")


def _report(facts: Facts) -> Settled | None:
    """the runtime writes the report itself"""
    return _verified(
        facts.state.report_path or "report", reason="" if facts.state.report_written else "written by the runtime next"
    )


def _commit(facts: Facts) -> Settled | None:
    """the runtime makes the commit itself"""
    start = facts.state.start
    if start and not start.config.get("commit", {}).get("enabled", True):
        return Settled("handed_over", reason="commits are switched off: commit the changed files yourself")
    return _verified(facts.state.commit or "commit", reason="" if facts.state.commit else "made by the runtime next")


def _debt(facts: Facts) -> Settled | None:
    """the report names the follow-ups that the model gave"""
    claim = facts.claim
    return _verified("follow_ups", reason=f"follow-ups named in the report: {len(claim.follow_ups)}") if claim else None


def _documents_gate(facts: Facts) -> Settled | None:
    """nothing is held against the documents, by themselves or beside the code"""
    if settled := _lagging([finding for finding in facts.findings if finding.rule.startswith("documents/")]):
        return settled
    wrong = [finding for finding in facts.findings if finding.rule.startswith("consistency/")]
    if wrong:
        return Settled(
            "handed_over", reason=f"mend what the documents say wrongly: {wrong[0].path}: {wrong[0].message}"
        )
    return _verified("documents gate")


def _lagging(behind: list[Finding]) -> Settled | None:
    """Open where a document lags behind; handed over where changes of the user's own kept it from being written."""
    if blocking := [finding for finding in behind if finding.severity != "info"]:
        return Settled("open", reason=blocking[0].message)
    if behind:
        paths = ", ".join(finding.path for finding in behind)
        return Settled(
            "handed_over", reason=f"bring {paths} up to date: changes of your own kept this run from writing it"
        )
    return None


def _rule(
    name: str,
    pattern: str,
    check: Callable[[Facts], Settled | None] | None = None,
    *,
    needs: Object | None = None,
    absent: str = "",
    people: str = "",
    shown_by: str = "",
    doable: bool = False,
    begun: str = "",
) -> Rule:
    return Rule(name, pattern, check, needs, absent, people, shown_by, doable, begun)


RULES: tuple[Rule, ...] = (
    # what people have to do: before the rules about the thing itself, because "tested" is what decides
    _rule("scaling-tested", r"(auto-?scal|scaling).*\btested", needs=ORCHESTRATED, people="load the service in an environment and watch it scale"),
    _rule("backup-tested", r"backup.*tested", _no_database, needs=DATA, people="restore a backup in an environment and time it"),
    _rule("rollback-tested", r"rollback.*\btest|\btest.*rollback", people="roll back once in staging, as the runbook says, before production"),
    _rule("recovery-tested", r"(disaster recovery|\bDR\b).*\b(tested|exercised|rehears|drill)", people="rehearse the recovery procedure and record the time it took"),
    _rule("load-test", r"load[- ]test", people="run a load test if the service expects high traffic"),
    _rule("migrations-tested", r"migration.*tested", _no_database, people="run the migrations against a copy of production data"),
    _rule("environment-tested", r"\b(tested|tried|run|exercised)\b.*\b(dev|development|staging)\b", people="deploy to a development or staging environment first"),
    _rule("traffic-tested", r"deploy.*(test|dummy|synthetic) traffic", people="send test traffic through a staging deployment"),
    _rule("alerts-verified", r"(monitoring|alert).*\b(verified|proved|proven|fire)", people="trigger each alert once and see that it arrives"),
    _rule("team", r"\bteam\b|trained|training", people="show the runbook to those who will operate this"),
    _rule("cost-approved", r"cost estimate.*(approved|review)|approv.*cost", _told("review and approve the estimate", "cost/estimate"), people="review the plan's cost section and approve it"),
    # what the plan holds
    _rule("memory", r"memory[- ]bank|techContext\.md, *systemPatterns\.md", _memory_read),
    _rule("confidence", r"requirements.*(clear|understood)|understood.*requirements|clarification", _confidence),
    _rule("inventory", r"existing infrastructure|what (already )?exists", _inventory),
    _rule("strategy", r"deployment strategy", _plan_says("deployment_strategy")),
    _rule("rollback-planned", r"rollback", _plan_says("rollback")),
    _rule("requirements-security", r"security and compliance", _plan_says("security")),
    _rule("cost-assessed", r"cost (implications?|impact|consequences?)|assess\w* .*cost", _plan_says("cost")),
    # documents
    _rule("tech-context", r"techContext", _updated("techContext.md"), doable=True),
    _rule("system-patterns", r"systemPatterns", _updated("systemPatterns.md"), doable=True),
    _rule("report", r"task[- ]update|task report", _report),
    _rule("commit", r"git commit|\bcommitted? with|commit made", _commit),
    _rule("env-documented", r"environment variables?", _env_example, shown_by=r"env", doable=True),
    _rule("diagram", r"diagram", _diagram, shown_by=r"mermaid|plantuml|diagram|\.svg|\.png", doable=True),
    _rule("runbook", r"runbook", _heading(r"runbook", r"roll ?back", r"deploy", lines=10), shown_by=r"runbook|roll ?back|deploy", doable=True, begun=r"^#{1,4}\s.*runbook"),
    _rule("recovery-documented", r"disaster[- ]recovery|\bDR\b", _heading(r"disaster|recovery", _TARGET % "RTO", _TARGET % "RPO", lines=4), people="agree on RTO and RPO, then write the recovery procedure"),
    _rule("access-documented", r"access control|permissions? documented|who may", _heading(r"access|permission"), shown_by=r"access|permission|role"),
    _rule("documentation", r"all documentation|documentation.*(accurate|up to date|current)", _documents_gate, doable=True),
    _rule("debt", r"technical debt", _debt),
    # containers and pipelines
    _rule("multi-stage", r"multi-?stage", _multi_stage, needs=CONTAINERS, shown_by=r"from .* as|from=", doable=True),
    _rule("non-root", r"non-?root|unprivileged user", _no_findings("user/", needs=CONTAINERS), needs=CONTAINERS, shown_by=r"user|uid", doable=True),
    _rule("pipeline-tests", r"(pipeline|CI/CD).*test", _pipeline_tests, needs=PIPELINES, shown_by=r"test|check", doable=True),
    _rule("image-scan", r"vulnerabilit", needs=CONTAINERS, people="scan the built image; no vulnerability data is at hand here"),
    # secrets
    _rule("history", r"history", people="scan the whole git history with a secret scanner; this run looked at its own files"),
    _rule("no-secrets", r"no (hard-?coded )?secrets?\b|secrets? (committed|in code|in version)|hard-?coded", _no_findings("secret"), doable=True),
    _rule("secrets-manager", r"secrets? (manager|store|management)|secrets? stored", needs=ORCHESTRATED, absent=f"keep secrets in a secrets manager: {_OPERATORS}", shown_by=r"secret|vault|ssm"),
    # cloud resources
    _rule("syntax", r"syntax", _syntax_valid, needs=CLOUD),
    _rule("plan-reviewed", r"(infrastructure|terraform) plan.*review|review.*(infrastructure|terraform) plan", _told("review the plan before it is applied", "plan/summary"), needs=CLOUD, people=_PLAN_BY_HAND),
    _rule("least-privilege", r"least[- ]privilege", _workflow_grants, needs=GRANTS, shown_by=r"iam|polic|role|permission|scope"),
    _rule("security-groups", r"security groups?|firewall", needs=CLOUD, shown_by=r"security.?group|ingress|egress|firewall|networkpolicy"),
    _rule("tls", r"SSL|TLS|HTTPS|in transit", needs=EDGE, absent=f"terminate TLS in front of the service: {_OPERATORS}", shown_by=r"https|tls|ssl|certificate|443"),
    _rule("isolation", r"isolation|private subnets?", needs=ORCHESTRATED, shown_by=r"subnet|network|private"),
    _rule("at-rest", r"at rest", needs=CLOUD, shown_by=r"encrypt|kms|sse"),
    _rule("headers", r"security headers", needs=EDGE, absent="set security headers in the application or its proxy: the application's developers", shown_by=r"header|hsts|csp|helmet"),
    _rule("audit", r"audit", needs=CLOUD, shown_by=r"audit|cloudtrail|log"),
    _rule("autoscaling", r"auto-?scaling", needs=ORCHESTRATED, shown_by=r"scal|hpa|min|max"),
    _rule("backups", r"backup", _heading(r"backup|restore", r"restor", lines=3), people="write down how backups are made and restored", needs=DATA),
    _rule("load-balancer", r"load[- ]balanc", needs=ORCHESTRATED, shown_by=r"balanc|alb|ingress|target_group"),
    _rule("replicas", r"replica", _no_database, needs=ORCHESTRATED, shown_by=r"replica|multi.?az|standby"),
    _rule("pooling", r"pooling|connection pool", _no_database, people="size the connection pool: the application's developers"),
    _rule("retries", r"retr(y|ies)", needs=ORCHESTRATED, absent="retry transient failures: the application's developers", shown_by=r"retr|backoff|attempt"),
    _rule("breakers", r"circuit breaker", needs=ORCHESTRATED, absent="guard calls to other services: the application's developers", shown_by=r"circuit.?breaker"),
    _rule("right-size", r"right-?siz|over-?provision", needs=ORCHESTRATED, shown_by=r"cpu|memory|instance|requests"),
    _rule("spot", r"\bspot\b", needs=ORCHESTRATED, shown_by=r"spot|preempt"),
    _rule("s3-lifecycle", r"lifecycle", needs=CLOUD, shown_by=r"lifecycle|expir|retention"),
    _rule("log-retention", r"retention", needs=CLOUD, shown_by=r"retention|expir"),
    # health and observation
    _rule("health-passing", r"health checks?.*(passing|verified|work)", people="watch the health check of the first deployment turn green"),
    _rule("health-endpoint", r"health.*endpoint|endpoint.*health", needs=SERVED, shown_by=r"health|ready|live|ping"),
    _rule("health", r"health", _health_checks, needs=SERVED, shown_by=r"health|ready|live|ping|probe"),
    _rule("dashboards", r"dashboards?", needs=WATCHED, absent=f"create dashboards: {_OPERATORS}", shown_by=r"dashboard|panel|grafana"),
    _rule("alerting", r"alert", needs=MONITORED, absent=f"set up alerting: {_OPERATORS}", shown_by=r"alert|alarm|notif|pager"),
    _rule("monitoring", r"monitoring|logging", needs=MONITORED, absent=f"set up monitoring and log collection: {_OPERATORS}", shown_by=r"log|metric|monitor|insight"),
    _rule("as-code", r"infrastructure as code|infrastructure-as-code", _in_git),
)  # fmt: skip
