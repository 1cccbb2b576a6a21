"""Attempts to leave the sandbox, by each backend that works on this machine; and ordinary work, which must go on."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from boringops.sandbox import Box, Limits, bubblewrap, landlock, run, trial
from boringops.sandbox.base import Backend
from tests.boringops.escapes import ATTEMPTS, MIB, Attempt, World

ROOT = Path(__file__).parents[2]
LIMITS = Limits(memory=512 * MIB, file=64 * MIB, processes=200, cpu_s=60, scratch=64 * MIB)


def _works(backend: Backend) -> str:
    """Empty where it does; else why not."""
    try:
        shown = trial.try_out(backend)
    except OSError as error:
        return str(error)
    return "" if shown.level != "none" else f"{backend.name} lets through {', '.join(shown.not_enforced)}"


@pytest.fixture(scope="module", params=["bubblewrap", "landlock"])
def backend(request: pytest.FixtureRequest) -> Backend:
    made: list[Backend] = []
    if request.param == "bubblewrap":
        made = [bubblewrap.Bubblewrap(*program) for program in bubblewrap.programs()]
    elif abi := landlock.abi():
        made = [landlock.Landlock(str(abi))]
    if not made:
        pytest.skip(f"{request.param}: not on this machine")
    if reason := _works(made[0]):
        pytest.skip(reason)
    return made[0]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    word = f"word{secrets.token_hex(8)}"
    tree, temporary = tmp_path / "tree", tmp_path / "temporary"
    temporary.mkdir()
    (temporary / "file").write_text(word)
    # Beside the checkout: nothing that is emptied anyway, as /tmp is.
    cache = ROOT / ".pytest_cache"
    cache.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder, tempfile.TemporaryDirectory(dir="/tmp") as short:
        home, outside = Path(folder, "home"), Path(folder, "outside")
        (home / ".ssh").mkdir(parents=True)
        (home / ".ssh/id_ed25519").write_text(word)
        (home / ".bashrc").write_text("# mine\n")
        (home.parent / "temporary").symlink_to(temporary)
        outside.mkdir()
        (outside / "victim").write_text("theirs\n")
        repository(tree)
        journal = tree / ".git/boringops/runs/one"
        journal.mkdir(parents=True)
        (journal / "events.jsonl").write_text(word)
        os.mkfifo(tree / "alive")
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("CANARY_TOKEN", word)
        bystander = subprocess.Popen(["sleep", "120"], env={**os.environ, "CANARY": word}, start_new_session=True)
        with (
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as by_path,
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as abstract,
        ):
            tcp.bind(("127.0.0.1", 0))
            udp.bind(("127.0.0.1", 0))
            udp.setblocking(False)
            here = Path.cwd()
            os.chdir(outside)  # a socket's name is at most 107 bytes long
            try:
                by_path.bind(f"{short}/socket")
                (outside / "socket").symlink_to(f"{short}/socket")
            finally:
                os.chdir(here)
            abstract.bind(f"\0{word}")
            for listener in (tcp, by_path, abstract):
                listener.listen()
            try:
                yield World(tree, outside, home, word, bystander, tcp, udp)
            finally:
                bystander.kill()
                bystander.wait()


def repository(tree: Path) -> None:
    tree.mkdir()
    (tree / "README.md").write_text("# shop\n")
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "Begin"]):
        git(tree, *words)


def git(tree: Path, *words: str) -> str:
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "A"), ("EMAIL", "a@b"))
    }
    done = subprocess.run(
        ["git", *words], cwd=tree, env={**os.environ, **who}, capture_output=True, text=True, check=True
    )
    return done.stdout


def attempt(made: Attempt, world: World, backend: Backend | None) -> bool:
    """Make it; whether it got through."""
    device = Path("/").stat().st_dev
    places = {
        "{outside}": world.outside, "{home}": world.home, "{word}": world.word, "{bystander}": world.bystander.pid,
        "{tcp}": world.tcp.getsockname()[1], "{udp}": world.udp.getsockname()[1],
        "{major}": os.major(device), "{minor}": os.minor(device),
    }  # fmt: skip
    command = made.command
    for name, value in places.items():
        command = command.replace(name, str(value))
    box = Box(world.tree.resolve(), limits=LIMITS)
    world.output = run(command, cwd=world.tree, timeout_s=30, backend=backend, box=box).output
    return made.got_through(world)


def _named(made: Attempt) -> str:
    return made.name.replace(" ", "-")


@pytest.mark.parametrize("made", ATTEMPTS, ids=_named)
def test_an_attempt_is_stopped(made: Attempt, world: World, backend: Backend) -> None:
    passes = not made.stopped(backend.name) or (made.root_passes and os.geteuid() == 0)
    assert attempt(made, world, backend) == passes, world.output


@pytest.mark.parametrize("made", [made for made in ATTEMPTS if made.control], ids=_named)
def test_the_attempt_is_a_real_one(made: Attempt, world: World) -> None:
    assert attempt(made, world, None), world.output


# --- phases that read ---------------------------------------------------------------------------------


def test_a_phase_that_reads_cannot_write(world: World, backend: Backend) -> None:
    box = Box(world.tree, writable=False, limits=LIMITS)
    done = run(
        "echo x > new; echo x >> README.md; rm -f README.md; cat README.md",
        cwd=world.tree,
        timeout_s=20,
        backend=backend,
        box=box,
    )
    assert "# shop" in done.output
    assert git(world.tree, "status", "--porcelain", "README.md") == ""
    assert not (world.tree / "new").exists()


# --- ordinary work ------------------------------------------------------------------------------------

ORDINARY = (
    ("git status --short", "?? new"),
    ("git log --oneline", "Begin"),
    ("git diff HEAD", "+changed"),
    ("git show HEAD:README.md", "# shop"),
    ("cat README.md | sort | uniq -c", "changed"),
    ("mkdir -p build && echo made > build/out && cat build/out", "made"),
    ("echo x > /tmp/x 2>/dev/null || echo x > $TMPDIR/x; mktemp", "tmp"),
    ("echo x > ~/.cache-of-mine && cat ~/.cache-of-mine", "x"),
    ("sh -c 'sleep 0.01 & wait; echo waited'", "waited"),
    ("echo hi > /dev/null; head -c 4 /dev/urandom | wc -c", "4"),
    ("printf 'all:\\n\\t@echo made it\\n' > Makefile && make", "made it"),
    ("python3 -c 'import json, ssl, sqlite3; print(json.dumps([1]))'", "[1]"),
    ('python3 -c \'import subprocess; print(subprocess.run(["echo", "child"]).returncode)\'', "child"),
    ("python3 -m venv --without-pip v && v/bin/python -c 'print(40 + 2)'", "42"),
    ("python3 -m pytest --version", "pytest"),
    ("node -e 'console.log(6 * 7)'", "42"),
    ("node --test", "pass 1"),
    ("npm test --silent", "npm tested"),
    ("go version", "go version"),
    ("terraform version", "Terraform v"),
    ("cargo --version", "cargo "),
)


@pytest.mark.parametrize(("command", "says"), ORDINARY, ids=[command[:30] for command, _ in ORDINARY])
def test_ordinary_work_goes_on(command: str, says: str, tmp_path: Path, backend: Backend) -> None:
    repository(tmp_path / "tree")
    tree = (tmp_path / "tree").resolve()
    (tree / "README.md").write_text("# shop\nchanged\n")
    (tree / "new").write_text("new\n")
    (tree / "it.test.js").write_text("require('node:test')('it', () => {})\n")
    (tree / "package.json").write_text(json.dumps({"name": "shop", "scripts": {"test": "echo npm tested"}}))
    alone = run(command, cwd=tree, timeout_s=60)
    if says not in alone.output:
        pytest.skip(f"does not work here at all: {alone.output[-100:]}")
    git(tree, "clean", "-fdq", "-e", "new", "-e", "*.js*")
    done = run(command, cwd=tree, timeout_s=60, backend=backend, box=Box(tree))
    assert says in done.output


def test_a_commit_from_outside_works_afterwards(tmp_path: Path, backend: Backend) -> None:
    repository(tmp_path / "tree")
    tree = (tmp_path / "tree").resolve()
    done = run(
        "echo more >> README.md; git add README.md; git commit -m no",
        cwd=tree,
        timeout_s=20,
        backend=backend,
        box=Box(tree),
    )
    if backend.hides_git:
        assert done.exit_code != 0
        assert git(tree, "log", "--format=%s") == "Begin\n"
    git(tree, "commit", "-qam", "More", "--allow-empty")
    assert git(tree, "status", "--porcelain") == ""


def test_a_worktree_reads_the_repository_it_belongs_to(tmp_path: Path, backend: Backend) -> None:
    repository(tmp_path / "tree")
    git(tmp_path / "tree", "worktree", "add", "-q", "-b", "other", str(tmp_path / "beside"))
    beside = (tmp_path / "beside").resolve()
    told = "git log --format=%s; git status --short; echo evil > ../tree/.git/hooks/post-commit; echo evil >> ../tree/.git/config"
    done = run(told, cwd=beside, timeout_s=20, backend=backend, box=Box(beside))
    assert "Begin" in done.output
    assert not (tmp_path / "tree/.git/hooks/post-commit").exists()
    assert "evil" not in (tmp_path / "tree/.git/config").read_text()


def test_a_tree_in_the_home_shows_no_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: Backend
) -> None:
    """Dotfiles are kept in a repository that is the home itself."""
    home = tmp_path / "home"
    repository(home)
    for name in (".ssh/id_rsa", ".aws/credentials", ".netrc"):
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text("canary")
    monkeypatch.setenv("HOME", str(home))
    done = run("cat README.md .ssh/* .aws/* .netrc", cwd=home, timeout_s=20, backend=backend, box=Box(home.resolve()))
    assert "# shop" in done.output
    assert "canary" not in done.output


def test_git_itself_may_write_where_it_was_let(tmp_path: Path, backend: Backend) -> None:
    repository(tmp_path / "tree")
    tree = (tmp_path / "tree").resolve()
    run("git tag first", cwd=tree, timeout_s=20, backend=backend, box=Box(tree, network=True, git_writable=True))
    assert git(tree, "tag") == "first\n"


def test_a_network_that_was_allowed_is_there(world: World, backend: Backend) -> None:
    made = next(made for made in ATTEMPTS if made.name == "connect over TCP")
    command = made.command.replace("{tcp}", str(world.tcp.getsockname()[1]))
    done = run(command, cwd=world.tree, timeout_s=20, backend=backend, box=Box(world.tree.resolve(), network=True))
    assert "got through" in done.output


def test_a_granted_file_alone_is_seen(world: World, backend: Backend) -> None:
    (world.home / ".aws").mkdir()
    (world.home / ".aws/credentials").write_text("granted")
    box = Box(world.tree.resolve(), grants=(world.home / ".aws",))
    done = run(
        f"cat {world.home}/.aws/credentials {world.home}/.ssh/*", cwd=world.tree, timeout_s=20, backend=backend, box=box
    )
    assert "granted" in done.output
    assert world.word not in done.output


def test_tools_of_the_home_are_found(world: World, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = world.home / ".local/bin"
    tools.mkdir(parents=True)
    (tools / "mine").write_text("#!/bin/sh\necho my tool\n")
    (tools / "mine").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    assert shutil.which("mine")
    done = run(
        "mine; echo evil > $(command -v mine)",
        cwd=world.tree,
        timeout_s=20,
        backend=backend,
        box=Box(world.tree.resolve()),
    )
    assert "my tool" in done.output
    assert "evil" not in (tools / "mine").read_text()


def _table() -> str:
    rows = ["| attempt | bubblewrap | Landlock |", "|---|---|---|"]
    for made in ATTEMPTS:
        layers = (
            (made.stopped(name) or "**gets through**") + (" (not for root)" if made.root_passes else "")
            for name in ("bubblewrap", "landlock")
        )
        rows.append(f"| {made.name} | {' | '.join(layers)} |")
    return "\n".join(rows)


def test_the_documentation_tells_what_stops_each_attempt() -> None:
    """With WRITE_DOCS set, it is written anew."""
    path = ROOT / "docs/sandbox.md"
    head, _, rest = path.read_text().partition("<!-- attempts -->\n")
    told, mark, tail = rest.partition("<!-- /attempts -->")
    if os.environ.get("WRITE_DOCS"):
        path.write_text(f"{head}<!-- attempts -->\n{_table()}\n{mark}{tail}")
        return
    assert told.strip() == _table()
