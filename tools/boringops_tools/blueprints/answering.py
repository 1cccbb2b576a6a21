"""Questions and reviews without a language model: what the repository shows, with where it shows it."""

# ruff: noqa: E501 - a row reads best on one line

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from boringops_tools.blueprints import contract
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.operations import metrics
from boringops_tools.blueprints.operations.stores import stores

_REQUEST = re.compile(r"(?i)^\s*(please\b|(can|could|would|will) (you|we|i)\b|should we (?=add|use|set|make|write))")
_QUESTION = re.compile(
    r"(?i)^\s*(what|why|how|which|who|when|where|is|are|does|do|did|has|have|explain|describe|list|show|tell|summari[sz]e|should)\b"
)
_REVIEW = re.compile(
    r"(?i)^\s*(please )?(review|audit|assess|inspect|critique)\b|what('s| is) wrong with|^\s*(is|are) (our|the|this|these)\b.*"
    r"\b(good|secure|safe|ok|okay|fine|right|correct|sound|production[- ]ready)\b"
)


def is_review(task: str) -> bool:
    return _REVIEW.search(task) is not None


def is_question(task: str) -> bool:
    """Whether a task wants to know something. "Can you add a Dockerfile?" wants work."""
    alone = task.rstrip().endswith("?") or not re.search(r"[.?!]\s+\S", task)
    return alone and not is_review(task) and _QUESTION.match(task) is not None and _REQUEST.match(task) is None


def answer(context: Context, question: str) -> str:
    """What the repository shows of what is asked, each with its source; empty where no subject is recognised."""
    said = [line for pattern, tell in SUBJECTS if re.search(pattern, question, re.IGNORECASE) for line in tell(context)]
    return "\n".join(dict.fromkeys(said))


def _ports(context: Context) -> Iterator[str]:
    for app in context.apps:
        if app.port:
            yield f"{app.name} listens on port {app.port} ({app.port_source or 'the usual one; the code does not say'})."
        else:
            yield f"{app.name} opens no port that the code shows."


def _health(context: Context) -> Iterator[str]:
    for app in context.containers:
        yield (
            f"{app.name}: health route {app.health.path} ({app.health.source})."
            if app.health
            else f"{app.name} has no health route in its code."
        )


def _variables(context: Context) -> Iterator[str]:
    entries = contract.contract(context)
    for each in entries:
        told = (
            ["secret"] * each.secret
            + ["required"] * each.required
            + ([f"default {each.default!r}"] if each.default is not None else [])
        )
        yield f"{each.app} reads {each.name} ({', '.join(map(str, each.sources[:2]))}){': ' + ', '.join(told) if told else ''}."
    if not entries:
        yield "The code reads no environment variable."


def _secrets(context: Context) -> Iterator[str]:
    names = [f"{each.name} ({each.sources[0]})" for each in contract.secrets(context)]
    yield (
        f"Secrets by their names: {', '.join(names)}. Their values are never read."
        if names
        else "No variable's name says that it is a secret."
    )


def _data(context: Context) -> Iterator[str]:
    found = stores(context)
    for store in found:
        yield (
            f"{store.title} is used ({store.source})."
            if store.source
            else f"Nothing in the code says that {store.title} is used."
        )
    if not found:
        yield "No database, cache or queue was found in the dependencies."


def _versions(context: Context) -> Iterator[str]:
    for app in context.apps:
        by = f"by {app.version.stated.source}" if app.version.stated else "the default: nothing states one"
        dead = f"; without repairs since {app.version.end_of_life}" if app.version.end_of_life else ""
        yield f"{app.name}: {app.language} {app.version.value} ({by}{dead}){', ' + app.framework if app.framework else ''}{', ' + app.manager if app.manager else ''}."


def _start(context: Context) -> Iterator[str]:
    for app in context.apps:
        yield (
            f"{app.name} starts with `{' '.join(app.command)}`{f' ({app.entry})' if app.entry else ''}."
            if app.command
            else f"{app.name}: no start command was found."
        )


def _tests(context: Context) -> Iterator[str]:
    for app in context.apps:
        told = [f"`{command.run}` ({command.source})" for command in (*app.commands.test, *app.commands.lint)]
        yield (
            f"{app.name} is checked by {', '.join(told)}." if told else f"{app.name} has no tests that were recognised."
        )


def _pipelines(context: Context) -> Iterator[str]:
    paths = [*context.workflows, *map(str, context.stack.ci)]
    yield f"CI: {', '.join(paths)}." if paths else "There is no CI configuration."


def _deployment(context: Context) -> Iterator[str]:
    yield from _pipelines(context)
    there = [path for app in context.apps if (path := app.path("Dockerfile")) in context.tree]
    yield f"Images: {', '.join(there)}." if there else "There is no Dockerfile."
    for path in ("docs/runbook.md", context.release_path):
        if path in context.tree:
            yield f"How it is deployed is in {path}."


def _monitoring(context: Context) -> Iterator[str]:
    for app in context.containers:
        found = metrics.of(context, app)
        yield (
            f"{app.name}: metrics at {found.path} ({found.source})."
            if found
            else f"{app.name} has no metrics route in its code."
        )
    rules = [
        path
        for path in context.tree.files
        if path.endswith((".yml", ".yaml")) and re.search(r"(?m)^\s*-\s*alert:", context.tree.text(path))
    ]
    yield f"Alert rules: {', '.join(rules)}." if rules else "There are no alert rules."


def _applications(context: Context) -> Iterator[str]:
    for app in context.apps:
        yield f"{app.name} in {app.folder or 'the root'}: {app.language} {app.version.value}{', ' + app.framework if app.framework else ''}{'' if app.deployable else '; no container: ' + app.reason}."
    for other in context.stack.others:
        yield f"{other.sources[0]}: {other.reason}."


SUBJECTS: tuple[tuple[str, Callable[[Context], Iterator[str]]], ...] = (
    (r"\bports?\b|\blisten", _ports),
    (r"\bhealth|\bprobes?\b", _health),
    (r"\benv(ironment)?( variables?)?\b|\bconfigur|\bvariables?\b", _variables),
    (r"\bsecrets?\b|\bcredentials?\b", _secrets),
    (
        r"\b(databases?|caches?|queues?|services? (does|do) it|backing)\b|\bdepend(s|encies)? on\b|\bpostgres|\bmysql|\bredis|\bmongo",
        _data,
    ),
    (r"\bversions?\b|\bframework|\blanguage|\bend of life|\boutdated\b", _versions),
    (r"\bstart(s|ed)?\b|\bentry ?point|\brun (it|this|the app)", _start),
    (r"\btest(s|ed)?\b|\blint", _tests),
    (r"\b(ci|cd|ci/cd|pipelines?|workflows?)\b", _pipelines),
    (r"\bdeploy|\brelease|\bproduction\b|\binfrastructure\b", _deployment),
    (r"\bmonitor|\bmetrics|\balert", _monitoring),
    (r"\bapplications?\b|\bapps?\b|\bservices?\b|\bstack\b|\brepo(sitory)?\b", _applications),
)
"""What a question is about, by its words, and what tells it."""


def review(validated: str, offered: list[str]) -> str:
    """A review as people read it: what the checks found, worst first, and what is not there at all."""
    lines = [validated.strip(), ""] if validated else ["There is no infrastructure file to review.", ""]
    lines += (
        ["What is not there, and could be drafted:", *(f"- {path}" for path in offered)]
        if offered
        else ["Nothing is missing that a blueprint could add."]
    )
    lines += [
        "",
        "These are the findings of tools and rules. Whether the design fits its purpose takes a person or a language model.",
    ]
    return "\n".join(lines).strip()
