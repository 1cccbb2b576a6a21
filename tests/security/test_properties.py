"""What must hold for any path, any calls and any command, not only for those somebody thought of."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boringops.context import CallContext
from boringops.models.base import Block
from boringops.models.scripted import tool
from boringops.shell import Verdict, analyse
from boringops.tool import ToolError
from tests.e2e.playing import GIVING_UP, PLAIN, Player, snapshot
from tests.repos import git, make_repo

# --- no path trick leaves the tree -------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        "..", ".", "", "/", "//", "a", "docs", "out", "around", "loop", "gitlink", ".git", ".GIT", ".git.", "git~1", "hooks",
        "config", "proc", "self", "root", "cwd", "etc", "passwd", "tmp", "~", "$HOME", "\\..", "a/..", "out/..", "…", "%2e%2e",
        ".. ", "vendor/.git", "file:", "\u202e..", "deep/link",
    ]
)  # fmt: skip


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> CallContext:
    base = tmp_path_factory.mktemp("paths").resolve()
    root = make_repo(base / "work", {"a": "x\n", "docs/x.md": "x\n", "deep/x": "x\n"})
    for name, target in {"out": base, "around": "out", "loop": "loop", "gitlink": ".git", "deep/link": "../.."}.items():
        (root / name).symlink_to(target)
    executor = SimpleNamespace(root=root, changes=SimpleNamespace(folder=base / "run"))
    return CallContext(cast("Any", executor), "call")


@given(st.lists(PIECES, min_size=1, max_size=6), st.booleans(), st.booleans())
@settings(max_examples=500, deadline=None)
def test_no_path_leaves_the_tree(tree: CallContext, pieces: list[str], absolute: bool, rooted: bool) -> None:
    path = "/".join(pieces)
    path = f"{tree.root}/{path}" if rooted else f"/{path}" if absolute else path
    try:
        real = tree.resolve(path)
    except ToolError:
        return
    assert os.path.realpath(real) == str(real)
    assert real.is_relative_to(tree.root)
    assert not {name.lower().rstrip(". ") for name in real.relative_to(tree.root).parts} & {".git", "git~1"}


# --- the plan phase changes nothing ------------------------------------------------------------------

NAMES = st.sampled_from(["app.py", "new.txt", "docs/new.md", "README.md", ".env", ".git/config", "../new", "out/new"])
COMMANDS = st.sampled_from(
    [
        "touch {}", "echo x > {}", "echo x >> {}", "rm -f {}", "mv {} moved", "cp app.py {}", "tee {} < app.py", "mkdir -p {}.d",
        "sed -i s/a/b/ {}", "ln -s app.py {}", "cat {}", "ls {}", "git status", "git add {}", "git checkout -- {}", "truncate -s 0 {}",
        "cat app.py > {}", "$(touch {})", "ls $(touch {})", "bash -c 'touch {}'", "f() {{ touch {}; }}; f", "sort -o {} app.py",
        "find . -name app.py -exec cp {{}} {} \\;", "python3 -c 'open(\"{}\", \"w\")'", "git diff > {}", "chmod 777 {}",
        "git log --output={}",
        "env touch {}", "timeout 5 touch {}", "xargs touch {} < /dev/null", "git branch {}", "git stash", "true && touch {}",
    ]
)  # fmt: skip


@st.composite
def calls(draw: st.DrawFn) -> Block:
    name = draw(NAMES)
    return draw(
        st.sampled_from(
            [
                tool("Write", file_path=name, content="x\n"),
                tool("Edit", file_path=name, old_string="a", new_string="b", replace_all=True),
                tool("Read", file_path=name),
                tool("Blueprint", write=True),
                tool("Validate"),
                tool("Finish", summary="Done."),
            ]
        )
        if draw(st.integers(0, 3)) == 0
        else COMMANDS.map(lambda command: tool("Bash", command=command.format(name)))
    )


@pytest.fixture(scope="module")
def planning(tmp_path_factory: pytest.TempPathFactory) -> Player:
    base = tmp_path_factory.mktemp("plan")
    (base / "plain.md").write_text(PLAIN)
    root = make_repo(base / "work/shop")
    (root / "out").symlink_to("..")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "A link out")
    return Player(root, base / "plain.md")


@given(st.lists(calls(), min_size=8, max_size=20))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_calls_of_the_plan_phase_change_a_byte(planning: Player, blocks: list[Block]) -> None:
    around = planning.root.parent
    before = snapshot(around)
    planning.play(blocks, *GIVING_UP, permissions={"allow": ["Bash", "Edit", "Read"]})
    after = snapshot(around)
    ours = {path for path in after if "/.git/boringops/" in path}
    index = {path for path in after if path.startswith("shop/.git/")} - ours
    assert {path: sha for path, sha in after.items() if path not in ours} == {
        path: sha for path, sha in before.items() if "/.git/boringops/" not in path
    }, index


# --- what is called reading does not write -----------------------------------------------------------

WORDS = st.sampled_from(
    [
        "a", "b", "sub", "sub/c", "new", "'a b'", '"$x"', "$x", "*", "{a,b}", "-n", "-i", "-o", "-e", "-o new", "-t sub", "'w new'",
        "-exec", "touch", "{}", "\\;", "+", "-delete", "--output=new", "-inew", "s/a/b/", "'s/a/b/w new'", "> new", ">> a", "2> new",
        "&> new", "< a", "<<< a", "2>&1", ">&2", ">| new", "<> new", "$(touch new)", "`touch new`", "${y:=new}", "\\>", "'>'", "-c",
        "'touch new'", "\"touch new\"", "x=1", "-I{}", "-r", "-p", "--", "-f", "print > \"new\"", "'{print > \"new\"}'", "1", "a#b",
        "# c", "$'a\\tb'", "\\\n", "~", "!", "-fprint new", "-v x", "new",
    ]
)  # fmt: skip
PROGRAMS = st.sampled_from(
    [
        "cat", "ls", "echo", "head", "sort", "uniq", "sed", "awk", "find", "grep", "test", "[", "printf", "wc", "tee", "touch", "cp", "mv",
        "rm", "mkdir", "xargs", "env", "command", "eval", "bash -c", "sh", "true", "time", "timeout 5", "builtin", "read", "export",
        "declare", "set", "trap", "cut", "tr", "diff", "date", "dd", "truncate", "ln", "\\cat", "'ls'", "f", "exec", "nice", "xxd", "tac",
        "basename", "seq", "split", "source", ".", "mapfile", "tree", "file", "comm", "join", "od", "base64", "gzip", "tar", "git diff",
        "git --no-pager log", "git branch", "git status", "jq",
    ]
)  # fmt: skip
SHAPES = st.sampled_from(
    [
        "{0}", "{0}", "{0}", "{0}; {1}", "{0} && {1}", "{0} || {1}", "{0} | {1}", "{0} |& {1}", "({0})", "{{ {0}; }}", "! {0}", "{0} &",
        "echo $({0})", "echo `{0}`", "cat <({0})", "if {0}; then {1}; fi", "for x in a b; do {0}; done", "f() {{ {0}; }}; {1}",
        "while read x; do {0}; done < a", "case a in a) {0};; esac", "x=$({0}) {1}", "cat <<E\n$({0})\nE", "cat <<'E'\n{0}\nE", "{0}\n{1}",
        "[[ -n $({0}) ]]", "echo ${{x:-$({0})}}", "{0} > new", "{0} > /dev/null", "bash -c '{0}'", "eval \"{0}\"", "f() {{ {0}; }}",
        "{0} <<E\ntouch new\nE", "sh <<< 'touch new'", "echo touch new | {0}", "coproc {0}", "trap '{0}' EXIT", "until {0}; do {1}; done",
        "{0} # {1}", "echo \"{0}\"", "echo '{0}'",
    ]
)  # fmt: skip


@st.composite
def simple(draw: st.DrawFn) -> str:
    return " ".join([draw(PROGRAMS), *draw(st.lists(WORDS, max_size=4))])


@st.composite
def scripts(draw: st.DrawFn) -> str:
    text = draw(simple())
    for _ in range(draw(st.integers(0, 2))):
        text = draw(SHAPES).format(text, draw(simple()))
    return text


RUN: list[str] = []


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("read") / "repo"
    return make_repo(root, {"a": "a\nb\nc\n", "b": "touch new\n", "sub/c": "c\n"})


def contents(root: Path) -> dict[str, tuple[int, bytes | str]]:
    found: dict[str, tuple[int, bytes | str]] = {}
    for path in root.rglob("*"):
        if ".git" not in path.relative_to(root).parts:
            link = str(path.readlink()) if path.is_symlink() else ""
            found[str(path.relative_to(root))] = (
                path.lstat().st_mode,
                link or (path.read_bytes() if path.is_file() else b""),
            )
    return found


@given(scripts())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def writes_nothing_where_it_reads(template: Path, text: str) -> None:
    """The alphabet names nothing outside the folder it is run in, so a mistake costs that folder alone."""
    if analyse(text).verdict is not Verdict.READ:
        return
    RUN.append(text)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "repo"
        shutil.copytree(template, root, symlinks=True)
        before = contents(root)
        with subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-c", text],
            cwd=root,
            env={"PATH": os.environ["PATH"], "HOME": folder, "GIT_CONFIG_NOSYSTEM": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as child:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(5)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, 9)  # also what it left in the background
        assert contents(root) == before, text
        assert [each.name for each in Path(folder).iterdir()] == ["repo"], text


def test_what_is_read_writes_nothing_when_bash_runs_it(template: Path) -> None:
    writes_nothing_where_it_reads(template)
    assert len(set(RUN)) >= 50, "enough of them were run to tell"
