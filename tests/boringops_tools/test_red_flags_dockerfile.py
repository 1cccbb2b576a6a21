"""The reading of Dockerfiles that the rules stand on."""

from __future__ import annotations

import pytest

from boringops_tools.dockerfile import assignments, command, instructions, is_dockerfile, parse, substitute

TEXT = """\ufeff# syntax=docker/dockerfile:1
ARG VERSION=22
ARG BASE=node:${VERSION}-slim

FROM --platform=$BUILDPLATFORM ${BASE} AS Build
RUN one \\
    # a comment between
    two \\

    three
RUN <<EOF cat <<-'END'
FROM nothing
EOF
USER nobody
END
user 1000

FROM build
COPY --from=Build /a /a
"""


def test_instructions_stages_and_arguments() -> None:
    file = parse(TEXT)
    build, final = file.stages
    assert (build.image, build.alias, build.platform) == ("node:22-slim", "build", "$BUILDPLATFORM")
    assert [(each.name, each.line) for each in build.instructions] == [("RUN", 6), ("RUN", 11), ("USER", 16)]
    assert build.instructions[0].value == "one two three"
    assert build.instructions[1].heredocs == ("FROM nothing", "USER nobody")
    assert file.base_of(final) is build
    assert file.lineage(final) == [final, build]


def test_windows_escape() -> None:
    assert [each.value for each in instructions("# escape=`\nFROM a`\n:1\nRUN dir C:\\\nUSER x\n")] == [
        "a :1",
        "dir C:\\",
        "x",
    ]


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ("$A", "1"),
        ("${A}-x", "1-x"),
        ("${B:-2}", "2"),
        ("${A:-2}", "1"),
        ("${A:+y}", "y"),
        ("${B:+y}", ""),
        ("$B", "$B"),
        ("\\$A", "\\$A"),
    ],
)
def test_substitution(value: str, filled: str) -> None:
    assert substitute(value, {"A": "1"}) == filled


def test_an_argument_that_names_itself_ends() -> None:
    assert len(substitute("$A", {"A": "$A$A"})) <= 4096


def test_assignments_and_commands() -> None:
    assert assignments('A=1 B="two words" C=') == {"A": "1", "B": "two words", "C": ""}
    assert assignments("NAME the rest") == {"NAME": "the rest"}
    assert assignments("NAME") == {}
    assert (command('["a", "b"]'), command("a b"), command("[a")) == (["a", "b"], None, None)


@pytest.mark.parametrize("path", ["Dockerfile", "x/Dockerfile.dev", "api.Dockerfile", "Containerfile", "dockerfile"])
def test_names_of_dockerfiles(path: str) -> None:
    assert is_dockerfile(path)


@pytest.mark.parametrize(
    "path",
    ["Dockerfile.dockerignore", "Dockerfile.md", "dockerfile.py", "NotADockerfile", "Dockerfiles/x", "Dockerfile.j2"],
)
def test_names_of_others(path: str) -> None:
    assert not is_dockerfile(path)


@pytest.mark.parametrize(
    "text", ["", "FROM", "FROM\nUSER\n", "\\", "RUN <<EOF", "ARG", "FROM a AS", "[", "FROM --platform=x"]
)
def test_nothing_breaks_it(text: str) -> None:
    parse(text)


def test_quotes_in_a_base_image_are_the_builders() -> None:
    file = parse('ARG V=3\nFROM alpine:"${V}" AS a\nFROM "alpine:${V}"\nFROM a\n')
    assert [each.image for each in file.stages] == ["alpine:3", "alpine:3", "a"]
