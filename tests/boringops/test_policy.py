"""Who decides what: phases, the user's rules, and what nobody can allow."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boringops.errors import UsageError
from boringops.permissions import Rules, parse_rule
from boringops.policy import Decision, decide
from boringops.suggestions import generalise
from boringops.tool import Effect


@dataclass
class Lists:
    allow: list[str] = field(default_factory=list)
    ask: list[str] = field(default_factory=list)
    deny: list[str] = field(default_factory=list)


def bash(
    command: str, *, phase: Any = "act", person: bool = True, approve: Any = "ask", **lists: list[str]
) -> Decision:
    rules = Rules.of(Lists(**lists))
    return decide("Bash", Effect.COMMAND, [], command, phase=phase, approve=approve, interactive=person, rules=rules)


def call(
    tool: str, effect: Effect, path: str, *, phase: Any = "act", person: bool = True, **lists: list[str]
) -> Decision:
    rules = Rules.of(Lists(**lists))
    return decide(tool, effect, [path], None, phase=phase, approve="ask", interactive=person, rules=rules)


# --- by effect ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "with_person", "alone"),
    [
        ("ls", "allow", "allow"),
        ("npm test", "allow", "allow"),
        ("terraform plan", "ask", "deny"),
        ("frobnicate", "ask", "deny"),
        ("terraform apply", "ask", "deny"),
        ("git commit -m x", "deny", "deny"),
        ("ls && terraform plan && npm test", "ask", "deny"),
    ],
)
def test_effects_in_the_act_phase(command: str, with_person: str, alone: str) -> None:
    assert bash(command).action == with_person
    assert bash(command, person=False, approve="auto").action == alone
    assert bash(command, approve="never").action == alone


@pytest.mark.parametrize("phase", ["context", "plan", "report", "commit"])
def test_only_reading_outside_act(phase: str) -> None:
    assert bash("git log | head", phase=phase).action == "allow"
    for command in ("touch a", "terraform plan", "frobnicate", "terraform apply", "ls > out"):
        decision = bash(command, phase=phase, allow=["Bash"])
        assert decision.action == "deny"
        assert "SubmitPlan" in decision.reason
    assert call("Read", Effect.READ, "a", phase=phase).action == "allow"
    assert call("SubmitPlan", Effect.CONTROL, "", phase=phase).action == "allow"
    written = call("Write", Effect.WRITE, "a", phase=phase, allow=["Edit"])
    assert (written.action, "SubmitPlan" in written.reason) == ("deny", True)


def test_writing_in_the_act_phase() -> None:
    assert call("Write", Effect.WRITE, "infra/main.tf").action == "allow"
    assert call("Edit", Effect.WRITE, "infra/main.tf", phase="verify").action == "allow"


def test_a_denial_for_want_of_a_person_says_what_to_do() -> None:
    decision = bash("terraform plan", person=False)
    assert "nobody is here" in decision.reason
    assert "follow-up" in decision.reason


# --- rules -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "matching", "not_matching"),
    [
        ("Bash", ["anything"], []),
        ("Bash(*)", ["anything"], []),
        ("Bash(npm run build)", ["npm run build"], ["npm run build x", "npm run builds"]),
        ("Bash(npm run *)", ["npm run", "npm run a", "npm run a b"], ["npm runner", "npm install"]),
        ("Bash(npm run:*)", ["npm run", "npm run a"], ["npm runner"]),
        ("Bash(ls*)", ["ls", "lsof -i", "ls -la"], ["cat ls"]),
        ("Bash(* --help)", ["foo bar --help"], ["foo --help x"]),
        ("Bash(git * main)", ["git push origin main", "git merge main"], ["git push origin dev"]),
        ("Bash(a.b *)", ["a.b x"], ["axb x"]),
    ],
)
def test_command_patterns(rule: str, matching: list[str], not_matching: list[str]) -> None:
    command = parse_rule(rule).command
    assert all(command is None or command.fullmatch(each) for each in matching)
    assert not any(command is None or command.fullmatch(each) for each in not_matching)


HOME = str(Path.home())


@pytest.mark.parametrize(
    ("rule", "matching", "not_matching"),
    [
        ("Edit(infra/**)", ["infra/a.tf", "infra/b/c.tf"], ["src/infra.tf", "a/infra/x"]),
        ("Read(*.pem)", ["a.pem", "keys/b.pem"], ["a.pem.txt"]),
        ("Read(./secret)", ["secret", "secret/a"], ["a/secret"]),
        ("Read(/secret)", ["secret"], ["a/secret"]),
        ("Read(secret)", ["secret", "a/secret"], []),
        ("Edit(//etc/**)", ["/etc/hosts"], ["etc/hosts"]),
        ("Read(~/.config/**)", ["~/.config/a", f"{HOME}/.config/a"], [".config/a"]),
        ("Edit(src/**/*.py)", ["src/a.py", "src/b/c.py", "./src/a.py", "src/../src/a.py"], ["src/a.js"]),
    ],
)
def test_path_patterns(rule: str, matching: list[str], not_matching: list[str]) -> None:
    path = parse_rule(rule).path
    assert path is not None
    assert [each for each in matching if not path(each)] == []
    assert [each for each in not_matching if path(each)] == []


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        ("Bash(npm run", "Bash(terraform plan *)"),
        ("", "Tool(specifier)"),
        ("Bash()", "`Bash` for every use"),
        ("Bsh(ls)", "Did you mean `Bash`?"),
        ("Write(src/**)", "Edit(src/**)"),
        ("Grep(src/**)", "Read(src/**)"),
        ("Finish(x)", "`Finish` alone"),
        ("Bash(npm:*run)", "at the end only"),
    ],
)
def test_a_malformed_rule_is_named_with_the_right_form(rule: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        Rules.of(Lists(ask=["Bash", rule]))
    assert "permissions.ask[1]" in raised.value.message
    assert f"`{rule}`" in raised.value.message
    assert hint in raised.value.hint


def test_deny_before_ask_before_allow() -> None:
    rule = "Bash(npm test)"
    assert bash("npm test", deny=[rule], ask=[rule], allow=[rule]).action == "deny"
    assert bash("npm test", ask=[rule], allow=[rule]).action == "ask"
    decision = bash("terraform plan -out x", allow=["Bash(terraform plan *)"], person=False)
    assert (decision.action, decision.rule) == ("allow", "Bash(terraform plan *)")


@pytest.mark.parametrize(
    "command",
    [
        "npm publish", "ls && npm publish", "ls; (npm publish)", "echo $(npm publish)", "sudo npm publish",
        "timeout 5 npm publish", "FOO=1 npm publish", "bash -c 'npm publish'", "'npm' publish", "n\\pm publish",
        "/usr/bin/npm publish", "find . -exec npm publish \\;", "xargs npm publish", "if ls; then npm publish; fi",
        "docker exec web npm publish", "npm publish > /dev/null",
    ],
)  # fmt: skip
def test_deny_sees_through_every_shape(command: str) -> None:
    decision = bash(command, deny=["Bash(npm publish *)"], allow=["Bash"])
    assert (decision.action, decision.rule) == ("deny", "Bash(npm publish *)")


@pytest.mark.parametrize(
    ("command", "action"),
    [
        ("terraform plan", "allow"),
        ("cd infra && terraform plan | tail", "allow"),
        ("timeout 60 terraform plan", "allow"),
        ("TF_LOG=x terraform plan", "allow"),
        ("terraform plan && frobnicate", "ask"),
        ("terraform plan $(frobnicate)", "ask"),
        ("sudo terraform plan", "ask"),
        ("PATH=. terraform plan", "ask"),
        ("terraform plan > /etc/x", "deny"),
        ("terraform plan > /tmp/x", "ask"),
        ("terraform plan; terraform apply", "ask"),
        ("bash -c 'terraform plan'", "allow"),
        ("docker exec web terraform plan", "ask"),
    ],
)
def test_allow_holds_only_where_every_part_is_allowed(command: str, action: str) -> None:
    assert bash(command, allow=["Bash(terraform plan *)"]).action == action


def test_no_rule_lifts_destruction() -> None:
    for rule in ("Bash", "Bash(*)", "Bash(terraform *)"):
        assert bash("terraform destroy", allow=[rule]).action == "ask"
        assert bash("terraform destroy", allow=[rule], person=False, approve="auto").action == "deny"


def test_redirections_are_edits() -> None:
    assert bash("ls > infra/x", deny=["Edit(infra/**)"]).action == "deny"
    assert bash("ls | tee infra/x", deny=["Edit(infra/**)"]).action == "deny"
    assert bash("sed -i s/a/b/ infra/x", ask=["Edit(infra/**)"]).action == "ask"
    assert bash("ls > /tmp/x", allow=["Bash"]).action == "ask"
    assert bash("ls > /tmp/x", allow=["Edit(//tmp/**)"], person=False).action == "allow"


def test_a_rule_on_reading_holds_for_commands_that_name_the_file() -> None:
    assert bash("cat secrets/x", deny=["Read(secrets/**)"]).action == "deny"
    assert bash("wc -l < secrets/x", deny=["Read(secrets/**)"]).action == "deny"
    assert bash("cat public/x", deny=["Read(secrets/**)"]).action == "allow"


def test_rules_for_the_other_tools() -> None:
    assert call("Read", Effect.READ, "secrets/x", deny=["Read(secrets/**)"]).action == "deny"
    assert call("Grep", Effect.READ, "secrets", deny=["Read(secrets)"]).action == "deny"
    assert call("Write", Effect.WRITE, "infra/x", ask=["Edit(infra/**)"]).action == "ask"
    assert call("Write", Effect.WRITE, "infra/x", ask=["Edit(infra/**)"], person=False).action == "deny"
    assert call("Write", Effect.WRITE, "docs/x", deny=["Edit(infra/**)"]).action == "allow"
    assert call("Grep", Effect.READ, "x", deny=["Grep"]).action == "deny"


# --- what nobody can allow ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        "cat .env", "cat .env.production", "cat ./app/.env", "grep KEY .env", "cat < .env", "cat .e*", "cat .env*",
        "sed -n 1p .env", "cp .env x", "find . -name .env -exec cat {} \\;", "for f in .env; do cat $f; done",
        "F=.env; cat $F", "bash -c 'cat .env'", "cat a .env.local b", "grep x --file=.env", ". .env", "cat .envrc",
        "base64 .env", "git show HEAD:.env", "git diff .env",
        "cat .git/config", "echo x > .git/hooks/pre-commit", "cp a .git/x", "rm -rf .git", "touch .GIT/x",
        "cat ~/.ssh/id_rsa", "cat $HOME/.aws/credentials", "cat /proc/self/environ", "cat ~/.kube/config",
    ],
)  # fmt: skip
def test_never(command: str) -> None:
    assert bash(command, allow=["Bash", "Edit", "Read"]).action == "deny"


@pytest.mark.parametrize(
    "command",
    [
        "cat .env.example", "ls -la .env", "echo .env >> .gitignore", "test -f .env", "git check-ignore .env",
        "cat .gitignore", "cat .github/workflows/ci.yml", "find . -name .env", "find . -not -path './.git/*'",
        "grep -rn x --exclude-dir=.git .", "ls .git/hooks", "cat environment.ts",
    ],
)  # fmt: skip
def test_naming_is_not_reading(command: str) -> None:
    assert bash(command).action == "allow"


def test_git_internals_are_closed_to_tools() -> None:
    for path in (".git/config", "sub/.git/HEAD", "/repo/.git/hooks/x"):
        assert call("Read", Effect.READ, path, allow=["Read"]).action == "deny"
        assert call("Write", Effect.WRITE, path, allow=["Edit"]).action == "deny"
    assert call("Read", Effect.READ, ".gitignore").action == "allow"


@given(st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_alone_nothing_is_asked(command: str) -> None:
    assert bash(command, person=False).action in ("allow", "deny")


# --- always ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "rules"),
    [
        ("terraform plan -out x", ["Bash(terraform plan *)"]),
        ("cd infra && kubectl get pods | head && helm list", ["Bash(kubectl get *)", "Bash(helm list *)"]),
        ("docker compose up -d", ["Bash(docker compose up *)"]),
        ("aws ec2 describe-instances --region x", ["Bash(aws ec2 describe-instances *)"]),
        ("curl -s https://example.com", ["Bash(curl -s https://example.com)"]),
        ("sudo cat /var/log/x", ["Bash(sudo cat /var/log/x)"]),
        ("docker exec web ls", ["Bash(docker exec web ls)"]),
        ("ls > /tmp/x", ["Edit(//tmp/x)"]),
        ("terraform apply", []),
        ("git commit -m x", []),
        ("ls", []),
    ],
)
def test_what_always_would_save(command: str, rules: list[str]) -> None:
    suggested = generalise(command)
    assert [each.rule for each in suggested] == rules
    if rules:
        assert bash(command, person=False, allow=rules).action == "allow"
    for each in suggested:
        assert all(parse_rule(each.rule).command.fullmatch(other) for other in each.also)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("command", "rules", "action"),
    [
        ("cat README.md", Rules(), "allow"),
        ("git log", Rules(), "allow"),
        ("npm test", Rules(), "ask"),
        ("make && cat out", Rules(), "ask"),
        ("npm test", Rules(allow=(parse_rule("Bash(npm test)"),)), "allow"),
    ],
)
def test_where_nothing_confines_what_changes_anything_asks(command: str, rules: Rules, action: str) -> None:
    def decided(confined: bool, interactive: bool = True) -> str:
        return decide(
            "Bash", Effect.COMMAND, [], command, phase="act", approve="ask", interactive=interactive, rules=rules, confined=confined
        ).action  # fmt: skip

    assert decided(confined=False) == action
    assert decided(confined=True) == "allow"
    assert decided(confined=False, interactive=False) == ("deny" if action == "ask" else "allow")
