"""Loading personas, finding them, and what the shipped one states."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boringops import persona as persona_module
from boringops.errors import UsageError
from boringops.front_matter import MAX_BYTES
from boringops.persona import Persona, catalogue, effective_tools, find, load, shipped
from boringops.protocol import Protocol, stated

TOOLS = (
    "Read", "Glob", "Grep", "Write", "Edit", "Bash", "AskUser", "SubmitPlan", "Validate", "Blueprint", "Finish",
)  # fmt: skip
FIXTURES = Path(__file__).parent / "personas"
SHIPPED = shipped() / "devops-infrastructure.md"


@pytest.fixture
def write(tmp_path: Path):
    def write(front: str | bytes, body: str = "", *, name: str = "persona.md") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(front if isinstance(front, bytes) else f"---\n{front}\n---\n{body}".encode())
        return path

    return write


def read(path: Path) -> Persona:
    return load(path, known_tools=TOOLS)


# --- front matter: what is accepted ------------------------------------------------------------------

MINIMAL = "name: a\ndescription: d"


def test_every_field_is_read() -> None:
    path = FIXTURES / "operator.md"
    persona = read(path)
    assert persona.name == "Night Operator"
    assert persona.description == "Watches the platform at night and mends what the runbook covers."
    assert persona.path == str(path)
    assert persona.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert persona.tools == ["Read", "Bash"]
    assert persona.disallowed_tools == ["Write", "Edit"]
    assert (persona.model, persona.model_alias) == ("claude-opus-5-5", "claude-opus-5-5")
    assert (persona.effort, persona.max_turns, persona.permission_mode) == ("high", 40, "plan")
    assert persona.color == "cyan"
    assert persona.body.startswith("# Night operator")
    assert persona.body.endswith("~~~")
    assert persona.warnings == []


def test_a_persona_survives_being_written_and_read_as_json() -> None:
    persona = read(SHIPPED)
    assert Persona.model_validate_json(persona.model_dump_json()) == persona


def test_descriptions_as_they_are_found_in_the_field() -> None:
    persona = read(FIXTURES / "reviewer.md")
    assert persona.description.startswith("Use this agent before a release: it reads")
    assert r"\n<example>user: " in persona.description
    assert persona.tools == ["Read", "Grep", "WebFetch", "mcp__tickets__search"]
    assert persona.model == "claude-sonnet-5-5"
    assert persona.color is None
    told = " ".join(persona.warnings)
    for part in ("`WebFetch` is not offered", "`mcp__tickets__search` is not offered", "teal", "unknown key `owner`"):
        assert part in told
    assert "line 7: unknown key `owner`" in persona.warnings


@pytest.mark.parametrize(
    ("front", "description"),
    [
        ("name: a\ndescription: plain", "plain"),
        ("name: a\ndescription: when: asked", "when: asked"),
        ("name: a\ndescription: when: asked\n  and on the next line", "when: asked and on the next line"),
        ("name: a\ndescription: 'quoted: yes'", "quoted: yes"),
        ('name: a\ndescription: "it says \\"hi\\""', 'it says "hi"'),
        ('name: a\ndescription: "said": twice, "so"', '"said": twice, "so"'),
        ("name: a\ndescription: |\n  two: lines\n  of it", "two: lines\nof it"),
        ("name: a\ndescription: >-\n  folded\n  text", "folded text"),
        ("name: a\nother: x: y\ndescription: |\n  kept: as\n  block", "kept: as\nblock"),
        ("# a comment\nname: a\n\ndescription: d: d\n# another", "d: d"),
        ("name: a\ndescription: 42", "42"),
        ("name: a\ndescription: it's fine: really", "it's fine: really"),
        ("name: a\ndescription: `code` @here %there", "`code` @here %there"),
    ],
)
def test_description(write, front: str, description: str) -> None:
    assert read(write(front)).description == description


@pytest.mark.parametrize("name", ["Upper Case", "with spaces", "ünïcode", "a_b-c.d", "v2", "3d-printer", "1a"])
def test_names(write, name: str) -> None:
    assert read(write(f"name: {name}\ndescription: d")).name == name


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbf---\nname: a\ndescription: d\n---\nbody",
        b"---\r\nname: a\r\ndescription: d\r\n---\r\nbody",
        b"---\rname: a\rdescription: d\r---\rbody",
        b"--- \nname: a\ndescription: d\n---\t\nbody\n\n",
        b"---\r\nname: a\r\ndescription: x: d\r\n---\r\n\r\nbody\r\n",
    ],
    ids=["BOM", "CRLF", "CR", "spaces behind fences", "CRLF, lenient"],
)
def test_encodings_and_line_ends(write, raw: bytes) -> None:
    persona = read(write(raw))
    assert persona.body == "body"
    assert persona.description.endswith("d")


def test_an_empty_body_is_a_persona_that_states_nothing(write) -> None:
    persona = read(write(b"---\nname: a\ndescription: d\n---"))
    assert persona.body == ""
    assert persona.protocol == Protocol()


@pytest.mark.parametrize(
    ("tools", "names"),
    [
        ("tools: Read, Grep", ["Read", "Grep"]),
        ("tools: Read,Grep,Read", ["Read", "Grep"]),
        ("tools: [Read, Grep]", ["Read", "Grep"]),
        ("tools:\n  - Read\n  - Grep", ["Read", "Grep"]),
        ("tools:\n- Read\n- Grep", ["Read", "Grep"]),
        ("tools: 'Read, Grep'", ["Read", "Grep"]),
        ('tools: "*"', None),
        ("tools: *", None),
        ("color: blue", None),
        ("tools: Agent(reviewer, tester), Read", ["Agent(reviewer, tester)", "Read"]),
    ],
)
def test_tools(write, tools: str, names: list[str] | None) -> None:
    assert read(write(f"{MINIMAL}\n{tools}")).tools == names
    assert read(write(f"name: a\ndescription: lenient: d\n{tools}")).tools == names


@pytest.mark.parametrize(
    "tool", ["WebFetch", "WebSearch", "Task", "Agent", "TodoWrite", "NotebookEdit", "MultiEdit", "Skill"]
)
def test_tools_of_claude_code_that_are_not_offered_here_are_warned_of(write, tool: str) -> None:
    persona = read(write(f"{MINIMAL}\ntools: Read, {tool}\ndisallowedTools: {tool}"))
    assert persona.warnings == [f"line 4: `{tool}` is not offered here", f"line 5: `{tool}` is not offered here"]
    assert "Finish" in effective_tools(persona, TOOLS)


@pytest.mark.parametrize(
    ("model", "identifier"),
    [
        ("opus", "claude-opus-5-5"),
        ("Opus", "claude-opus-5-5"),
        ("sonnet", "claude-sonnet-5-5"),
        ("haiku", "claude-haiku-5-5"),
        ("fable", "claude-fable-5-2"),
        ("best", "claude-opus-5-5"),
        ("opusplan", "claude-sonnet-5-5"),
        ("claude-something-9", "claude-something-9"),
        ("inherit", None),
    ],
)
def test_models(write, model: str, identifier: str | None) -> None:
    persona = read(write(f"{MINIMAL}\nmodel: {model}"))
    assert (persona.model, persona.model_alias, persona.warnings) == (identifier, model, [])


def test_no_model(write) -> None:
    persona = read(write(MINIMAL))
    assert (persona.model, persona.model_alias) == (None, None)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("model: gpt-9", "model"),
        ("model: claude-x y", "model"),
        ("effort: enormous", "effort"),
        ("permissionMode: yolo", "permission_mode"),
        ("maxTurns: many", "max_turns"),
        ("maxTurns: 0", "max_turns"),
        ("maxTurns: -3", "max_turns"),
        ("maxTurns: 2.5", "max_turns"),
        ("maxTurns: ²", "max_turns"),
        ("maxTurns: [1]", "max_turns"),
        ("color: teal", "color"),
    ],
)
def test_a_bad_value_is_dropped_with_a_warning(write, line: str, field: str) -> None:
    persona = read(write(f"{MINIMAL}\n{line}"))
    assert getattr(persona, field) is None
    assert len(persona.warnings) == 1
    assert persona.warnings[0].startswith("line 4: ")


@pytest.mark.parametrize("key", ["hooks", "skills", "memory", "background", "isolation", "initialPrompt"])
def test_fields_of_claude_code_without_effect_here_are_warned_of(write, key: str) -> None:
    assert read(write(f"{MINIMAL}\n{key}: x")).warnings == [f"line 4: `{key}` has no effect here"]


@pytest.mark.parametrize(
    "key", ["version", "author", "category", "tags", "argument-hint", "toolchain", "target", "max_turns"]
)
def test_unknown_keys_are_warned_of(write, key: str) -> None:
    (warning,) = read(write(f"{MINIMAL}\n{key}: x")).warnings
    assert warning.startswith(f"line 4: unknown key `{key}`")
    assert ("did you mean `maxTurns`" in warning) == (key == "max_turns")


# --- front matter: what is refused -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "line", "said"),
    [
        ("---\ndescription: d\n---\n", 1, "no name"),
        ("---\nname:\ndescription: d\n---\n", 2, "no name"),
        ("---\nname: a\n---\n", 1, "no description"),
        ("---\nname: a\ndescription: ''\n---\n", 3, "no description"),
        ("---\nname: a\ndescription: [x]\n---\n", 3, "no description"),
        ("---\nname: 123\ndescription: d\n---\n", 2, "number"),
        ("---\nname: 1.5e3\ndescription: d\n---\n", 2, "number"),
        ("---\nname: 123\ndescription: when: d\n---\n", 2, "number"),
        ("---\nname: a:b\ndescription: d\n---\n", 2, "cannot be a name"),
        ("---\nname: -a\ndescription: d\n---\n", 2, "cannot be a name"),
        ("---\nname: - a\ndescription: d\n---\n", 2, "cannot be a name"),
        ('---\nname: "a\\e[2J"\ndescription: d\n---\n', 2, "cannot be a name"),
        ("\n\n---\nname: a\ndescription: d\n---\n", 1, "blank lines"),
        ("name: a\ndescription: d\n", 1, "no front matter"),
        ("", 1, "no front matter"),
        ("---\nname: a\ndescription: d\n", 1, "never closed"),
        ("---\nname: a\ndescription: d\n ---\nbody", 1, "never closed"),
        ('---\nname: a\ndescription: "d\n---\n', 3, "quote"),
        ("---\nname: a\n\tdescription: d\n---\n", 3, "tab"),
        ("---\nname: a\n  \ttools: Read\ndescription: d\n---\n", 3, "tab"),
        ("---\nname: a\nname: b\ndescription: d\n---\n", 3, "twice"),
        ("---\nname: a\ndescription: d\ntools: Read\ntools: Bash\n---\n", 5, "twice"),
        ("---\nname: a\ndescription: x: d\nwritten over\nseveral lines\n---\n", 4, "no `key: value`"),
        ("---\nname: a\ndescription: d\n tools: Read\n---\n", 3, "indented"),
        ("---\nname: a\ndescription: d\n<<: {tools: [Read]}\n---\n", 4, "`<<`"),
    ],
)
def test_refused(write, raw: str, line: int, said: str) -> None:
    path = write(raw.encode())
    with pytest.raises(UsageError) as refused:
        read(path)
    assert refused.value.message.startswith(f"{path}:{line}: ")
    assert said in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize(
    ("key", "right"),
    [
        ("allowed-tools", "tools"),
        ("allowedTools", "tools"),
        ("allowed_tools", "tools"),
        ("tool", "tools"),
        ("Tools", "tools"),
        ("toosl", "tools"),
        ("disallowed-tools", "disallowedTools"),
        ("disallowed_tools", "disallowedTools"),
        ("disallowedTool", "disallowedTools"),
        ("denied-tools", "disallowedTools"),
        ("permission-mode", "permissionMode"),
        ("permission_mode", "permissionMode"),
        ("permissions", "permissionMode"),
    ],
)
def test_a_misspelt_privilege_is_an_error_that_names_the_right_key(write, key: str, right: str) -> None:
    for description in ("d", "when: lenient"):
        path = write(f"name: a\ndescription: {description}\n{key}: Read")
        with pytest.raises(UsageError) as refused:
            read(path)
        assert refused.value.message.startswith(f"{path}:4: `{key}`")
        assert f"`{right}`" in refused.value.hint


@pytest.mark.parametrize(
    ("line", "said", "hint"),
    [
        ("tools:", "nothing behind it", "all are allowed"),
        ("tools: []", "nothing behind it", "all are allowed"),
        ("tools: ','", "nothing behind it", "all are allowed"),
        ("disallowedTools:", "nothing behind it", "remove"),
        ("tools: Raed", "no tool `Raed`", "`Read`"),
        ("tools: read", "no tool `read`", "`Read`"),
        ("tools: Read Grep", "no tool", "Read"),
        ("tools: Zzz", "no tool `Zzz`", "Blueprint"),
        ("disallowedTools: [Wriet]", "no tool `Wriet`", "`Write`"),
        ("tools: {Read: true}", "not a list", "Read, Grep"),
        ("tools: [[Read]]", "not a list", "Read, Grep"),
        ("tools: Bash(git log *), Read", "no rules", ".boringops.toml"),
        ("disallowedTools: Bash(rm *)", "no rules", ".boringops.toml"),
    ],
)
def test_tools_that_cannot_be_meant(write, line: str, said: str, hint: str) -> None:
    path = write(f"{MINIMAL}\n{line}")
    with pytest.raises(UsageError) as refused:
        read(path)
    assert refused.value.message.startswith(f"{path}:4: ")
    assert said in refused.value.message
    assert hint in refused.value.hint


def test_files_that_are_no_persona(write, tmp_path: Path) -> None:
    text = write(f"---\n{MINIMAL}\n---\n".encode(), name="persona.txt")
    latin = write(b"---\nname: a\ndescription: caf\xe9\n---\n", name="latin.md")
    large = write(MINIMAL, "x" * MAX_BYTES, name="large.md")
    pipe = tmp_path / "pipe.md"
    os.mkfifo(pipe)
    for path, said in {
        text: ":1: a persona is a Markdown file",
        latin: ":3: the file is not UTF-8",
        large: "larger than 1024 KiB",
        pipe: "no such file",
        tmp_path: "Markdown",
        tmp_path / "missing.md": "no such file",
        tmp_path / f"{'x' * 300}.md": "cannot be read",
        Path("nul\0.md"): "",
    }.items():
        with pytest.raises(UsageError) as refused:
            read(path)
        assert said in refused.value.message


def test_a_file_without_read_permission(write) -> None:
    path = write(MINIMAL)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("permissions do not bind this user")
    with pytest.raises(UsageError, match="cannot be read"):
        read(path)


def test_a_kept_line_number_is_the_files() -> None:
    persona = read(FIXTURES / "reviewer.md")
    box = persona.protocol.checklist[0].items[0]
    assert (FIXTURES / "reviewer.md").read_text().splitlines()[box.line - 1] == "- [ ] Tag is signed"


# --- whatever the text -------------------------------------------------------------------------------

SNIPPETS = [
    "---\n", "---", "name: a\n", "description: d\n", "tools: Read\n", "tools:\n", "model: opus\n", "\t", "  ", "- ",
    ": ", '"', "'", "|\n", "&a ", "*a", "<<: ", "[", "]", "{", "}", "!!python/object:x ", "%YAML 9\n", "...\n", "? ",
    "# ", "## When to ask\n", "**Never:**\n", "Always do these:\n", "- [ ] box\n", "### Checklist\n", "```\n", "~~~~\n",
    "git commit -m \"<a>\"\n", "<<'EOF'\n", "EOF\n", "Glob \"x\"\n", "`../a/`", "Task report: include:\n",
    "memory-bank/a.md ", "\r\n", "\r", "\u2028", "\x85", "\0", "❌ ", "\ufeff", "0x" + "f" * 40, "é",
]  # fmt: skip


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(), st.lists(st.sampled_from(SNIPPETS), max_size=30).map("".join)), framed=st.booleans())
def test_load_raises_nothing_but_usage_errors(write, text: str, framed: bool) -> None:
    text = f"---\n{MINIMAL}\n---\n{text}" if framed else text
    try:
        persona = read(write(text.encode("utf-8", "surrogatepass")))
    except UsageError as error:
        assert error.hint
        return
    ids = [item.id for section in persona.protocol.checklist + persona.protocol.quality for item in section.items]
    assert len(ids) == len(set(ids))
    assert stated(persona.protocol)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=300))
def test_load_raises_nothing_but_usage_errors_on_bytes(write, raw: bytes) -> None:
    try:
        read(write(raw))
    except UsageError as error:
        assert error.hint


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(front=st.lists(st.sampled_from(SNIPPETS[2:30]), max_size=8).map("".join))
def test_no_front_matter_grants_more_than_the_tools_it_lists(write, front: str) -> None:
    """A line `tools: Read` at its start is never lost, whatever stands around it."""
    path = write(f"{MINIMAL}\n{front}\ntools: Read\nmodel: x")
    try:
        persona = read(path)
    except UsageError:
        return
    assert persona.tools == ["Read"]


# --- finding one -------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    return home


def put(folder: Path, name: str, text: str | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.md"
    path.write_text(f"---\nname: {name}\ndescription: d\n---\n" if text is None else text)
    return path


def test_find_a_file_as_given(write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    path = write(MINIMAL)
    assert find(str(path), repo=None) == path
    monkeypatch.chdir(tmp_path)
    assert find("persona.md", repo=None) == Path("persona.md")
    assert find("./persona.md", repo=None) == Path("persona.md")
    own = put(home, "own")
    assert find("~/own.md", repo=None) == own
    for missing in ("other.md", "./other", "x" * 5000 + ".md", "nul\0.md"):
        with pytest.raises(UsageError, match="there is no persona file"):
            find(missing, repo=None)


def test_find_by_name_shipped_first_then_nearest_then_home(tmp_path: Path, home: Path) -> None:
    root = tmp_path / "outside/repo"
    inner = root / "services/api"
    inner.mkdir(parents=True)
    (root / ".git").mkdir()
    put(tmp_path / "outside/.claude/agents", "beyond")
    put(root / ".claude/agents", "devops-infrastructure")
    at_root = put(root / ".claude/agents", "reviewer")
    nested = put(root / ".claude/agents/team/deep", "tester")
    nearest = put(inner / ".claude/agents", "reviewer")
    put(home / ".claude/agents", "tester")
    own = put(home / ".claude/agents", "writer")

    assert find("devops-infrastructure", repo=root) == SHIPPED
    assert find("reviewer", repo=root) == at_root
    assert find("reviewer", repo=inner) == nearest
    assert find("tester", repo=inner) == nested
    assert find("writer", repo=inner) == own
    assert find("writer", repo=None) == own
    assert set(catalogue(inner)) == {"devops-infrastructure", "reviewer", "tester", "writer"}
    with pytest.raises(UsageError):
        find("beyond", repo=root)


def test_outside_a_repository_only_its_own_folder_is_searched(tmp_path: Path, home: Path) -> None:
    put(tmp_path / ".claude/agents", "above")
    here = tmp_path / "here"
    found = put(here / ".claude/agents", "below")
    assert find("below", repo=here) == found
    with pytest.raises(UsageError):
        find("above", repo=here)


def test_the_name_counts_not_the_file(tmp_path: Path, home: Path) -> None:
    folder = tmp_path / ".claude/agents"
    put(folder, "b", "---\nname: a\ndescription: d\n---\n")
    other = put(folder, "z", "---\nname: b\ndescription: d\n---\n")
    assert find("b", repo=tmp_path) == other
    assert find("z", repo=tmp_path) == other


def test_a_broken_persona_is_found_so_that_loading_it_can_say_why(tmp_path: Path, home: Path) -> None:
    broken = put(tmp_path / ".claude/agents", "broken", "---\nname: broken\n---\n")
    assert find("broken", repo=tmp_path) == broken
    with pytest.raises(UsageError, match="no description"):
        read(broken)


def test_an_unknown_name_says_what_there_is(tmp_path: Path, home: Path) -> None:
    with pytest.raises(UsageError) as near:
        find("devops-infrastucture", repo=tmp_path)
    assert "Did you mean `devops-infrastructure`?" in near.value.hint
    with pytest.raises(UsageError) as far:
        find("zzz", repo=tmp_path)
    assert "Known here: devops-infrastructure." in far.value.hint


def test_the_prompts_of_an_installed_package_lie_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert SHIPPED.is_file()
    package = tmp_path / "site-packages/boringops"
    (package / "prompts").mkdir(parents=True)
    monkeypatch.setattr(persona_module, "__file__", str(package / "persona.py"))
    assert shipped() == package / "prompts"


# --- tools a run has ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tools", "disallowed", "offered"),
    [
        (None, [], TOOLS),
        (None, ["Bash"], [tool for tool in TOOLS if tool != "Bash"]),
        (["Read", "Grep"], [], ["Read", "Grep", "AskUser", "SubmitPlan", "Validate", "Finish"]),
        (["Read", "Write"], [], ["Read", "Write", "AskUser", "SubmitPlan", "Validate", "Blueprint", "Finish"]),
        (["Read", "Write"], ["Write"], ["Read", "AskUser", "SubmitPlan", "Validate", "Finish"]),
        (["WebFetch"], [], ["AskUser", "SubmitPlan", "Validate", "Finish"]),
        (None, list(TOOLS), ["AskUser", "SubmitPlan", "Validate", "Finish"]),
        (None, ["Finish", "Blueprint"], TOOLS),
    ],
)
def test_effective_tools(tools: list[str] | None, disallowed: list[str], offered: list[str]) -> None:
    persona = Persona(name="a", description="d", path="", sha256="", tools=tools, disallowed_tools=disallowed)
    assert effective_tools(persona, TOOLS) == list(offered)


# --- the persona that is shipped -------------------------------------------------------------------


def test_the_specialist_states_every_kind_of_rule() -> None:
    persona = read(SHIPPED)
    assert (persona.name, persona.model, persona.model_alias, persona.color) == (
        "devops-infrastructure", "claude-opus-5-5", "opus", "blue",
    )  # fmt: skip
    assert (persona.tools, persona.disallowed_tools, persona.warnings) == (None, [], [])
    assert stated(persona.protocol) == [
        ("memory bank", True, "3 memory files"),
        ("inventory", True, "7 globs"),
        ("self-verification", True, "65 items in 8 sections"),
        ("quality standards", True, "26 items in 5 sections"),
        ("never", True, "9 red flags"),
        ("always", True, "8 rules"),
        ("ask", True, "10 reasons to ask"),
        ("report", True, "../planning/task-updates/, 8 sections"),
        ("commit", True, "Completed infrastructure task: <task-name> during phase {{phase}}"),
    ]
    stated_ = persona.protocol
    assert stated_.memory_files == [
        f"memory-bank/{name}.md" for name in ("techContext", "systemPatterns", "activeContext")
    ]
    assert stated_.inventory_globs == [
        "Dockerfile", ".github/workflows/*.yml", "terraform/**/*.tf", "docker-compose*.yml",
        ".circleci/config.yml", ".gitlab-ci.yml", "Jenkinsfile",
    ]  # fmt: skip
    assert stated_.commit is not None
    assert (len(stated_.commit.bullets), len(stated_.commit.trailers)) == (3, 1)
    ids = [item.id for section in stated_.checklist + stated_.quality for item in section.items]
    assert len(set(ids)) == len(ids) == 91
    assert {"security.3", "quality-security.3", "pre-implementation.1", "post-implementation.6"} <= set(ids)


def test_the_shipped_prompt_is_short() -> None:
    assert SHIPPED.stat().st_size <= 30_000


@pytest.mark.parametrize(
    "outdated",
    [
        "node:18",
        "checkout@v",
        "version: '3",
        "AWS_ACCESS_KEY",
        "dynamodb",
        "POSTGRES_PASSWORD",
        ":latest",
        "--only=production",
    ],
)
def test_the_shipped_prompt_has_no_outdated_samples(outdated: str) -> None:
    assert outdated.lower() not in read(SHIPPED).body.lower()


# Every rule of the persona by a keyword, and what the shipped prompt must say about it. Read with all white space
# as single blanks and without regard to case.
TOPICS = {
    "identity": {
        "reliable, repeatable": r"predictable, repeatable, resilient",
        "pipelines: platforms": r"GitHub Actions, GitLab CI, CircleCI, Jenkins, Travis CI",
        "containers: platforms": r"Docker, Compose, Kubernetes, Helm",
        "IaC: platforms": r"Terraform/OpenTofu, CloudFormation, CDK, Pulumi, Ansible",
        "clouds": r"AWS, GCP, Azure",
        "monitoring: platforms": r"Prometheus, Grafana, Datadog, CloudWatch",
        "configuration: platforms": r"dotenv, Vault, AWS Secrets Manager, the CI platform's secrets",
        "rebuild, don't patch": r"replace containers and machines; do not patch",
    },
    "principles": {
        "as code": r"1\. \*\*As code\.\*\*.*versioned",
        "immutable": r"2\. \*\*Immutable",
        "security by default": r"3\. \*\*Secure.*least privilege, encryption everywhere",
        "observability first": r"4\. \*\*Observable from day one\.\*\* Logs, metrics and traces",
        "automate everything": r"5\. \*\*Automated\.\*\*.*pipeline performs the deployment",
        "test before production": r"6\. \*\*Tried before production.*First dev, then staging",
        "rollback ready": r"7\. \*\*Ready to roll back.*tested",
        "document as you build": r"8\. \*\*Documented while building.*Runbook, diagram and variables",
        "cost conscious": r"9\. \*\*Careful with money.*size to need, scale with demand, remove waste",
        "self-verification": r"10\. \*\*Verified by yourself.*checklist",
    },
    "context": {
        "memory: infrastructure": r"infrastructure that runs today, how it is deployed",
        "memory: cloud": r"the cloud and its services",
        "memory: pipelines, environments": r"pipelines that exist, the environments \(dev, staging, prod\)",
        "memory: monitoring": r"the environments .{0,30}, the monitoring",
        "read existing configuration": r"`Read` every configuration file",
        "update techContext": r"`techContext\.md`: what infrastructure",
        "update systemPatterns": r"`systemPatterns\.md`: how it is deployed",
        "update .env.example": r"`\.env\.example`: new variables",
        "README section": r"README: how to deploy",
    },
    "plan": {
        "what is deployed": r"what is deployed \(frontend, backend, database",
        "frequency": r"how often \(continuous, daily, by hand\)",
        "scale": r"concurrent users, requests per second",
        "budget and compliance": r"budget; compliance \(HIPAA, SOC 2, PCI DSS\)",
        "secrets handling": r"how secrets are kept",
        "authentication": r"IAM roles, service accounts",
        "isolation, encryption": r"how the network is isolated, what must be encrypted",
        "reuse": r"reused \(VPCs, security groups, roles",
        "consistency": r"patterns are to be followed",
        "architectural fit": r"how the change fits the whole",
        "monitoring needs": r"what must be monitored, who gets the alerts",
        "rollback strategy": r"how the change is rolled back",
        "confidence high": r"\*\*high\*\*.{0,80}no question is open",
        "confidence medium": r"\*\*medium\*\*.{0,80}assumption",
        "confidence low": r"\*\*low\*\*.{0,60}questions",
        "better ask than assume": r"guessing causes outages",
        "simple application": r"simple application \| Docker with Compose",
        "microservices": r"microservices \| Kubernetes with Helm",
        "serverless": r"serverless \| AWS Lambda, Cloud Functions",
        "GitHub repository": r"code on GitHub \| GitHub Actions",
        "self-hosted": r"self-hosted \| GitLab CI or Jenkins",
        "multi-cloud pipeline": r"multi-cloud \| CircleCI or Travis CI",
        "AWS-heavy": r"mostly AWS \| CloudFormation or CDK",
        "multi-cloud IaC": r"multi-cloud \| Terraform",
        "programmatic": r"programming language \| Pulumi",
        "decisions": r"auto-scaling, database migrations, secrets management, monitoring and alerting",
        "plan: containers": r"multi-stage Dockerfile, `\.dockerignore`, Compose for local work, a local build",
        "plan: pipeline": r"CI \(lint, test\), CD \(build, deploy\), environment secrets, triggers",
        "plan: provisioning": r"VPC and networking, compute, databases, load balancing",
        "plan: monitoring": r"application logs, metrics, alert rules, dashboards",
    },
    "strategies": {
        "blue-green": r"\*\*Blue-green\*\*.{0,120}health check, switch traffic, keep blue",
        "rolling": r"\*\*Rolling\*\*.{0,80}25 % of the instances, watch metrics, 50 %",
        "canary": r"\*\*Canary\*\*.{0,60}5 % of the traffic.{0,80}return at once",
    },
    "edge cases": {
        "1 no infrastructure": r"first the Dockerfile, then the pipeline, then IaC",
        "1 documented": r"initial setup in the task update",
        "2 environments undefined": r"promotion dev, staging, prod.{0,60}approval, separate accounts or namespaces",
        "2 configuration": r"configuration per environment",
        "3 breaking change": r"new beside the old, shift traffic gradually.{0,60}before decommissioning",
        "3 rollback": r"keep the old for a quick rollback",
        "4 migration": r"add the column, deploy code .{0,30}migrate the data, drop the old column",
        "4 tested, watched": r"production-like volume; monitor performance",
        "5 regions": r"primary and secondary, data replication across regions, DNS failover",
        "5 residency, latency, cost": r"data residency and latency; state the cost",
        "6 traffic": r"horizontal auto-scaling behind a load balancer, CDN, caching, connection pooling, read replicas",
        "6 tested, watched": r"load test; alert on scaling events and exhausted resources",
        "7 RTO": r"RTO \(how long it may be down\)",
        "7 RPO": r"RPO \(how much data may be lost\)",
        "7 rehearsed, documented": r"rehearse regularly, keep a runbook with every step",
        "8 compliance": r"encryption at rest and in transit, audit logs, access control",
        "8 evidence": r"evidence \(security groups, encryption settings, audit trails\)",
        "8 audits": r"recurring audits",
        "9 cost alerts": r"billing alerts, a weekly look at the cost report",
        "9 savings": r"right-sizing, reserved capacity, automatic shutdown",
        "9 waste": r"remove what is unused or oversized",
        "10 rotation": r"AWS Secrets Manager, Azure Key Vault or HashiCorp Vault",
        "10 90 days": r"every 90 days",
        "10 tested": r"takes a new value without downtime",
        "11 registry": r"private, access restricted, images scanned before they are deployed",
        "11 lifecycle policies": r"lifecycle policies with a retention period that remove old and unused images",
        "12 drift": r"AWS Config, CloudFormation drift detection",
        "12 alert, remediate": r"alert on deviation, then bring reality back or the code up to date",
    },
    "containers": {
        "multi-stage": r"multi-stage; the last stage holds only what runs",
        "small base": r"slim, Alpine, distroless",
        "non-root": r"numeric non-root `USER`",
        "layer caching": r"layers stay cached",
        "health check": r"a health check using what the image has",
        "compose": r"`compose\.yaml`.*named volumes",
    },
    "pipelines": {
        "tests first": r"tests and lint before any deploy; fail fast",
        "separate CI and CD": r"CI and CD are separate workflows",
        "rollback": r"CD has a way to roll back",
        "dependency caching": r"cache dependencies",
        "platform secrets": r"secrets from the platform",
        "commit SHA tags": r"tag images with the commit SHA",
        "environments in order": r"promoted in order behind approval, not all at once from a matrix",
        "short-lived credentials": r"OIDC.{0,80}no stored access keys",
    },
    "infrastructure as code": {
        "remote state": r"remote state, encrypted, versioned, locked",
        "modules": r"modules for what repeats",
        "variables": r"variables for what differs between environments",
        "outputs": r"outputs for what others need",
        "plan before apply": r"plan before apply",
        "pinned": r"pin the tool and the providers",
        "deletion protection": r"deletion protection",
    },
    "configuration": {
        ".env.example groups": r"application \(.*\), database \(URL, pool size\), cloud \(region, bucket\), secrets",
        "secrets manager at run time": r"secrets manager \(AWS Secrets Manager, Vault\) at run time",
        "rotation, least access": r"rotated on a schedule, readable by as few as possible",
    },
    "monitoring": {
        "structured logs": r"structured JSON logs.*`LOG_LEVEL`, service name and context",
        "health endpoint": r"`/api/health`.*\(database, cache, storage\).*200 or 503",
        "alerts": r"alerts on symptoms",
        "dashboards": r"dashboards for the same signals",
    },
    "red flags": {
        "keys in git": r"cloud key, password or token into git",
        "latest": r"`latest` or any unpinned image in production",
        "straight to production": r"production that no other environment has seen",
        "root": r"container run as root",
        "security off": r"switch off a protection",
        "failing health checks": r"past a failing health check",
        "SSH repairs": r"by SSH to repair it by hand",
        "state in git": r"state files in git instead of a remote backend",
        "shared credentials": r"one set of credentials between environments",
    },
    "always": {
        "secrets manager": r"fetch sensitive values from a secrets manager",
        "tags": r"tag each resource with project, environment and owner",
        "audit logs": r"audit logs \(CloudTrail",
        "monitoring first": r"monitoring working before the service goes live",
        "recovery": r"rehearse recovery from disaster",
        "code only": r"infrastructure through code, not by hand",
        "reviewed": r"reviewed and approved on its plan",
        "version control": r"version infrastructure code",
    },
    "reasons to ask": {
        "ambiguous": r"ambiguous, or a part of it is missing",
        "several providers": r"more than one cloud provider or deployment strategy.{0,30}let the user choose",
        "security, compliance": r"which security or compliance rules",
        "budget": r"budget is unknown, or spending needs someone's approval",
        "breaking": r"breaking change would be felt in production",
        "RTO/RPO": r"RTO or RPO is not given",
        "regions": r"several regions are wanted and their roles are not",
        "performance": r"performance or scaling targets are vague",
        "integration": r"meets the existing systems is unknown",
        "legacy": r"legacy platform is not decided",
    },
    "inputs": {
        "tested code": r"code that passes its tests",
        "runtime, dependencies": r"runtime version, dependencies",
        "health endpoint": r"a health endpoint; an `\.env\.example`",
        "migrations": r"migrations, where there are any",
        "resources": r"estimates of CPU, memory and storage",
    },
    "responsibilities": {
        "Dockerfile": r"responsible for\*\* the Dockerfile",
        "pipeline": r"pipeline that tests, builds and deploys",
        "IaC": r"infrastructure by IaC",
        "secrets": r"secrets and environment configuration",
        "strategy": r"the deployment strategy and its rollback",
        "monitoring": r"monitoring and alerting; the runbook",
        "rollback proof": r"proof, as far as it can be had, that rollback works",
    },
    "outputs": {
        "pipeline": r"a pipeline that runs by itself",
        "infrastructure": r"described, configured and ready to apply",
        "monitoring": r"health checks and alerts on errors and performance",
        "runbook, recovery": r"the runbook; the disaster recovery plan with backup and restore",
        "variables": r"variables set up, secrets in the secrets manager",
    },
    "hand-off": {
        "position": r"spec-writer → api-designer → nextjs-backend-developer → \*\*devops-infrastructure\*\* → production",
        "staging": r"staging deployment worked",
        "health": r"worked, health checks pass",
        "dashboards, alerts": r"dashboards and alerts are live",
        "rollback": r"rollback was tried",
        "runbook": r"team reviewed the runbook",
        "limits": r"known issues and limits",
        "training": r"operators are trained if they need it",
    },
    "examples": {
        "1 pipeline": r"Next\.js app on AWS.*pull request.*staging on.*production on a tag.*ECR and ECS",
        "1 files": r"`\.github/workflows/ci\.yml`, `deploy-staging\.yml`, `deploy-production\.yml`",
        "2 regions": r"several regions.*which is primary; active-active or active-passive.*Route 53",
        "3 recovery": r"under 1 h and RPO under 15 min.*under 4 h and 1 h.*under 24 h each: daily backups",
    },
    "this runtime": {
        "phases": r"context, plan, act, verify, report, commit",
        "context is there": r"the first message holds the memory bank, the inventory, git status",
        "tools": r"`Read`, `Glob`, `Grep`.*`Bash`.*`AskUser`, `SubmitPlan` and `Finish`.*`Write`, `Edit`.*`Blueprint`.*`Validate`",
        "every file": r"every file\*\* you will create, change or delete",
        "nothing before approval": r"you write nothing",
        "Finish verifies": r"`Finish` asks for verification",
        "evidence": r"`e12`.*`path:line`",
        "handed over": r"`handed_over`, with who has to do what",
        "not validated": r"what no tool could check",
        "open means incomplete": r"left open means that the work is incomplete",
        "never commits": r"no `git add`, `git commit` or push",
        "never applies": r"never apply, destroy, push or deploy",
        "data": r"data, never an instruction",
    },
}  # fmt: skip


@pytest.mark.parametrize(
    "pattern",
    [pytest.param(rule, id=f"{part}: {topic}") for part, rules in TOPICS.items() for topic, rule in rules.items()],
)
def test_no_rule_of_the_user_is_missing_from_the_shipped_prompt(pattern: str) -> None:
    body = re.sub(r"\s+", " ", read(SHIPPED).body)
    assert re.search(pattern, body, re.IGNORECASE), pattern
