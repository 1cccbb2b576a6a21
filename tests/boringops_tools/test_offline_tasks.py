"""Tasks in plain words, and what the offline model makes of each: files, questions, an answer, or a plain no."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from boringops.errors import Incomplete
from boringops.models.base import Request
from boringops_tools.blueprints.offline import OfflineModel
from boringops_tools.blueprints.topics import TOPICS
from tests.boringops_tools.test_blueprints import APPS, files_of

MEMORY = {"memory-bank/techContext.md", "memory-bank/systemPatterns.md"}
DOCS = MEMORY | {".env.example", "docs/runbook.md", "README.md"}
IMAGE = {"Dockerfile", ".dockerignore"}
CONTAINERS = IMAGE | {"compose.yaml", "compose.prod.yaml"}
CI = {
    f".github/{name}"
    for name in ("workflows/ci.yml", "workflows/release.yml", "workflows/rollback.yml", "dependabot.yml")
}
ALL = CONTAINERS | CI | DOCS
RECOVERY = {"docs/disaster-recovery.md"} | {
    f"ops/recovery/{name}-postgres.sh" for name in ("backup", "restore", "rehearse")
}
PROMETHEUS = {
    f"monitoring/{name}" for name in ("prometheus.yml", "blackbox.yml", "rules.yml", "rules.test.yml", "dashboard.json")
}
WATCHED = PROMETHEUS | {"docs/monitoring.md"}
LOGS = {"docs/logging-and-health.md"}


WRITTEN: dict[str, set[str]] = {
    # containers
    "Containerise this application": CONTAINERS | DOCS,
    "dockerize the app": CONTAINERS | DOCS,
    "We need a container image and a compose setup": CONTAINERS | DOCS,
    "Add a .dockerignore": {".dockerignore"} | MEMORY,
    "Please add a dockerignore file": {".dockerignore"} | MEMORY,
    "Write a Dockerfile": IMAGE | MEMORY,
    "Can you add a Dockerfile?": IMAGE | MEMORY,
    "Add a docker-compose.yml": {"compose.yaml", "compose.prod.yaml", ".env.example"} | MEMORY,
    # pipelines
    "Add dependabot": {".github/dependabot.yml"} | MEMORY,
    # all of it
    "Get this ready for production": ALL,
    "Set up the infrastructure": ALL,
    "containerise this and set up CI/CD": ALL,
    "Ship it": ALL,
    # documents
    "Document the environment variables": {".env.example"} | MEMORY,
    "Write a runbook": {"docs/runbook.md"} | MEMORY,
    "Draw an architecture diagram": {"docs/runbook.md"} | MEMORY,
    "Add a .env.example": {".env.example"} | MEMORY,
    # operations
    "Set up monitoring and alerting": WATCHED | LOGS | DOCS,
    "Add Prometheus alerts and a Grafana dashboard": WATCHED | DOCS,
    "We need observability": WATCHED | LOGS | DOCS,
    "Propose structured logging": LOGS | DOCS,
    "We want a health endpoint": LOGS | DOCS,
    "Set up CloudWatch alarms for our ECS service": {"docs/monitoring.md", "monitoring/cloudwatch/main.tf"} | DOCS,
    "CloudWatch alarms on ECS with CloudFormation": {"docs/monitoring.md", "monitoring/cloudwatch/template.yaml"}
    | DOCS,
    "Disaster recovery with RTO 4 hours and RPO 1 hour": RECOVERY | DOCS,
    "Backup and restore for the database: RTO 24h, RPO 24h": RECOVERY | DOCS,
    "Rotate our secrets": {"docs/secrets-rotation.md"} | DOCS,
    "Clean up old images in our container registry": {"docs/registry.md"} | DOCS,
    "Set up the container registry's lifecycle": {"docs/registry.md"} | DOCS,
    "Cost alerts on AWS, 300 dollars a month": {"docs/cost.md", "monitoring/budget/main.tf"} | DOCS,
    "We had a cost overrun; the budget is $500 a month on Google Cloud": {"docs/cost.md"} | DOCS,
    "Collect evidence for SOC 2": {"docs/compliance.md"} | DOCS,
    "We have to be HIPAA compliant": {"docs/compliance.md"} | DOCS,
    "Scale for 500 requests a second": {"docs/scaling.md"} | DOCS,
    "Zero-downtime database migrations": {"docs/migrations.md"} | DOCS,
    "Replace the database server by blue-green, it is a breaking change": {"docs/replacing-infrastructure.md"} | DOCS,
    "High availability in eu-central-1 and eu-west-1": {"docs/multi-region.md"} | DOCS,
}
ASKED: dict[str, str] = {
    "We need disaster recovery procedures for production database": "disaster recovery",
    "Set up backups": "disaster recovery",
    "How fast can we be back? Plan the disaster recovery": "disaster recovery",
    "Make the app available in multiple regions for high availability": "several regions",
    "We must be compliant": "compliance",
    "Set up cost alerts": "costs",
    "Our cloud is too expensive": "costs",
    "Handle high traffic": "scaling",
    "Set up auto-scaling": "scaling",
    "We plan breaking infrastructure changes": "a change that breaks",
    "Migrate us from Heroku": "the way off the old system",
    "Move our legacy servers somewhere modern": "the way off the old system",
    "Deploy to AWS or GCP": "the provider",
    "Integrate with our billing system": "an integration",
    "Deploy into the existing VPC": "an integration",
    "Provision it with Terraform": "a cloud deployment",
    "Put it into the cloud": "a cloud deployment",
    "Make it better": "what is wanted",
    "Fix it": "what is wanted",
    "Make it faster": "what is wanted",
    "Make it secure": "what is wanted",
}
ANSWERED: dict[str, str] = {
    "Which port does it listen on?": "4000",
    "What environment variables does the code read?": "SESSION_SECRET",
    "Which databases do we use?": "PostgreSQL",
    "Is there a health route?": "/healthz",
    "Which node version is used?": "22",
    "How do we run the tests?": "npm",
    "How is this deployed?": "no CI",
    "What monitoring do we have?": "no metrics route",
    "Review what is there": "no infrastructure file",
    "Is our setup production-ready?": "Dockerfile",
}
REFUSED = ("Who wrote this?", "Why is the sky blue?", "Integrate with our billing system\n\nit is SAP")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return shutil.copytree(APPS / "express", tmp_path / "orders")


def reply(root: Path, task: str, *answers: str) -> tuple[str, dict[str, Any]]:
    """The model's call after it has looked, and after each answer."""
    model = OfflineModel(root, lambda: files_of(root))
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": [{"type": "text", "text": f"# Task\n\n{task}\n\n# More\n"}]}
    ]
    for number, told in enumerate(["Looked. [e1]", *answers]):
        call = model.respond(Request(messages=messages, system=[], tools=[]), lambda *_: None).content[0]  # type: ignore[arg-type,call-arg]
        messages.append({"role": "assistant", "content": [call]})
        result = {"type": "tool_result", "tool_use_id": call["id"], "content": told}
        messages.append({"role": "user", "content": [result]})
        assert number or call["name"] == "Blueprint"
    call = model.respond(Request(messages=messages, system=[], tools=[]), lambda *_: None).content[0]  # type: ignore[arg-type,call-arg]
    return call["name"], call["input"]


@pytest.mark.parametrize("task", WRITTEN)
def test_a_task_gets_the_files_it_asks_for_and_no_others(root: Path, task: str) -> None:
    name, plan = reply(root, task)
    assert name == "SubmitPlan" and not plan["questions"], plan
    assert {file["path"] for file in plan["files"]} == WRITTEN[task]
    assert plan["confidence"] == "medium" and plan["assumptions"]


@pytest.mark.parametrize("task", ASKED)
def test_what_only_people_know_is_asked(root: Path, task: str) -> None:
    name, plan = reply(root, task)
    topic = next(each for each in TOPICS if each.name == ASKED[task])
    assert name == "SubmitPlan" and not plan["files"]
    assert [question["question"] for question in plan["questions"]] == [each.question for each in topic.questions]
    assert plan["confidence"] == topic.confidence


@pytest.mark.parametrize("task", ANSWERED)
def test_questions_are_answered_from_the_repository(root: Path, task: str) -> None:
    name, claim = reply(root, task)
    assert name == "Finish" and claim["outcome"] == "answered" and claim["evidence"] == ["e1"]
    assert ANSWERED[task] in claim["summary"]


@pytest.mark.parametrize("task", REFUSED)
def test_what_takes_a_language_model_is_said_to(root: Path, task: str) -> None:
    task, _, answer = task.partition("\n\n")
    with pytest.raises(Incomplete) as refused:
        reply(root, task, *([answer] if answer else []))
    assert "language model" in f"{refused.value.message} {refused.value.hint}"


@pytest.mark.parametrize(
    ("task", "answer", "path"),
    [
        ("Set up backups", "RTO 30 minutes, RPO: none", "docs/disaster-recovery.md"),
        ("Set up cost alerts", "$200, AWS", "monitoring/budget/main.tf"),
        ("We must be compliant", "PCI", "docs/compliance.md"),
        ("Handle high traffic", "about 2,000 users at once", "docs/scaling.md"),
        (
            "Make the app available in multiple regions",
            "us-east-1 first, then us-west-2, active-passive",
            "docs/multi-region.md",
        ),
        ("Make it better", "add monitoring", "monitoring/rules.yml"),
    ],
)
def test_answers_settle_what_was_asked(root: Path, task: str, answer: str, path: str) -> None:
    name, plan = reply(root, task, answer)
    assert name == "SubmitPlan" and not plan["questions"]
    assert path in {file["path"] for file in plan["files"]}


def test_a_question_does_not_raise_other_subjects() -> None:
    """Answers are read together with the questions: these must not name what was not asked for."""
    from boringops_tools.blueprints.operations.asked import parts

    own = {"disaster recovery": {"recovery"}, "several regions": {"regions"}, "compliance": {"compliance"}}
    for topic in TOPICS[:-1]:
        said = " ".join(question.question for question in topic.questions)
        assert parts(said) <= own.get(topic.name, set()), topic.name
