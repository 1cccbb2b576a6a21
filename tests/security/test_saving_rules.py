"""A person's "yes": once, for the run, or as a rule that is saved after it was shown."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from boringops.cli.person import TerminalPerson
from boringops.cli.progress import Progress
from boringops.config_file import save_allow_rule
from boringops.errors import UsageError
from boringops.executor import Answer
from boringops.models.scripted import tool
from boringops.suggestions import ordinary, would_allow
from tests.e2e.playing import GIVING_UP, PLAIN, Player, call, planned
from tests.repos import make_repo

PLAN = call("SubmitPlan", **planned("docs/runbook.md"))

# --- what a rule would allow -------------------------------------------------------------------------


def test_examples_are_ordinary_commands_that_the_rule_lifts() -> None:
    found = would_allow("Bash(docker *)")
    assert found and set(found) <= set(ordinary())
    assert all(command.startswith("docker ") for command in found)
    assert would_allow("Bash(terraform plan *)") == [
        "terraform plan", "terraform plan -out=tfplan", "terraform plan -var-file=prod.tfvars",
    ]  # fmt: skip
    assert would_allow("Bash(terraform destroy)") == [], "no rule lifts it"
    assert would_allow("Bash(ls *)") == [], "runs without a rule"


# --- the prompt --------------------------------------------------------------------------------------

Ask = Callable[..., tuple[Answer, str]]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Asks a person about a command, who types these lines; the answer, and what was shown."""
    make_repo(tmp_path / "shop", {})

    def ask(command: str, *typed: str) -> tuple[Answer, str]:
        lines = iter(typed)
        monkeypatch.setattr("builtins.input", lambda: next(lines))
        person = TerminalPerson(Progress(), tmp_path / "shop")
        answer = person.allow("Bash", {"command": command}, "it reaches out")
        assert next(lines, None) is None, "something was not asked"
        return answer, capsys.readouterr().err

    return ask


def test_once(ask: Ask) -> None:
    assert ask("terraform plan", "y") == (Answer(True, "it reaches out"), ask("terraform plan", "y")[1])
    assert ask("terraform plan", "n")[0].approved is False
    assert ask("terraform plan", "")[0].approved is False


def test_for_this_run_shows_what_else_it_allows(ask: Ask, tmp_path: Path) -> None:
    answer, shown = ask("terraform plan -out x", "r", "y")
    assert (answer.approved, answer.rules) == (True, ("Bash(terraform plan *)",))
    assert "terraform plan -var-file=prod.tfvars" in shown
    assert not (tmp_path / "shop/.boringops.toml").exists()
    assert ask("terraform plan -out x", "r", "n")[0] == Answer(False, "it reaches out")


def test_always_is_saved_once_it_was_shown(ask: Ask, tmp_path: Path) -> None:
    answer, shown = ask("terraform plan -out x", "a", "y")
    assert answer.approved and "Bash(terraform plan *)" in shown
    saved = tomllib.loads((tmp_path / "shop/.boringops.toml").read_text())
    assert saved == {"permissions": {"allow": ["Bash(terraform plan *)"]}}


@pytest.mark.parametrize("command", ["terraform apply", "kubectl delete pod x", "ls && terraform destroy"])
def test_for_destruction_only_once_is_offered(ask: Ask, command: str) -> None:
    answer, shown = ask(command, "always")
    assert (answer.approved, answer.rules) == (False, ())
    assert "for this [r]un" not in shown


def test_what_cannot_be_seen_is_written_out(ask: Ask) -> None:
    assert "<U+202E>" in ask("terraform plan \u202e -x", "n")[1]


def test_a_rule_for_the_run_holds_for_the_run_and_is_in_the_journal(tmp_path: Path, reached: list[str]) -> None:
    asked: list[str] = []

    class Person:
        def approve(self, plan: object) -> Answer:
            return Answer(True)

        def allow(self, tool: str, call: dict[str, str], reason: str) -> Answer:
            asked.append(call["command"])
            return Answer(True, "go on", ("Bash(terraform plan *)",))

        def answer(self, questions: object) -> str:
            return ""

    (tmp_path / "plain.md").write_text(PLAIN)
    player = Player(make_repo(tmp_path / "work/shop"), tmp_path / "plain.md")
    commands = ["terraform plan", "terraform plan -out=x", "terraform init", "terraform destroy"]
    played = player.play(
        PLAN, [tool("Bash", command=each) for each in commands], *GIVING_UP, person=Person(), approve="ask"
    )  # type: ignore[arg-type]
    assert asked == ["terraform plan", "terraform init", "terraform destroy"], "the second has a rule; destruction asks"
    assert reached == commands
    granted = [event.rules for event in played.events if event.type == "policy_decided" and event.rules]
    assert granted[0] == ["Bash(terraform plan *)"]


# --- the file ----------------------------------------------------------------------------------------

RULE = "Bash(terraform plan *)"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f'[permissions]\nallow = ["{RULE}"]\n'),
        ("# mine\nstrict = true\n", f'# mine\nstrict = true\n\n[permissions]\nallow = ["{RULE}"]\n'),
        ("[permissions]\n", f'[permissions]\nallow = ["{RULE}"]\n'),
        ('[permissions] # rules\ndeny = ["x"]\n', f'[permissions] # rules\nallow = ["{RULE}"]\ndeny = ["x"]\n'),
        ('[permissions]\nallow = ["Bash(ls)"] # ok\n', f'[permissions]\nallow = ["{RULE}", "Bash(ls)"] # ok\n'),
        ("[permissions]\nallow = []\n[report]\n", f'[permissions]\nallow = ["{RULE}", ]\n[report]\n'),
        (f'[permissions]\nallow = ["{RULE}"]\n', f'[permissions]\nallow = ["{RULE}"]\n'),
    ],
)
def test_a_rule_is_added_and_nothing_else_moves(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / ".boringops.toml"
    if before:
        path.write_text(before)
    save_allow_rule(tmp_path, RULE)
    assert path.read_text() == after


@pytest.mark.parametrize("text", ['permissions = {allow = ["x"]}\n', 'permissions.allow = ["x"]\n', "strict = \n"])
def test_a_file_that_cannot_be_added_to_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / ".boringops.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as raised:
        save_allow_rule(tmp_path, RULE)
    assert RULE in raised.value.hint
    assert path.read_text() == text
