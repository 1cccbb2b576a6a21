"""What is found in one file may be mended in another: verification looks at both again."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.playing import GIVING_UP, PLAIN, Player, call, planned
from tests.repos import make_repo

COMPOSE = "services:\n  {name}:\n    image: postgres:17.6-bookworm\n"
MAKE = "test:\n\tdocker compose run --rm db psql\n"


def test_a_command_that_fails_for_what_another_file_says_passes_once_that_is_mended(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "shop")
    persona = tmp_path / "plain.md"
    persona.write_text(PLAIN)
    finish = call("Finish", summary="The database is there.")
    played = Player(root, persona).play(
        call("SubmitPlan", **planned("compose.yaml", "Makefile")),
        call("Write", file_path="compose.yaml", content=COMPOSE.format(name="database")),
        call("Write", file_path="Makefile", content=MAKE),
        finish,
        call("Edit", file_path="compose.yaml", old_string="  database:", new_string="  db:"),
        finish,
        finish,
        *GIVING_UP,
        task="Describe the database",
    )
    first = played.of("Finish")[0]
    assert first.is_error and "consistency/compose-service" in first.content
    assert played.result.status == "done", played.refusal("Finish")
    assert [found.rule for found in played.result.findings if found.path == "Makefile"] == []


def test_a_variable_of_compose_is_asked_for_under_its_whole_name(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "shop")
    persona = tmp_path / "plain.md"
    persona.write_text(f"{PLAIN}\nEvery variable is in .env.example.\n")
    finish = call("Finish", summary="The mail server is there.")
    played = Player(root, persona).play(
        call("SubmitPlan", **planned("compose.yaml")),
        call(
            "Write", file_path="compose.yaml", content=COMPOSE.format(name="db") + "    hostname: ${Database__Host}\n"
        ),
        finish,
        call("Write", file_path=".env.example", content="Database__Host=db\n"),
        finish,
        *GIVING_UP,
        task="Describe the database",
    )
    asked, settled = played.of("Finish")[:2]
    assert "does not document Database__Host (compose.yaml), " in asked.content
    assert "Database__Host" not in settled.content
