"""From a repository to the set of files that it lacks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from boringops.facts import Question
from boringops_tools import stack as stacks
from boringops_tools.blueprints import (
    choices,
    compose,
    compose_merge,
    continuous,
    contract,
    deploying,
    dockerfile,
    dockerignore,
    documents,
    env_example,
    kubernetes,
    merging,
    pins,
    pipelines,
    planning,
    systems,
    updates,
    workflow_remarks,
)
from boringops_tools.blueprints.choices import Choices
from boringops_tools.blueprints.cloud import cloudformation, delivery, pulumi, statements, terraform
from boringops_tools.blueprints.context import COMPOSE_NAMES, Context
from boringops_tools.blueprints.model import Draft, DraftFile
from boringops_tools.blueprints.narrow import narrow
from boringops_tools.blueprints.operations import guides, operating
from boringops_tools.blueprints.systems import GITHUB
from boringops_tools.blueprints.words import named_systems, understand
from boringops_tools.stack import Stack
from boringops_tools.stack.tree import Tree

Kind = tuple[str, str, str, Callable[[Context], Iterator[DraftFile]]]

KINDS: tuple[Kind, ...] = (
    ("image", "1.1", "Image of each application", dockerfile.files),
    ("image", "1.1", "Image of each application", dockerfile.nginx),
    ("image", "1.2", "Keep everything else out of the build", dockerignore.files),
    ("containers", "1.3", "Run it all on one machine", compose.files),
    ("containers", "1.3", "Run it all on one machine", compose.production),
    ("containers", "1.3", "Run it all on one machine", compose_merge.files),
    ("ci", "2.1", "Check every change", continuous.ci),
    ("ci", "2.2", "Build once and promote", continuous.release),
    ("ci", "2.2", "Build once and promote", continuous.rollback),
    ("ci", "2.2", "Build once and promote", continuous.publish),
    ("ci", "2.2", "Build once and promote", pipelines.files),
    ("ci", "2.2", "Build once and promote", deploying.files),
    ("ci", "2.3", "Keep what is pinned current", updates.dependabot),
    ("ci", "2.3", "Keep what is pinned current", updates.renovate),
    ("deploy", "4.1", "Describe what runs in the cluster", kubernetes.manifests),
    ("deploy", "4.2", "Deploy, and go back, with one command", kubernetes.script),
    ("deploy", "4.3", "Deploy from the pipeline", kubernetes.workflow),
    ("deploy", "4.4", "Write down how to deploy, switch and go back", kubernetes.document),
    ("deploy", "4.5", "Provision the cloud", terraform.files),
    ("deploy", "4.5", "Provision the cloud", cloudformation.files),
    ("deploy", "4.5", "Provision the cloud", pulumi.files),
    ("deploy", "4.6", "Plan, apply and deploy from the pipeline", delivery.infrastructure),
    ("deploy", "4.6", "Plan, apply and deploy from the pipeline", delivery.script),
    ("deploy", "4.6", "Plan, apply and deploy from the pipeline", delivery.deployment),
    ("deploy", "4.7", "Write down how the cloud is set up, deployed to and rolled back", statements.document),
    *((("operations", *part)) for part in operating.PARTS),
    ("docs", "3.1", "Document the environment variables", env_example.files),
    ("docs", "3.2", "Write the runbook", documents.runbook),
    ("docs", "3.3", "Tell readers of the README", documents.readme),
    ("docs", "3.4", "Remember it in the memory bank", documents.memory),
)
"""What is wanted, the plan's task it belongs to, that task's title, and what makes the files."""


def draft(
    root: Path,
    files: Sequence[str],
    *,
    task: str = "",
    wants: set[str] | None = None,
    planned: Collection[str] | None = None,
    narrowed: bool = True,
) -> Draft:
    """The files that the repository at `root` lacks for what `task` asks, and the plan that goes with them.

    `task` is what the user said, answers included: decisions are read from it (`choices`).
    `files` are what git sees, relative to `root`; `wants` (of `words.KINDS`) overrides the task's words;
    `planned` says which of the files will be written, for what documents may speak of. Only reads.
    `narrowed`: a task that names one file gets that one alone.
    Raises UsageError where the repository's own pins are unreadable. Drafting again after the files were written gives none."""
    stack = stacks.detect(root, files)
    decided = choices.read(task)
    tree = Tree(root, files)
    asked = understand(task) if wants is None else wants
    wanted = _brought(asked, decided, stack, tree)
    brought = wanted != frozenset(asked)
    if wanted & {"containers", "ci"}:
        wanted |= {"image"}  # a pipeline that builds an image needs its Dockerfile
    chosen = None if planned is None else frozenset(planned)
    context = Context(tree, stack, wanted, choices=decided, asked_ci=named_systems(task), task=task, planned=chosen)
    context = replace(context, deploys_by=deploying.paths(context))
    with pins.of(root):
        made, conflicts = _merged(context)
        remarks = _remarks(context)
        if narrowed and (meant := narrow(task)) is not None:  # what is left out is not spoken of either
            paths = frozenset(file.path for file in made if meant(file.path))
            context = replace(context, planned=paths if chosen is None else paths & chosen)
            made, conflicts = _merged(context)
            made = [file for file in made if meant(file.path)]
            remarks = [said for said in remarks if meant(said.partition(":")[0])]
        if context.parts and all(file.task.startswith("3") for file in made) and not _operated(context):
            made = []  # documents go with something
        assumptions, questions, notes = _assumptions(context, made), _questions(context), _notes(context, made)
    conflicts += remarks
    assumptions, notes = assumptions + conflicts, notes + conflicts
    titles = list(dict.fromkeys((number, title) for _, number, title, _ in KINDS))
    plan = planning.plan(context, made, titles, assumptions)
    plan = kubernetes.told(context, plan, brought=brought)
    plan = statements.told(context, plan, brought=brought)
    return Draft(stack=stack, files=made, assumptions=assumptions, questions=questions, notes=notes, plan=plan)


def _brought(wants: set[str], decided: Choices, stack: Stack, tree: Tree) -> frozenset[str]:
    """What is wanted, and what a deployment cannot do without: an image to run, and a pipeline that builds it once."""
    brought = set(wants)
    if "deploy" in wants and decided.target is not None:
        if any(app.path("Dockerfile") not in tree for app in stack.deployable):
            brought.add("containers")
        imaged = any(app.deployable or app.path("Dockerfile") in tree for app in stack.applications)
        if imaged and not stack.ci and not any(path.startswith(".github/workflows/") for path in tree.files):
            brought.add("ci")
    return frozenset(brought)


def _made(context: Context) -> list[DraftFile]:
    if not context.stack.applications:
        return []
    return [
        file.model_copy(update={"task": number})
        for want, number, _, make in KINDS
        if want in context.wants
        for file in make(context)
    ]


def _merged(context: Context) -> tuple[list[DraftFile], list[str]]:
    """The files to write, and what could not be merged. What a blueprint wrote before is brought up to date with the
    changes that people made to it since."""
    made = _made(context)
    bases = merging.bases(context.tree.root, context.tree.files) if context.wants else {}
    if not bases:
        return made, []
    again = _made(_without(context, bases))
    if not bases.keys() <= {file.path for file in again}:  # what no blueprint makes has to be seen
        bases = {path: text for path, text in bases.items() if any(file.path == path for file in again)}
        again = _made(_without(context, bases))
    made = [file for file in made if file.path not in bases]
    conflicts: list[str] = []
    for file in again:
        if file.path not in bases:
            continue
        there = (context.tree.root / file.path).read_bytes().decode("utf-8", errors="surrogateescape")
        merged = merging.three_way(bases[file.path], there, file.content)
        if merged.conflicts:
            lines = "; ".join(f"`{line.strip()}`" for line in merged.conflicts[:3])
            conflicts.append(f"{file.path} stays as it is: you and the blueprint both changed {lines}.")
        elif merged.text != there:
            why = f"Brought up to date, with your changes kept. {file.why}"
            made.append(file.model_copy(update={"content": merged.text, "action": "change", "why": why}))
    return made, conflicts


def _remarks(context: Context) -> list[str]:
    """What people's own files say otherwise than a blueprint would, and what could not be added to them."""
    made = compose_merge.merged(context) if "containers" in context.wants else None
    return [*(made.remarks if made is not None else ()), *workflow_remarks.remarks(context)]


def _operated(context: Context) -> bool:
    """Whether a document on operations is there, which others may have to point to."""
    return bool(guides.documents(context))


def _without(context: Context, paths: Collection[str]) -> Context:
    """As if these files were not there, so that the blueprints make them again; the documents still speak of them."""
    rest = [path for path in context.tree.files if path not in paths]
    planned = None if context.planned is None else context.planned | frozenset(paths)
    return replace(context, tree=Tree(context.tree.root, rest), planned=planned)


def _assumptions(context: Context, made: Sequence[DraftFile]) -> list[str]:
    built = any(file.task.startswith(("1", "2", "4")) for file in made)
    if made and not built:
        return operating.assumptions(context) or ["What the code shows is all there is."]
    bot = "Dependabot" if context.on_github else "Renovate"
    said = [
        f"Images and actions are pinned by the table of {pins.as_of()}. Where it knows no digest of an image, and none can be "
        f"asked for without a network, the tag is pinned; {bot} proposes what is newer."
    ]
    if pins.age_days() > pins.STALE_DAYS:
        said.append(
            f"The table of pins is {pins.age_days()} days old: `boringops pins refresh` brings it up to date where there is a "
            "network."
        )
    for app in context.stack.deployable:
        if app.version.stated is None:
            said.append(f"{app.name}: no {app.language} version is stated; {app.version.value} is used.")
        won = app.version.stated.source if app.version.stated else "default"
        said += [
            f"{app.name}: {lost.source} asks for {app.language} {lost.text}; {app.version.value} is used, by {won}."
            for lost in app.version.lost
        ]
        if public := contract.built(app):
            said.append(
                f"{app.name}: {', '.join(public)} are written into the image while it is built, from the repository's Actions "
                "variables; staging and production share them."
            )
        if app.port_source is None:
            said.append(f"{app.name}: listens on port {app.port}, the usual one; the code does not say.")
    if context.stack.deployable and not context.stack.branch_known:
        said.append("The trunk is called `main`.")
    if context.stack.deployable and "ci" in context.wants:
        goes = ["GitHub's registry (ghcr.io)"] if context.on_github else []
        goes += [f"{system.registry} ({system.name})" for system in context.pipelines]
        if goes:
            said.append(f"Images go to {', '.join(goes)}; staging follows the trunk, production follows tags `v*`.")
    return said + kubernetes.assumptions(context) + statements.assumptions(context) + operating.assumptions(context)


def _questions(context: Context) -> list[Question]:
    """What only people know. None of it keeps the files from being right; the hand-over waits for it."""
    if not context.containers:
        return []
    where = [
        Question(
            question="Where do staging and production run?",
            why="The release workflow ends with an image and its digest; the deploy step belongs to the target.",
            options=["Kubernetes", "AWS ECS", "Google Cloud Run", "Azure Container Apps", "one machine with Compose"],
        )
    ]
    return [
        *(where if context.choices.target is None and not context.deploys_by else []),
        Question(question="Which secrets manager holds the secrets?", why="The runbook's rotation steps name it."),
        *(
            [Question(question="What are RTO and RPO of the data?", why="Backups and replicas follow from them.")]
            if context.stack.kinds
            else []
        ),
    ]


def _notes(context: Context, made: Sequence[DraftFile]) -> list[str]:
    notes = list(context.stack.notes)
    if not context.apps:
        notes.append("No application of a known kind was found: nothing is drafted.")
    notes += [f"No container for {other.sources[0]}: {other.reason}." for other in context.stack.others]
    for app in context.apps:
        where = app.folder or "the root"
        if not app.deployable:
            notes.append(f"{app.name} ({where}) gets no container: {app.reason}.")
        notes += [f"{app.name}: {remark}" for remark in app.remarks]
        if app.version.end_of_life:
            notes.append(
                f"{app.name}: {app.language} {app.version.value} is without repairs since {app.version.end_of_life}."
            )
        if app.deployable and app.health is None:
            notes.append(f"{app.name} has no health route; the health check only sees the open port.")
        if not app.commands.test:
            notes.append(f"{app.name} has no tests that CI could run; it checks that it builds and parses.")
    kept = [
        path
        for app in context.stack.deployable
        for path in (app.path("Dockerfile"), app.path(".dockerignore"))
        if path in context.tree
    ]
    kept += [name for name in COMPOSE_NAMES if name in context.tree]
    kept += [path for path in (context.ci_path, context.release_path) if path in context.tree]
    changed = {file.path for file in made}
    notes += [f"{path} exists and is left as it is." for path in kept if path not in changed]
    notes += kubernetes.notes(context)
    kept_ci = [
        path for name, path in context.told_pipelines.items() if path in context.tree and name in context.systems
    ]
    notes += [f"{path} exists and is left as it is." for path in kept_ci]
    for name in context.asked_ci:
        if name != GITHUB and systems.by_name(name) is None:
            notes.append(f"There is no blueprint for {name}: its configuration has to be written by hand.")
    if not context.on_github and not context.asked_ci:
        notes.append(f"CI runs elsewhere ({', '.join(context.present_ci)}): no GitHub workflow is added.")
    return notes
