"""People's own Compose files: what they lack is added, no line of theirs changes, what is not certain is told instead."""

from __future__ import annotations

import copy
import difflib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from boringops_tools.blueprints import Draft, compose_merge
from boringops_tools.blueprints.context import Context
from boringops_tools.stack import detect
from boringops_tools.stack.tree import Tree
from tests.boringops_tools.test_blueprints import drafted, files_of
from tests.repos import git, make_repo

WANTS = {"containers", "docs"}
SERVER = """const express = require("express");
const app = express();
const pool = new (require("pg").Pool)({ connectionString: process.env.DATABASE_URL });
if (!process.env.SESSION_SECRET) throw new Error("SESSION_SECRET is missing");
app.get("/healthz", (_, answer) => answer.send("ok"));
app.listen(process.env.PORT || 3000);
"""
BARE = SERVER.replace(SERVER.splitlines()[2] + "\n", "")
"""Without a database."""
COMPOSE = """\
# Ours, since 2019. Ask Kim before you change it.
version: '3.8'

x-common: &common
    restart: always   # on purpose

services:

    shop:
        <<: *common
        build: .
        ports: ["3000:3000"]
        environment:
            - 'DATABASE_URL=postgres://shop:pw@store/shop'   # the one below
        depends_on: [store]

    # The database.
    store:
        image: "postgres:16-alpine"
        volumes:
            - store-data:/var/lib/postgresql/data
        # nothing else
"""


ASKED = (
    """["CMD", "node", "-e", "fetch('http://127.0.0.1:3000/healthz',{redirect:'manual'})"""
    """.then(r=>process.exit(r.status<400?0:1),()=>process.exit(1))"]"""
)


def shop(root: Path, composed: str, name: str = "compose.yaml", server: str = SERVER, **dependencies: str) -> Path:
    manifest = {
        "name": "shop",
        "scripts": {"start": "node server.js"},
        "dependencies": {"express": "^5.1.0"} | ({"pg": "^8.16.0"} if "Pool" in server else {}) | dependencies,
    }
    files = {"package.json": json.dumps(manifest), "server.js": server, "Dockerfile": "FROM node:24\n", name: composed}
    return make_repo(root, files)


def added(before: str, after: str) -> list[str]:
    """The lines that are new; fails where a line of before is gone or has moved."""
    compared = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[:2] in ("- ", "+ ")]
    assert [line for line in compared if line.startswith("- ")] == []
    return [line[2:] for line in compared]


def remarks(made: Draft, name: str = "compose.yaml") -> list[str]:
    return [said for said in made.plan.assumptions if said.startswith(name)]


def test_what_is_lacking_is_added_and_every_line_stays(tmp_path: Path) -> None:
    root = shop(tmp_path / "repo", COMPOSE)
    made = drafted(root, wants=WANTS)
    assert added(COMPOSE, (root / "compose.yaml").read_text()) == [
        "            - SESSION_SECRET=${SESSION_SECRET:?set it in .env}",
        "        healthcheck:",
        f"            test: {ASKED}",
        "            interval: 10s",
        "            timeout: 5s",
        "            retries: 5",
        "            start_period: 30s",
        "        healthcheck:",
        '            test: ["CMD-SHELL", "pg_isready -h 127.0.0.1 -U $${POSTGRES_USER:-postgres} -d $${POSTGRES_DB:-postgres}"]',
        "            interval: 5s",
        "            timeout: 5s",
        "            retries: 12",
        "            start_period: 20s",
        "",
        "volumes:",
        "    store-data: {}",
    ]
    why = next(file for file in made.plan.files if file.path == "compose.yaml").why
    assert "SESSION_SECRET of shop (server.js:4 fails without it)" in why
    assert any(said.startswith("compose.yaml:15: shop only waits until store is started") for said in remarks(made))
    assert drafted(root, wants=WANTS).files == []


def test_crlf_and_a_missing_last_newline_stay(tmp_path: Path) -> None:
    text = "services:\n  store:\n    image: postgres:16"
    root = shop(tmp_path / "repo", "")
    (root / "compose.yaml").write_bytes(text.replace("\n", "\r\n").encode())
    drafted(root, wants=WANTS)
    after = (root / "compose.yaml").read_bytes()
    assert after.startswith(text.replace("\n", "\r\n").encode() + b"\r\n    healthcheck:\r\n")
    assert after.count(b"\n") == after.count(b"\r\n")


def test_a_file_without_a_last_newline_keeps_its_last_line(tmp_path: Path) -> None:
    text = (
        "services:\n  store:\n    image: postgres:16\n    volumes: [data:/var/lib/postgresql/data]\nvolumes:\n  data:"
    )
    root = shop(tmp_path / "repo", text)
    drafted(root, wants=WANTS)
    after = (root / "compose.yaml").read_text()
    assert "    healthcheck:\n" in after and after.endswith("volumes:\n  data:")


@pytest.mark.parametrize(
    ("dockerfile", "ports", "asked"),
    [
        ("FROM node:24-alpine AS build\nFROM build\n", "3000:3000", True),
        ("FROM node:16\n", "3000:3000", False),
        ("FROM acme/base:1\n", "3000:3000", False),
        ('FROM node:24\nHEALTHCHECK CMD ["true"]\n', "3000:3000", False),
        ("FROM node:24\n", "3000:8080", False),
    ],
)
def test_an_application_is_asked_by_what_is_certainly_in_its_image(
    tmp_path: Path, dockerfile: str, ports: str, asked: bool
) -> None:
    root = shop(
        tmp_path / "repo",
        f"services:\n  shop:\n    build: .\n    env_file: .env\n    ports: ['{ports}']\n",
        server=BARE,
    )
    (root / "Dockerfile").write_text(dockerfile)
    drafted(root, wants=WANTS)
    assert ("healthcheck" in yaml.safe_load((root / "compose.yaml").read_text())["services"]["shop"]) == asked


HEALTH = {
    "mongo:4.4": "mongo",
    "mongo:5": "mongo",
    "mongo:8.0-noble": "mongosh",
    "docker.io/library/mysql:8": "mysqladmin",
    "mariadb:10.6.4-focal": "mysqladmin",
    "mariadb:11": "mariadb-admin",
    "mariadb": "mariadb-admin",
    "valkey/valkey:8": "valkey-cli",
    "redis:alpine": "redis-cli",
    "rabbitmq:3-management": "rabbitmq-diagnostics",
    "pgvector/pgvector:pg17": "CMD-SHELL",
    "mysql/mysql-server:5.7": "",
    "redis:${TAG:-8}": "redis-cli",
    "mongo:${TAG}": "",
}


@pytest.mark.parametrize("image", HEALTH)
def test_a_health_check_is_made_of_what_that_version_of_the_image_has(tmp_path: Path, image: str) -> None:
    root = shop(tmp_path / "repo", f"services:\n  it:\n    image: {image}\n", server=BARE)
    drafted(root, wants=WANTS)
    service = yaml.safe_load((root / "compose.yaml").read_text())["services"]["it"]
    told = [word for word in service.get("healthcheck", {}).get("test", [""]) if word != "CMD"]
    assert told[0] == HEALTH[image]


REDIS = SERVER.replace("if (", 'require("redis").createClient({ url: process.env.REDIS_URL });\nif (')


def test_a_service_that_the_code_needs_comes_with_what_leads_to_it(tmp_path: Path) -> None:
    composed = COMPOSE.replace("[store]", "\n            - store").replace("services:\n\n", "services:\n")
    root = shop(tmp_path / "repo", composed, server=REDIS, redis="^5.0.0")
    drafted(root, wants=WANTS)
    text = (root / "compose.yaml").read_text()
    assert "            - REDIS_URL=redis://redis:6379/0" in added(composed, text)
    assert "            - store\n            - redis\n" in text and "\n\n    redis:\n        image: redis:" in text
    assert "\n    redis-data: {}\n" in text
    assert drafted(root, wants=WANTS).files == []


UNCERTAIN = {
    "it may be there under another name": (
        "    cache:\n        image: acme/cache:1\n",
        "cache (compose.yaml:23) may be it",
    ),
    "it is commented out": ("    # redis:\n    #     image: redis:7\n", "one is commented out (compose.yaml:23)"),
    "the name is taken": ("    redis:\n        image: acme/proxy:1\n", "redis (compose.yaml:23) may be it"),
}


@pytest.mark.parametrize("case", UNCERTAIN)
def test_where_it_is_not_certain_no_service_is_added(tmp_path: Path, case: str) -> None:
    more, why = UNCERTAIN[case]
    root = shop(tmp_path / "repo", COMPOSE + more, server=REDIS, redis="^5.0.0")
    made = drafted(root, wants=WANTS)
    assert "redis-data" not in (root / "compose.yaml").read_text()
    assert any("no redis is added, though redis in package.json:1" in said and why in said for said in remarks(made))


def test_a_second_database_is_a_choice_and_not_a_lack(tmp_path: Path) -> None:
    root = shop(tmp_path / "repo", COMPOSE, mongoose="^8.0.0")
    made = drafted(root, wants=WANTS)
    assert "mongo" not in (root / "compose.yaml").read_text()
    assert any("store (compose.yaml:18) is the database there" in said for said in remarks(made))


def test_variables_are_added_to_the_application_only_where_it_is_certain_which_that_is(tmp_path: Path) -> None:
    two = "services:\n  one:\n    build: .\n  two:\n    build: .\n"
    root = shop(tmp_path / "repo", two, server=BARE)
    made = drafted(root, wants=WANTS)
    assert (root / "compose.yaml").read_text() == two
    assert any("one and two are all built from shop" in said for said in remarks(made))
    published = two + '    ports: ["3000:3000"]\n'
    other = shop(tmp_path / "other", published, server=BARE)
    drafted(other, wants=WANTS)
    new = added(published, (other / "compose.yaml").read_text())
    assert new[-2:] == ["    environment:", "      SESSION_SECRET: ${SESSION_SECRET:?set it in .env}"]


SERVED = "services:\n  shop: {build: ., env_file: .env}\n  db:\n"
KEPT = {
    "a file of variables": "services:\n  shop:\n    build: .\n    env_file: .env\n",
    "a variable of the image": "services:\n  shop:\n    build: .\n",
    "a health check": SERVED + "    image: postgres:16\n    healthcheck: {test: [CMD, pg_isready]}\n",
    "a health check turned off": SERVED + "    image: postgres:16\n    healthcheck:\n      disable: true\n",
    "another port": SERVED + "    image: redis:8\n    command: redis-server --port 7000\n",
    "no known image": SERVED + "    image: acme/postgres-with-things:1\n",
    "an extended service": "services:\n  shop:\n    build: .\n    extends: {file: base.yaml, service: shop}\n",
    "no services at all": "include:\n  - other.yaml\n",
    "no YAML": "services:\n  a: [\n",
}


@pytest.mark.parametrize("case", KEPT)
def test_what_is_said_elsewhere_or_otherwise_stays(tmp_path: Path, case: str) -> None:
    root = shop(tmp_path / "repo", KEPT[case], server=BARE)
    if case == "a variable of the image":
        (root / "Dockerfile").write_text("FROM node:24\nENV SESSION_SECRET=x \\\n    OTHER=y\n")
    drafted(root, wants=WANTS)
    assert (root / "compose.yaml").read_text() == KEPT[case]


def test_an_override_counts_as_the_file_itself(tmp_path: Path) -> None:
    composed = "services:\n  shop:\n    build: .\n  db:\n    image: postgres:16\n"
    root = shop(tmp_path / "repo", composed)
    (root / "compose.override.yaml").write_text(
        "services:\n  shop:\n    environment: [SESSION_SECRET=x]\n  db:\n    healthcheck: {test: [CMD, pg_isready]}\n"
    )
    drafted(root, wants=WANTS)
    assert (root / "compose.yaml").read_text() == composed


SHARED = """\
services:
  shop:
    build: .
    environment: &common
      A: b
  other:
    image: acme/other:1
    environment: *common
"""
BY_MERGE_KEY = """\
x-env: &env
  environment:
    A: b
services:
  shop:
    <<: *env
    build: .
"""
ON_ONE_LINE = "services:\n  shop: {build: ., environment: {A: b}}\n"


@pytest.mark.parametrize("composed", [SHARED, BY_MERGE_KEY, ON_ONE_LINE])
def test_what_cannot_be_added_without_touching_more_is_told(tmp_path: Path, composed: str) -> None:
    root = shop(tmp_path / "repo", composed)
    made = drafted(root, wants=WANTS)
    assert (root / "compose.yaml").read_text() == composed
    assert any("SESSION_SECRET of shop is lacking and could not be added" in said for said in remarks(made))


def test_what_people_took_out_again_stays_out(tmp_path: Path) -> None:
    composed = "services:\n  shop:\n    build: .\n    environment: {SESSION_SECRET: a}\n  db:\n    image: postgres:16\n"
    root = shop(tmp_path / "repo", composed)
    drafted(root, wants=WANTS)
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "Work\n\nBoringops-Run: 20260101-000000-abcd")
    (root / "compose.yaml").write_text(composed)
    made = drafted(root, wants=WANTS)
    assert made.files == [] and (root / "compose.yaml").read_text() == composed
    assert any("was added before and was taken out since" in said for said in remarks(made))


STORE = """\
services:
  store:
    image: postgres:16
    environment:
      - POSTGRES_USER=${DB_USER}
      - POSTGRES_PASSWORD=${DB_PASSWORD}
    networks: [inner]
  adminer:
    image: adminer:5
networks:
  inner:
"""


def test_an_application_comes_behind_a_profile_where_only_its_services_are_there(tmp_path: Path) -> None:
    root = shop(tmp_path / "repo", STORE)
    drafted(root, wants=WANTS)
    text = (root / "compose.yaml").read_text()
    assert added(STORE, text)
    service = yaml.safe_load(text)["services"]["shop"]
    assert service["profiles"] == ["app"] and service["networks"] == ["inner"]
    assert service["environment"]["DATABASE_URL"] == "postgresql://${DB_USER}:${DB_PASSWORD}@store:5432/${DB_USER}"
    assert service["depends_on"] == {"store": {"condition": "service_healthy"}}
    assert "docker compose --profile app up --build --wait" in (root / "README.md").read_text()
    example = (root / ".env.example").read_text()
    assert "DB_USER=" in example and "POSTGRES_PASSWORD" not in example
    assert drafted(root, wants=WANTS).files == []


NOT_ADDED = {
    "something may be it": (
        STORE + "# end\n",
        "  adminer:\n    image: adminer:5\n",
        "  web:\n    image: acme/shop:1\n",
        "web (compose.yaml:8) may be it",
    ),
    "no login": (STORE, "      - POSTGRES_PASSWORD=${DB_PASSWORD}\n", "", "does not state its login"),
    "an odd login": (STORE, "${DB_PASSWORD}", "a/b@c", "cannot be said again in a URL"),
    "no database": (STORE, "image: postgres:16", "image: redis:8", "has no postgres"),
    "the name": (STORE, "  adminer:\n", "  shop:\n", "the name shop is taken"),
    "the port": (STORE, "    networks: [inner]\n", "    ports: [3000:5432]\n", "port 3000 of the machine is taken"),
}


@pytest.mark.parametrize("case", NOT_ADDED)
def test_an_application_is_not_added_where_it_is_not_certain_how(tmp_path: Path, case: str) -> None:
    composed, old, new, why = NOT_ADDED[case]
    root = shop(tmp_path / "repo", composed.replace(old, new))
    made = drafted(root, wants=WANTS)
    assert "profiles" not in (root / "compose.yaml").read_text()
    assert any("no service is added for shop" in said and why in said for said in remarks(made))


def run(root: Path) -> dict[str, Any]:
    git(root, "config", "user.name", "Tester")
    git(root, "config", "user.email", "tester@localhost")
    command = [sys.executable, "-m", "boringops", "run", "containerise this", "--offline", "--approve", "auto"]
    done = subprocess.run([*command, "--output", "json", "-C", str(root)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_the_whole_run_keeps_every_line_and_the_second_one_has_nothing_to_do(tmp_path: Path) -> None:
    root = shop(tmp_path / "repo", COMPOSE)
    assert run(root)["commit"]
    assert len(added(COMPOSE, (root / "compose.yaml").read_text())) == 16
    head = git(root, "rev-parse", "HEAD")
    again = run(root)
    assert git(root, "rev-parse", "HEAD") == head
    assert "compose.yaml:16: shop only waits" in again["summary"]


def test_flaws_that_were_there_and_variables_of_the_file_do_not_stop_a_run(tmp_path: Path) -> None:
    root = shop(
        tmp_path / "repo",
        COMPOSE + "    admin:\n        image: adminer:${ADMIN_TAG-latest}\n    old:\n        image: adminer\n",
    )
    result = run(root)
    assert ("image/untagged", "info") in {(each["rule"], each["severity"]) for each in result["findings"]}
    assert "# ADMIN_TAG: asked for by compose.yaml." in (root / ".env.example").read_text()


def test_an_example_says_of_no_variable_that_compose_sets_it_where_it_does_not(tmp_path: Path) -> None:
    root = shop(tmp_path / "repo", COMPOSE.replace("DATABASE_URL", "OTHER_URL"))
    (root / ".env.example").write_text("# SESSION_SECRET=\n")
    drafted(root, wants=WANTS)
    text = (root / ".env.example").read_text()
    assert "# DATABASE_URL: read in server.js:3; secret.\n" in text
    assert text.count("SESSION_SECRET") == 1


ODD = st.sampled_from([None, 5, True, "x", "", "a:b:c", "${X}", [], {}, [1], [None], {"a": 1}, {"a": {"b": []}}, [[]]])


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [found for key, each in pairs for found in [(*path, key), *places(each, (*path, key))]]


@pytest.fixture(scope="module")
def somewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shop(tmp_path_factory.mktemp("odd") / "repo", COMPOSE, server=REDIS, redis="^5.0.0")


@settings(max_examples=40, deadline=None)
@given(data=st.data(), base=st.sampled_from([COMPOSE, STORE]))
def test_whatever_a_file_holds_no_line_changes_and_a_second_look_adds_nothing(
    somewhere: Path, data: Any, base: str
) -> None:
    document = yaml.safe_load(base)
    *above, key = data.draw(st.sampled_from(places(document)))
    node = document
    for step in above:
        node = node[step]
    node[key] = copy.deepcopy(data.draw(ODD))
    text = yaml.safe_dump(document, sort_keys=False, default_flow_style=data.draw(st.sampled_from([False, None])))

    def merged(text: str) -> str:
        (somewhere / "compose.yaml").write_text(text)
        files = files_of(somewhere)
        tree, stack = Tree(somewhere, files), detect(somewhere, files)
        made = compose_merge.merged(Context(tree, stack, frozenset({"containers", "image"})))
        return made.text if made else text

    once = merged(text)
    added(text, once)
    assert merged(once) == once
