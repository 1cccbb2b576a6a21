"""What only people can settle, as the persona has it: when to ask, and what."""

# ruff: noqa: E501 - a row reads best on one line

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from boringops.facts import Confidence, Plan, Question
from boringops_tools.blueprints.choices import ALTERNATIVES, Choices
from boringops_tools.blueprints.operations.asked import PARTS
from boringops_tools.blueprints.words import vague


@dataclass(frozen=True)
class Said:
    """What people said: the task, the answers (empty before there are any), and the decisions read out of both."""

    task: str
    answers: str
    choices: Choices


@dataclass(frozen=True)
class Topic:
    """A subject that only the user's answers can settle."""

    name: str
    raised: Callable[[str], bool]
    """Whether a task is about it."""
    confidence: Confidence
    decided: Callable[[Said], bool]
    """Whether what was said settles it."""
    questions: tuple[Question, ...]


def _ask(question: str, why: str, *options: str) -> Question:
    return Question(question=question, why=why, options=list(options))


def _words(pattern: str) -> Callable[[str], bool]:
    return lambda task: re.search(pattern, task, re.IGNORECASE) is not None


_BUDGET = _ask("What may it cost a month?", "redundancy is paid for all the time", "as little as possible", "a number")
_NUMBERS = re.compile(
    r"\d[\d,.]*\s*(k|thousand|million)?\s*(concurrent )?(requests?|users?|rps|req/s|visitors?)", re.IGNORECASE
)
_LEGACY = (
    r"\blegacy\b|\b(migrat\w+|mov\w+|switch\w*)\b.{0,40}\b(from|off|away from|out of)\b.{0,20}\b(heroku|on-?prem\w*|vercel|netlify|render|"
    r"fly(\.io)?|vms?|virtual machines?|bare metal|data ?cent(er|re)|elastic beanstalk|old servers?)\b"
)
_INTEGRATION = r"\bintegrat\w+\b.{0,30}\bwith\b|\b(our|the) existing (vpc|network|sso|ldap|active directory|cluster|database|monitoring|vault)\b"

TOPICS: tuple[Topic, ...] = (
    Topic("disaster recovery", _words(PARTS["recovery"]), "low",
          lambda said: said.choices.rto_minutes is not None and said.choices.rpo_minutes is not None, (
        _ask("How long may the service be down (RTO)?", "it decides between warm standby, restore scripts and daily backups", "1 hour", "4 hours", "24 hours"),
        _ask("How much data may be lost (RPO)?", "it decides between replication and backups, and how often", "none", "15 minutes", "1 hour", "24 hours"),
        _BUDGET,
    )),
    Topic("several regions", _words(PARTS["regions"]), "medium", lambda said: len(said.choices.regions) > 1, (
        _ask("Which region is primary, and which others?", "latency, data residency and price differ"),
        _ask("Is data replicated active-active or active-passive?", "active-active needs conflict handling in the application", "active-active", "active-passive"),
        _BUDGET,
    )),
    Topic("compliance", _words(PARTS["compliance"]), "low", lambda said: bool(said.choices.standards), (
        _ask("Which standards apply, and to which data?", "controls and evidence follow from them", "HIPAA", "SOC 2", "PCI DSS"),
        _ask("Who collects the evidence, and for which audit date?", "logs have to be kept from then on"),
    )),
    Topic("costs", _words(PARTS["cost"]), "low", lambda said: said.choices.budget_usd is not None, (
        _ask("What may it cost a month?", "alerts are set at shares of it", "a number in dollars"),
        _ask("Which provider bills it, and who is told?", "the alert belongs to the provider's own billing", "AWS", "Google Cloud", "Azure"),
    )),
    Topic("scaling", _words(PARTS["traffic"]), "low", lambda said: _NUMBERS.search(f"{said.task} {said.answers}") is not None, (
        _ask("How many requests a second come at the peak, and how many users at once?", "sizes, limits and the test that proves them follow from it"),
        _ask("How fast does an answer have to be?", "it decides what counts as overload", "95 % within 500 ms"),
        _BUDGET,
    )),
    Topic("a change that breaks", _words(PARTS["replacement"]), "low", lambda said: said.choices.strategy is not None, (
        _ask("What is replaced, and who notices if it is away?", "the order and the hour follow from it"),
        _ask("How does traffic move?", "each has another way back", "blue-green", "canary", "rolling"),
        _ask("Until when must it be possible to go back?", "data written meanwhile has to be carried back"),
    )),
    Topic("the way off the old system", _words(_LEGACY), "low", lambda said: bool(said.answers) and said.choices.target is not None, (
        _ask("Where does it go?", "images, networks and names follow from it", "Kubernetes", "AWS ECS", "Google Cloud Run", "Azure Container Apps", "one machine with Compose"),
        _ask("Which data moves, how much is it, and how long may it stand still?", "copying at rest and replicating differ in everything"),
        _ask("What else runs there: mail, files, scheduled jobs, DNS?", "what nobody lists is what is missing on the day"),
    )),
    Topic("the provider", _words(ALTERNATIVES), "low", lambda said: said.choices.target is not None, (
        _ask("Which of them is it to be?", "each has files of its own; more than one would mean running more than one"),
        _ask("What decides: price, what the team knows, or where the data may be?", "the reason is written down with the choice"),
    )),
    Topic("an integration", _words(_INTEGRATION), "low", lambda _: False, (
        _ask("What is the other system, who runs it, and how is it reached?", "addresses, names and rights are theirs to give"),
        _ask("Which way do data and calls go, and with which credentials?", "firewalls and secrets follow from it"),
    )),
    Topic("a cloud deployment", _words(r"\b(aws|ecs|eks|azure(?![- ](?:pipelines?|devops))|gcp|google cloud|cloud run|terraform|kubernetes|k8s|helm|lambda|the cloud)\b"), "low",
          lambda said: said.choices.target is not None, (
        _ask("Which account, region and environments is it for?", "networks, names and credentials follow from them"),
        _ask("What traffic is expected, and what may it cost a month?", "sizes and scaling follow from them"),
    )),
    Topic("what is wanted", vague, "low", lambda said: bool(said.answers) and not vague(f"{said.task} {said.answers}"), (
        _ask("What is to be made or changed?", "the task names nothing that infrastructure files could answer",
             "containers", "CI/CD", "a deployment (say where)", "monitoring", "disaster recovery", "a review of what is there"),
        _ask("How will you see that it worked?", "a goal that nobody can check cannot be verified"),
    )),
)  # fmt: skip
"""In the order in which they are asked: what the whole task hangs on comes first."""


def open_topic(said: Said) -> Topic | None:
    """The first subject of a task that nothing said settles."""
    return next((topic for topic in TOPICS if topic.raised(said.task) and not topic.decided(said)), None)


def asking(topic: Topic) -> Plan:
    return Plan(
        confidence=topic.confidence,
        summary=f"The task is about {topic.name}; it can be planned once these questions are answered.",
        assumptions=[] if topic.confidence == "low" else ["Nothing is assumed before the questions are answered."],
        questions=list(topic.questions),
    )
