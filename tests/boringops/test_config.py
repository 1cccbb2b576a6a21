"""Configuration: each layer over the one before, and every mistake named where it was made."""

from __future__ import annotations

from pathlib import Path

import pytest

from boringops import config
from boringops.errors import UsageError


def test_file_under_environment_under_settings_under_flags(tmp_path: Path) -> None:
    (tmp_path / config.FILE).write_text(
        'max_turns = 1\nmax_cost = 1\napprove = "auto"\nmodel = "opus"\n[provider]\neffort = "low"\n'
    )
    env = {"BORINGOPS_MAX_COST": "2", "BORINGOPS_APPROVE": "never", "BORINGOPS_PROVIDER__REGION": "eu-west-1"}
    loaded = config.load(
        tmp_path, env=env, sets=["approve=ask", "provider.effort=high"], flags={"model": "sonnet", "phase": None}
    )
    assert (loaded.max_turns, loaded.max_cost, loaded.approve, loaded.model) == (1, 2.0, "ask", "sonnet")
    assert (loaded.provider.effort, loaded.provider.region) == ("high", "eu-west-1")


def test_a_resumed_run_keeps_its_configuration_but_for_what_is_said_now(tmp_path: Path) -> None:
    (tmp_path / config.FILE).write_text("max_turns = 7\n")
    before = config.load(None, env={}, flags={"approve": "auto", "max_turns": 3})
    loaded = config.load(
        tmp_path, base=before.model_dump(mode="json"), env={"BORINGOPS_MAX_TURNS": "9"}, flags={"max_cost": 2.0}
    )
    assert (loaded.approve, loaded.max_turns, loaded.max_cost) == ("auto", 3, 2.0)


def test_lists_are_read_from_text() -> None:
    loaded = config.load(None, env={}, sets=['permissions.allow=["Bash(npm test)"]', "worktree=true"])
    assert loaded.permissions.allow == ["Bash(npm test)"]
    assert loaded.worktree is True


@pytest.mark.parametrize(
    ("text", "where", "hint"),
    [
        ('approve = "auto"\n\naproove = "auto"\n', ".boringops.toml:3", "approve"),
        ('[provider]\nefort = "low"\n', ".boringops.toml:2", "provider.effort"),
        ("max_turns = 0\n", ".boringops.toml:1", "schema config"),
        ('approve = "yes"\n', ".boringops.toml:1", "schema config"),
        ("max_turns = \n", ".boringops.toml", "schema config"),
    ],
)
def test_a_mistake_in_the_file_names_the_line_and_the_way_out(tmp_path: Path, text: str, where: str, hint: str) -> None:
    (tmp_path / config.FILE).write_text(text)
    with pytest.raises(UsageError) as caught:
        config.load(tmp_path, env={})
    assert where in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("region", ["evil.example/", "x@evil.example/", "eu-west-1?", "eu-west-1\n", ""])
def test_a_region_is_no_more_than_a_part_of_an_address(tmp_path: Path, region: str) -> None:
    """The provider's libraries put it into the host as it is: `https://{region}-aiplatform.googleapis.com`."""
    with pytest.raises(UsageError, match=r"provider\.region"):
        config.load(tmp_path, flags={"provider": {"region": region}})
    loaded = config.load(tmp_path, flags={"provider": {"region": "europe-west1"}})
    assert loaded.provider.region == "europe-west1"


def test_mistakes_elsewhere_are_named_by_variable_flag_and_setting() -> None:
    with pytest.raises(UsageError, match="BORINGOPS_MAX_COST"):
        config.load(None, env={"BORINGOPS_MAX_COST": "lots"})
    with pytest.raises(UsageError, match="--max-turns"):
        config.load(None, env={}, flags={"max_turns": -1})
    with pytest.raises(UsageError, match="KEY=VALUE"):
        config.load(None, env={}, sets=["approve"])
    with pytest.raises(UsageError, match="-c nothing: there is no setting"):
        config.load(None, env={}, sets=["nothing.like.it=1"])


def test_bytes_that_are_no_text_are_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / config.FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read"):
        config.load(tmp_path, env={})
