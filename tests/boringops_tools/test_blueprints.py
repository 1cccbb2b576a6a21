"""Drafting: complete, consistent, clean by the real validators, and quiet the second time."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from boringops.facts import Inventory, InventoryItem
from boringops_tools.blueprints import Draft, draft, understand
from boringops_tools.blueprints.first_memory import first_memory_bank
from boringops_tools.blueprints.sections import upsert

APPS = Path(__file__).parent / "apps"
NAMES = sorted(path.name for path in APPS.iterdir() if path.is_dir() and not path.name.startswith("__"))
SERVED = [name for name in NAMES if name != "library"]
SCRIPTS = Path(sysconfig.get_path("scripts"))

YAML_RULES = (
    "{extends: default, rules: {line-length: disable, document-start: disable, truthy: {check-keys: false}, "
    "comments: {min-spaces-from-content: 1}}}"
)
CHECKS: list[tuple[str, list[str]]] = [
    (r"(^|/)Dockerfile$", ["hadolint", "--ignore", "DL3066"]),
    (r"^\.github/workflows/", ["jactionlint", "-i", "missing-timeout", "-i", "concurrency-limits"]),
    (r"\.ya?ml$", ["yamllint", "--strict", "-d", YAML_RULES]),
    (r"compose\.yaml$", ["check-jsonschema", "--builtin-schema", "vendor.compose-spec"]),
    (r"dependabot\.yml$", ["check-jsonschema", "--builtin-schema", "vendor.dependabot"]),
    (r"^\.github/workflows/", ["check-jsonschema", "--builtin-schema", "vendor.github-workflows"]),
]


def files_of(root: Path) -> list[str]:
    return sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and ".git" not in path.relative_to(root).parts
    )


def write(root: Path, made: Draft) -> None:
    for file in made.files:
        path = root / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content.encode())


def repository(tmp_path: Path, *names: str) -> Path:
    """A copy of one application, or of several side by side."""
    root = tmp_path / "repo"
    for name in names:
        shutil.copytree(
            APPS / name, root if len(names) == 1 else root / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    return root


def drafted(root: Path, **options: object) -> Draft:
    made = draft(root, files_of(root), **options)  # type: ignore[arg-type]
    write(root, made)
    return made


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every application with its drafted files, and a monorepo of three."""
    base = tmp_path_factory.mktemp("apps")
    roots = {name: repository(base / name, name) for name in NAMES}
    roots["monorepo"] = repository(base / "monorepo", "express", "flask", "go")
    for root in roots.values():
        drafted(root)
    return roots


@pytest.mark.parametrize(("pattern", "command"), CHECKS, ids=[" ".join(command[:3]) for _, command in CHECKS])
def test_generated_files_are_clean(everything: dict[str, Path], pattern: str, command: list[str]) -> None:
    paths = [str(root / path) for root in everything.values() for path in files_of(root) if re.search(pattern, path)]
    assert len(paths) >= len(SERVED)
    done = subprocess.run(
        [str(SCRIPTS / command[0]), *command[1:], *paths], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not (SCRIPTS / "zizmor").exists(), reason="zizmor is not installed")
def test_workflows_satisfy_the_pedantic_auditor(everything: dict[str, Path]) -> None:
    paths = [str(path) for root in everything.values() for path in (root / ".github/workflows").glob("*.yml")]
    command = [str(SCRIPTS / "zizmor"), "--offline", "--persona", "pedantic", *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_second_draft_has_nothing_to_add(everything: dict[str, Path]) -> None:
    again = {name: draft(root, files_of(root)).files for name, root in everything.items()}
    assert {name: [file.path for file in files] for name, files in again.items() if files} == {}


def test_the_same_repository_gives_the_same_bytes(tmp_path: Path) -> None:
    root = repository(tmp_path, "express")
    assert draft(root, files_of(root)) == draft(root, list(reversed(files_of(root))))


@pytest.mark.parametrize("name", SERVED)
def test_an_image_is_what_the_persona_asks_for(everything: dict[str, Path], name: str) -> None:
    text = (everything[name] / "Dockerfile").read_text()
    final = text[text.rindex("\nFROM ") :]
    assert len(re.findall(r"^FROM ", text, re.MULTILINE)) >= 2
    assert re.search(r"^USER [1-9]\d*:\d+$", final, re.MULTILINE)
    assert "HEALTHCHECK" in final and re.search(r"^(CMD|ENTRYPOINT) \[", final, re.MULTILINE)
    assert ":latest" not in text and "--mount=type=cache" in text


def test_a_library_gets_ci_and_no_container(everything: dict[str, Path]) -> None:
    paths = set(files_of(everything["library"]))
    assert ".github/workflows/ci.yml" in paths
    assert not paths & {"Dockerfile", "compose.yaml", ".github/workflows/release.yml", "docs/runbook.md"}


def test_applications_of_a_monorepo_share_one_compose_file(everything: dict[str, Path]) -> None:
    root = everything["monorepo"]
    assert {path for path in files_of(root) if path.endswith("Dockerfile")} == {
        "express/Dockerfile", "flask/Dockerfile", "go/Dockerfile",
    }  # fmt: skip
    compose = (root / "compose.yaml").read_text()
    assert 'context: "./express"' in compose and "postgres:" in compose and "redis:" in compose


def test_a_build_sees_what_it_copies_and_nothing_secret(everything: dict[str, Path]) -> None:
    ignored = (everything["fastapi_uv"] / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    assert {"!pyproject.toml", "!uv.lock", "!src", "!README.md"} <= set(
        ignored
    )  # the readme is part of the package's metadata
    assert "**/.env" in ignored and "!tests" not in ignored


def test_secrets_have_names_and_no_values(everything: dict[str, Path]) -> None:
    example = (everything["flask"] / ".env.example").read_text()
    assert "SECRET_KEY=<from-the-secrets-manager>" in example and "PAGE_SIZE=20" in example
    assert "${SECRET_KEY:?" in (everything["flask"] / "compose.yaml").read_text()


def test_databases_are_not_published(everything: dict[str, Path]) -> None:
    compose = (everything["express"] / "compose.yaml").read_text()
    assert "condition: service_healthy" in compose and "127.0.0.1:4000:4000" in compose
    assert "5432:5432" not in compose


def test_what_exists_is_left_alone(tmp_path: Path) -> None:
    root = repository(tmp_path, "express")
    kept = {
        "Dockerfile": "FROM scratch\n",
        "docker-compose.yml": "services: {}\n",
        ".github/workflows/test.yml": "on: pull_request\n",
        ".github/workflows/ship.yml": "on: push\njobs: {a: {steps: [{uses: docker/build-push-action@x}]}}\n",
        ".github/dependabot.yml": "version: 2\n",
    }
    for path, text in kept.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    made = drafted(root)
    assert not {file.path for file in made.files} & {
        *kept,
        "compose.yaml",
        ".github/workflows/ci.yml",
        ".github/workflows/release.yml",
    }
    assert all((root / path).read_text() == text for path, text in kept.items())
    assert any(note.startswith("Dockerfile exists") for note in made.notes)
    assert draft(root, files_of(root)).files == []


def test_documents_are_merged_and_keep_their_line_endings(tmp_path: Path) -> None:
    root = repository(tmp_path, "pnpm")
    (root / "README.md").write_bytes(
        b"# Quotes\r\n\r\nMine.\r\n\r\n## Deployment\r\n\r\nAsk Kim.\r\n\r\n## Licence\r\n\r\nFree.\r\n"
    )
    example = (root / ".env.example").read_bytes()
    made = {file.path: file for file in drafted(root).files}
    readme = (root / "README.md").read_bytes()
    assert made["README.md"].action == "change"
    assert b"\n" not in readme.replace(b"\r\n", b"")
    assert readme.index(b"Ask Kim.") < readme.index(b"boringops:begin deployment") < readme.index(b"## Licence")
    after = (root / ".env.example").read_bytes()
    assert after.startswith(example) and b"QUOTES_API_KEY=<from-the-secrets-manager>\r\n" in after
    assert after.count(b"REDIS_URL=") == 1


def test_a_variable_that_people_wrote_with_spaces_is_not_written_again(tmp_path: Path) -> None:
    root = repository(tmp_path, "pnpm")
    there = (root / ".env.example").read_text() + "QUOTES_API_KEY = 'put yours here'\n"
    (root / ".env.example").write_text(there)
    drafted(root)
    assert "QUOTES_API_KEY=" not in (root / ".env.example").read_text()


def test_our_section_is_replaced_and_the_rest_is_not(tmp_path: Path) -> None:
    once = upsert("# A\n\nmine\n", "x", "Deployment", "one")
    twice = upsert(once + "\nalso mine\n", "x", "Deployment", "two")
    assert "one" not in twice and twice.count("## Deployment") == 1
    assert twice.startswith("# A\n\nmine\n") and twice.endswith("\nalso mine\n")


def test_a_repository_on_another_ci_gets_no_workflows(tmp_path: Path) -> None:
    root = repository(tmp_path, "express")
    (root / ".gitlab-ci.yml").write_text("test: {script: npm test}\n")
    made = drafted(root)
    assert not any(file.path.startswith(".github/") for file in made.files)
    assert any(".gitlab-ci.yml" in note for note in made.notes)


@pytest.mark.parametrize(
    ("task", "kinds"),
    [
        ("Containerize the app", {"containers", "docs"}),
        ("Set up a CI/CD pipeline", {"ci", "docs"}),
        ("Write a runbook", {"docs"}),
        ("Make this deployable", {"containers", "ci", "docs"}),
        ("Add a Dockerfile and a GitHub Actions workflow", {"containers", "ci", "docs"}),
    ],
)
def test_a_task_is_understood(task: str, kinds: set[str]) -> None:
    assert understand(task) == kinds


@pytest.mark.parametrize("wants", [{"containers"}, {"ci"}, {"docs"}, {"containers", "docs"}, {"ci", "docs"}])
def test_a_part_of_it_is_stable_too(tmp_path: Path, wants: set[str]) -> None:
    root = repository(tmp_path, "express")
    assert drafted(root, wants=wants).files
    assert draft(root, files_of(root), wants=wants).files == []


def test_the_plan_names_every_file_under_a_task_of_its_own(tmp_path: Path) -> None:
    root = repository(tmp_path, "django")
    made = draft(root, files_of(root))
    assert made.plan.confidence == "medium" and made.plan.assumptions and not made.plan.questions
    tasks = {task.id for phase in made.plan.phases for task in phase.tasks}
    assert {file.task for file in made.plan.files} == tasks
    assert [file.path for file in made.plan.files] == [file.path for file in made.files]
    assert made.plan.rollback and made.plan.cost and made.plan.deployment_strategy and made.plan.monitoring


def test_an_empty_repository_gets_nothing(tmp_path: Path) -> None:
    made = draft(tmp_path, [])
    assert made.files == [] and made.notes


def test_text_of_the_repository_cannot_break_out(tmp_path: Path) -> None:
    root = repository(tmp_path, "http")
    (root / "package.json").write_text(
        json.dumps({"name": "{{ 7*7 }} $(id)\nRUN x", "scripts": {"start": "node 'a b.js' {{ x }}"}, "type": "module"})
    )
    (root / "README.md").write_text(
        "# <!-- boringops:end deployment --> ${{ secrets.X }}\n\nOne `two` | three ${{ x }} four.\n"
    )
    drafted(root)
    text = "".join(
        (root / path).read_text() for path in files_of(root) if "Dockerfile" in path or path.endswith(("yml", "yaml"))
    )
    assert "secrets.X" not in text and "\nRUN x" not in text and "49" not in text
    assert draft(root, files_of(root)).files == []


# --- the health checks, against something that listens -----------------------------------------------


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path in {"/healthz", "/health", "/health/", "/ping", "/api/health"} else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), _Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()


@pytest.mark.parametrize("name", [name for name in SERVED if name != "go"])
def test_a_health_check_tells_life_from_death(everything: dict[str, Path], name: str, port: int) -> None:
    text = (everything[name] / "Dockerfile").read_text()
    found = re.search(r"HEALTHCHECK [^\n]*\\\n\s*CMD (\[.*\])", text)
    assert found
    command = json.loads(found[1])
    program = sys.executable if command[0] == "python" else shutil.which(command[0])
    if program is None:
        pytest.skip(f"{command[0]} is not installed")
    expose = re.search(r"^EXPOSE (\d+)$", text, re.MULTILINE)
    assert expose

    def probe(script: str) -> int:
        return subprocess.run([program, command[1], script], capture_output=True, check=False, timeout=20).returncode

    alive = command[2].replace(expose[1], str(port))
    assert probe(alive) == 0
    assert probe(re.sub(r"/(healthz|health/|health|ping|api/health)'", "/broken'", alive)) == 1
    assert probe(command[2].replace(expose[1], "1")) != 0


# --- the first memory bank ---------------------------------------------------------------------------


def test_a_first_memory_bank_says_what_is_there_and_what_is_not(tmp_path: Path) -> None:
    root = repository(tmp_path, "express")
    inventory = Inventory(files=[InventoryItem(path="Dockerfile", kind="dockerfile", tool="Docker")])
    bank = first_memory_bank(root, files_of(root), inventory)
    assert set(bank) == {
        f"memory-bank/{name}.md"
        for name in ("projectbrief", "productContext", "systemPatterns", "techContext", "activeContext", "progress")
    }
    assert "> Takes orders" in bank["memory-bank/projectbrief.md"]
    tech = bank["memory-bank/techContext.md"]
    assert "`npm test`" in tech and "`SESSION_SECRET` (secret)" in tech and "`Dockerfile`: dockerfile" in tech
    assert all("Not stated in the repository" in text for text in bank.values())


def test_drafting_goes_well_with_a_first_memory_bank(tmp_path: Path) -> None:
    root = repository(tmp_path, "express")
    (root / "memory-bank").mkdir()
    for path, text in first_memory_bank(root, files_of(root)).items():
        (root / path).write_text(text)
    drafted(root)
    patterns = (root / "memory-bank/systemPatterns.md").read_text()
    assert patterns.count("## Deployment") == 1 and "Built once, promoted by digest" in patterns
    assert draft(root, files_of(root)).files == []


def test_nothing_is_claimed_of_a_release_that_is_not_ours(tmp_path: Path) -> None:
    root = repository(tmp_path, "express")
    workflow = root / ".github/workflows/ship.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("on: push\njobs: {a: {steps: [{run: kubectl apply -f x}]}}\n")
    drafted(root)
    said = "".join(
        (root / path).read_text() for path in ("README.md", "docs/runbook.md", "memory-bank/systemPatterns.md")
    )
    assert ".github/workflows/ship.yml" in said and "romoted by digest" not in said and "promotes" not in said


@pytest.mark.parametrize(
    ("task", "named"),
    [
        ("Add GitLab CI with tests", ("GitLab CI",)),
        ("set up a Jenkinsfile", ("Jenkins",)),
        ("move from GitLab to GitHub Actions", ("GitHub Actions",)),
        ("replace Jenkins with CircleCI", ("CircleCI",)),
        ("GitHub Actions and GitLab CI for this", ("GitHub Actions", "GitLab CI")),
        ("a Jenkins pipeline for our GitHub repository", ("Jenkins",)),
        ("containerise this", ()),
        ("pipelines in Azure DevOps", ("Azure Pipelines",)),
        ("CI in Bitbucket", ("Bitbucket Pipelines",)),
    ],
)
def test_a_task_names_ci_systems(task: str, named: tuple[str, ...]) -> None:
    from boringops_tools.blueprints.words import named_systems

    assert named_systems(task) == named
