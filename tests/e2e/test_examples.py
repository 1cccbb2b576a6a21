"""The persona's three examples, whole: the real command and the real SDK against a scripted server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.conftest import Boringops, handed_over, open_items
from tests.messages_api import MessagesApi, text, thinking, tool_use
from tests.repos import MEMORY, git, make_repo

NEXT_APP = {
    "package.json": '{"name": "shop", "version": "1.0.0", "private": true, "scripts": {"build": "next build", "start": '
    '"next start", "lint": "next lint", "test": "vitest run"}, "dependencies": {"next": "16.0.1", "react": "19.2.0", '
    '"react-dom": "19.2.0"}, "devDependencies": {"vitest": "4.0.0"}, "engines": {"node": ">=22"}}\n',
    "package-lock.json": '{"name": "shop", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": {}}\n',
    "next.config.mjs": 'export default { output: "standalone" };\n',
    "app/api/health/route.ts": 'export function GET() {\n  return Response.json({ status: "ok" });\n}\n',
    "app/page.tsx": "export default function Page() {\n  return <main>{process.env.SHOP_NAME}</main>;\n}\n",
    "README.md": "# Shop\n\nA Next.js shop.\n",
    **MEMORY,
}
CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
AWS = "aws-actions/configure-aws-credentials@ececac1a45f3b08a01d2dd070d28d111c5fe6722 # v4.1.0"


def deploy(name: str, trigger: str, environment: str) -> str:
    return f"""name: {name}

on:
{trigger}

permissions: {{}}

concurrency:
  group: deploy-{environment}
  cancel-in-progress: false

jobs:
  test:
    runs-on: ubuntu-24.04
    timeout-minutes: 15
    permissions:
      contents: read # to check out
    steps:
      - uses: {CHECKOUT}
        with:
          persist-credentials: false
      - run: npm ci
      - run: npm test

  deploy:
    needs: test
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    environment: {environment}
    permissions:
      contents: read # to check out
      id-token: write # to sign in to AWS without a stored key
    steps:
      - uses: {CHECKOUT}
        with:
          persist-credentials: false
      - uses: {AWS}
        with:
          role-to-assume: ${{{{ vars.AWS_ROLE_ARN }}}}
          aws-region: ${{{{ vars.AWS_REGION }}}}
      - name: Deploy the service
        run: aws ecs update-service --cluster shop-{environment} --service shop --force-new-deployment
"""


STAGING = deploy("Deploy staging", "  push:\n    branches: [main]", "staging")
PRODUCTION = deploy("Deploy production", "  push:\n    tags: ['v*']", "production")


def test_ci_cd_for_a_next_app_ends_in_a_commit_and_a_report(
    tmp_path: Path, boringops: Boringops, messages_api: MessagesApi
) -> None:
    repo = make_repo(tmp_path / "work/shop", NEXT_APP)
    (repo / "notes.txt").write_text("the user's own, not for the commit\n")
    task = "Set up CI/CD pipeline for Next.js app deployment to AWS"
    offered = ["Dockerfile", ".dockerignore", ".github/workflows/ci.yml", "docs/runbook.md"]
    mine = {".github/workflows/deploy-staging.yml": STAGING, ".github/workflows/deploy-production.yml": PRODUCTION}
    plan: dict[str, Any] = {
        "confidence": "high",
        "summary": "The shop is built, tested and deployed to ECS by GitHub Actions.",
        "current_state": "A Next.js application without infrastructure.",
        "phases": [
            {"name": "Pipelines", "tasks": [{"id": "1", "title": "Containerise"}, {"id": "2", "title": "Deploy"}]}
        ],
        "files": [
            *({"path": path, "action": "create", "why": "container and CI", "task": "1"} for path in offered),
            *({"path": path, "action": "create", "why": "deployment", "task": "2"} for path in mine),
        ],
        "environments": ["staging", "production"],
        "security": ["OIDC to AWS, no stored keys"],
        "monitoring": ["ECS service events"],
        "deployment_strategy": "rolling, by ECS",
        "rollback": "Deploy the previous tag.",
        "cost": "Two small ECS services.",
    }
    messages_api.reply(
        thinking("I look first."),
        tool_use("Read", file_path="package.json"),
        tool_use("Read", file_path="app/api/health/route.ts"),
        tool_use("Blueprint"),
    )
    messages_api.reply(tool_use("SubmitPlan", **plan))
    messages_api.reply(
        text("I start from the blueprints."),
        tool_use("Blueprint", write=True),
        *(tool_use("Write", file_path=path, content=content) for path, content in mine.items()),
    )
    messages_api.reply(tool_use("Validate"), tool_use("Finish", summary="CI and CD are set up."))
    messages_api.answer_with(
        lambda body: [tool_use("Finish", summary="CI and CD are set up.", checklist=handed_over(open_items(body)))]
    )
    ran = boringops("run", task, "-C", repo, "--approve", "auto", "--output", "json", "--phase", "2")

    assert ran.code == 0, ran.err
    result = ran.result
    assert (result["status"], result["confidence"], result["model"]) == ("done", "high", "claude-opus-5-5")
    changed = {change["path"] for change in result["changes"]}
    assert changed >= {*offered, *mine, "memory-bank/techContext.md", "memory-bank/systemPatterns.md", "README.md"}
    assert not [item for item in result["validation"] if item["outcome"] == "failed"]
    assert result["checklist"]["open"] == 0
    assert sum(result["checklist"][key] for key in ("verified", "attested", "not_applicable", "handed_over")) == 91

    committed = git(repo, "show", "--format=%B", "--name-only", "HEAD")
    assert committed.startswith(f"Completed infrastructure task: {task} during phase 2")
    assert f"Boringops-Run: {result['run_id']}" in committed
    assert "Co-Authored-By: claude-opus-5-5 <noreply@anthropic.com>" in committed
    assert set(git(repo, "show", "--format=", "--name-only", "HEAD").split()) == changed
    assert git(repo, "status", "--porcelain").split() == ["??", "notes.txt"]

    report = Path(result["report_path"])
    assert report.parent == tmp_path / "work/planning/task-updates"
    written = report.read_text()
    assert written.count("\n## ") == 8 + 1  # the persona's sections and the evidence
    assert all(
        word in written for word in ("rolling, by ECS", "Deploy the previous tag.", "memory-bank/techContext.md")
    )


def test_several_regions_asks_at_medium_confidence_and_goes_on_with_the_answer(
    tmp_path: Path, boringops: Boringops, messages_api: MessagesApi
) -> None:
    repo = make_repo(tmp_path / "work/shop", NEXT_APP)
    asked = ["Which regions?", "Active-active or active-passive?", "Is the budget for several regions approved?"]
    messages_api.reply(tool_use("Glob", pattern="**/*.tf"))
    messages_api.reply(
        tool_use(
            "SubmitPlan",
            confidence="medium",
            summary="The shop runs in several regions behind DNS failover.",
            assumptions=["Route 53 holds the zone."],
            questions=[{"question": question, "why": "the design follows from it"} for question in asked],
        )
    )
    task = "Make the app available in multiple regions for high availability"
    ran = boringops("run", task, "-C", repo, "--output", "json", "--approve", "auto")
    assert ran.code == 3, ran.err
    assert [question["question"] for question in ran.result["questions"]] == asked
    assert (ran.result["status"], ran.result["confidence"]) == ("needs_clarification", "medium")
    assert ran.result["commit"] is None

    _answered(repo, boringops, messages_api, "us-east-1 and eu-west-1; active-passive; yes", "docs/regions.md")


def test_disaster_recovery_asks_at_low_confidence_and_goes_on_with_the_answer(
    tmp_path: Path, boringops: Boringops, messages_api: MessagesApi
) -> None:
    repo = make_repo(tmp_path / "work/shop", NEXT_APP)
    asked = ["What downtime is acceptable (RTO)?", "How much data may be lost (RPO)?", "What is the budget?"]
    questions = [{"question": question} for question in asked]
    messages_api.reply(
        tool_use("SubmitPlan", confidence="low", summary="Recovery of the database.", questions=questions)
    )
    task = "We need disaster recovery procedures for production database"
    ran = boringops("run", task, "-C", repo, "--output", "json", "--approve", "auto")
    assert ran.code == 3, ran.err
    assert [question["question"] for question in ran.result["questions"]] == asked
    assert ran.result["confidence"] == "low"

    _answered(repo, boringops, messages_api, "RTO 4 hours, RPO 1 hour, 50 dollars a month", "docs/disaster-recovery.md")


def _answered(repo: Path, boringops: Boringops, messages_api: MessagesApi, answer: str, path: str) -> None:
    """Go on with an answer: the model gets it, plans again, and the run ends in a commit."""
    plan: dict[str, Any] = {
        "confidence": "high",
        "summary": "Written down as answered.",
        "files": [{"path": path, "action": "create", "why": "the procedure"}],
        "security": ["No secrets in the document."],
        "deployment_strategy": "None: a document.",
        "rollback": "Revert the commit.",
        "cost": "Nothing.",
    }

    def replan(body: dict[str, Any]) -> list[dict[str, Any]]:
        assert answer in str(body["messages"][-1])
        return [tool_use("SubmitPlan", **plan)]

    messages_api.answer_with(replan)
    messages_api.reply(tool_use("Write", file_path=path, content=f"# Disaster recovery\n\nAgreed: {answer}.\n"))
    messages_api.reply(tool_use("Finish", summary="Written down."))
    messages_api.answer_with(
        lambda body: [tool_use("Finish", summary="Written down.", checklist=handed_over(open_items(body)))]
    )
    ran = boringops("resume", "-C", repo, "--answer", answer, "--output", "json")
    assert ran.code == 0, ran.err
    assert ran.result["commit"] == git(repo, "rev-parse", "HEAD").strip()
    assert git(repo, "show", "--format=", "--name-only", "HEAD").split() == [path]
    assert Path(ran.result["report_path"]).is_file()
