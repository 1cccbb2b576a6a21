"""The plan that goes with drafted files: what they rest on, and what they leave to people."""

from __future__ import annotations

from collections.abc import Sequence

from boringops.facts import Decision, Plan, PlannedFile, PlanPhase, PlanTask
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.operations import operating

PHASES = {"1": "Containers", "2": "CI and release", "3": "Documents", "4": "Deployment", "5": "Operations"}


def plan(
    context: Context, files: Sequence[DraftFile], tasks: Sequence[tuple[str, str]], assumptions: Sequence[str]
) -> Plan:
    """Medium confidence at most: it rests on what a repository shows, and nobody was asked."""
    used = {file.task for file in files}
    runs = any(number.startswith(("1", "2", "4")) for number in used) or not used
    containers = context.containers if runs else []
    names = ", ".join(app.name for app in context.apps) or "the repository"
    return Plan(
        confidence="medium",
        summary=_summary(files, names),
        current_state="; ".join(
            ", ".join(
                part
                for part in (
                    f"{app.name}: {app.language} {app.version.value}",
                    app.framework or "no web framework",
                    app.manager,
                )
                if part
            )
            for app in context.apps
        )
        or "No application of a known kind was found.",
        requirements=operating.requirements(context)
        or ["Build, check and release what the repository holds, without inventing what it does not state."],
        assumptions=list(assumptions),
        decisions=_decisions(context, used),
        phases=[
            PlanPhase(
                name=name,
                tasks=[
                    PlanTask(id=number, title=title)
                    for number, title in tasks
                    if number in used and number.startswith(key)
                ],
            )
            for key, name in PHASES.items()
            if any(number.startswith(key) for number in used)
        ],
        files=[PlannedFile(path=file.path, action=file.action, why=file.why, task=file.task) for file in files],
        environments=["development", "staging", "production"] if containers else [],
        security=[
            "Containers run under a number, not as root, without privileges they could gain.",
            _hardening(context),
            "No secret is in a file: names only, values from a secrets manager.",
        ]
        if containers
        else [_hardening(context)]
        if runs
        else ["No secret is in a file: names only, values from a secrets manager."],
        monitoring=[
            f"{app.name}: health check on {app.health.path}"
            if app.health
            else f"{app.name}: health check on port {app.port}; the code has no health route"
            for app in containers
        ]
        + (["Alerts and dashboards belong to the target platform, which is not known yet."] if containers else []),
        deployment_strategy=(
            "Build once, promote by digest: staging follows the trunk, production a tag. "
            + (
                f"{context.deploys_by.replace('`', '')} deploys both, as what is described in the repository has it."
                if context.deploys_by
                else "How instances are replaced (rolling, blue-green) is the target platform's, which is not known yet."
            )
        )
        if containers
        else "None: nothing here runs as a service."
        if runs
        else "None: what is deployed stays as it is.",
        rollback="Deploy the last good digest; of the files themselves: revert the one commit that adds them."
        if containers
        else "Revert the one commit that adds the files.",
        cost=operating.cost(context)
        if not runs
        else f"CI minutes and registry storage of {', '.join(context.systems)}, as far as they pass the plan's allowance. "
        "Running it costs what the target platform asks, which is not known yet.",
    )


def _hardening(context: Context) -> str:
    if context.on_github:
        return "Workflows hold no permission but those each job names; actions are pinned to commits."
    return "Jobs get the registry's credentials only where they publish; images have fixed tags, nothing else is fetched to run."


def _summary(files: Sequence[DraftFile], names: str) -> str:
    if not files:
        return f"Nothing is missing that a blueprint could add for {names}."
    kinds = [PHASES[key].lower() for key in PHASES if any(file.task.startswith(key) for file in files)]
    return f"{names}: {', '.join(kinds)}, in {len(files)} files drafted from what the repository shows."


def _decisions(context: Context, used: set[str]) -> list[Decision]:
    made = []
    if "1.1" in used:
        made.append(
            Decision(
                what="Debian slim and distroless images, pinned by tag",
                why="glibc wheels and prebuilt addons work; small enough.",
            )
        )
    if "2.2" in used and not context.deploys_by:
        made.append(
            Decision(
                what="The pipeline hands over a digest and deploys nothing",
                why="The repository names no target; inventing one would only look like a deployment.",
            )
        )
    if not context.on_github:
        why = "the task names it" if context.asked_ci else "the repository is on it"
        made.append(Decision(what="No GitHub workflows", why=f"CI runs on {', '.join(context.systems)}: {why}."))
    return made
