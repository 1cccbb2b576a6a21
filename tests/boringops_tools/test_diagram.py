"""The architecture's picture: from the files, and Mermaid that its parser takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from boringops_tools import stack
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.diagram import MOST, mermaid
from boringops_tools.stack.tree import Tree
from tests.boringops_tools.test_blueprints import drafted, files_of, repository

NODE = re.compile(r'([A-Za-z]\w*)(\["[^"\n]*"\]|\[\("[^"\n]*"\)\])')
EDGE = re.compile(r'([A-Za-z]\w*) -->(?:\|"[^"|\n]*"\|)? ([A-Za-z]\w*)')
RESERVED = {"end", "graph", "subgraph", "flowchart", "class", "click", "style", "default"}


def parse(text: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Nodes by id and edges of a flowchart; a line that is neither is no Mermaid that we write."""
    first, *lines = text.splitlines()
    assert first == "flowchart LR"
    nodes: dict[str, str] = {}
    edges: list[tuple[str, str]] = []
    depth = 0
    for line in (line.strip() for line in lines):
        if re.fullmatch(r'subgraph \w+\["[^"]+"\]', line):
            depth += 1
        elif line == "end":
            depth -= 1
            assert depth >= 0
        elif found := NODE.fullmatch(line):
            assert found[1] not in nodes and found[1] not in RESERVED
            nodes[found[1]] = found[2]
        else:
            edge = EDGE.fullmatch(line)
            assert edge, line
            edges.append((edge[1], edge[2]))
    assert depth == 0
    assert {end for edge in edges for end in edge} <= set(nodes)
    return nodes, edges


def drawn(root: Path) -> tuple[dict[str, str], list[tuple[str, str]]]:
    files = files_of(root)
    return parse(mermaid(Context(Tree(root, files), stack.detect(root, files), frozenset())))


@pytest.mark.parametrize("name", ["express", "django", "nextjs", "go"])
def test_what_is_drafted_is_drawn(tmp_path: Path, name: str) -> None:
    root = repository(tmp_path, name)
    drafted(root, wants={"containers", "ci", "docs"})
    parse(re.findall(r"```mermaid\n(.*?)\n```", (root / "docs/runbook.md").read_text(), re.DOTALL)[0])
    nodes, _ = drawn(root)
    assert any(node.startswith("compose_") for node in nodes) and any(node.startswith("flow_") for node in nodes)


def test_files_of_people_are_drawn(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'resource "aws_lb" "a" {\n  name = "x"\n}\n\nresource "aws_ecs_service" "b" {\n  lb = aws_lb.a.arn\n}\n'
    )
    (tmp_path / "k8s").mkdir()
    (tmp_path / "k8s/a.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}}\n---\n"
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
    )
    (tmp_path / "compose.yml").write_text(
        'services:\n  "we<b>":\n    image: x\n    depends_on: [end]\n  end: {image: "postgres:17"}\n'
    )
    _, edges = drawn(tmp_path)
    assert ("tf_aws_ecs_service_b", "tf_aws_lb_a") in edges
    assert ("service_web", "workload_web") in edges
    assert len(edges) == 3


def test_a_picture_nobody_could_read_is_cut(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("".join(f'resource "aws_s3_bucket" "b{n}" {{\n}}\n' for n in range(MOST + 5)))
    nodes, _ = drawn(tmp_path)
    assert len(nodes) == MOST + 1 and "5 more" in nodes["more"]
