"""The pipelines of seven further systems, read into the shape that the rules about delivery know."""

from __future__ import annotations

from pathlib import Path

import pytest

from boringops_tools.red_flags import scan
from boringops_tools.red_flags.pipelines import is_pipeline, read
from boringops_tools.validators.base import File
from boringops_tools.validators.schemas import VALIDATORS

UNSAFE = "curl -k https://a.example/x"
SYSTEMS = {
    "bitbucket-pipelines.yml": f"pipelines: {{default: [{{step: {{name: a, script: ['{UNSAFE}']}}}}]}}\n",
    ".drone.yml": f"kind: pipeline\nname: a\nsteps: [{{name: b, image: 'c:1', commands: ['{UNSAFE}']}}]\n",
    ".woodpecker/a.yaml": f"steps: {{b: {{image: 'c:1', commands: ['{UNSAFE}']}}}}\n",
    ".travis.yml": f"language: go\nscript: ['{UNSAFE}']\n",
    ".buildkite/pipeline.yml": f"steps: [{{group: g, steps: [{{label: a, command: '{UNSAFE}'}}]}}]\n",
    "cloudbuild.yaml": f"steps: [{{name: 'a:1', entrypoint: bash, args: ['-c', '{UNSAFE}']}}]\n",
    "buildspec.yml": f"version: 0.2\nphases: {{build: {{commands: ['{UNSAFE}']}}}}\n",
    "vars/deploy.groovy": f"def call() {{\n  // sh 'true'\n  sh '{UNSAFE}'\n}}\n",
}


@pytest.mark.parametrize("path", SYSTEMS)
def test_what_their_commands_do_is_seen(path: str, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(SYSTEMS[path])
    assert is_pipeline(path)
    assert "tls/not-verified" in {each.rule for each in scan(tmp_path, [path])}


def _bitbucket(*steps: str) -> str:
    return "pipelines:\n  branches:\n    main:\n" + "".join(f"      - step: {step}\n" for step in steps)


DEPLOY = "{name: Out, deployment: production, script: [{pipe: 'atlassian/aws-ecs-deploy:1.12.2'}]}"


def test_a_deployment_needs_a_test_before_it_in_its_own_pipeline(tmp_path: Path) -> None:
    path = "bitbucket-pipelines.yml"
    for steps, expected in (((DEPLOY,), True), (("{name: Test, script: [pytest]}", DEPLOY), False)):
        (tmp_path / path).write_text(_bitbucket(*steps))
        assert ("pipeline/untested-production" in {each.rule for each in scan(tmp_path, [path])}) is expected


def test_steps_need_those_before_them() -> None:
    text = "steps:\n- {key: a, command: x}\n- {key: b, command: x}\n- wait\n- {key: c, command: y}\n- {key: d, command: z, depends_on: a}\n"
    [pipeline] = read(".buildkite/pipeline.yml", text)
    assert {each.name: each.needs for each in pipeline.jobs} == {"a": (), "b": (), "c": ("a", "b"), "d": ("a",)}


def test_a_file_of_several_documents_is_not_given_to_a_schema_of_one() -> None:
    [schemas] = VALIDATORS
    document = "kind: pipeline\nname: a\nsteps: []\n"
    root = Path()
    assert schemas.skip(File(root, ".drone.yml", document)) == ""
    assert "several documents" in schemas.skip(File(root, ".drone.yml", f"{document}---\n{document}"))
