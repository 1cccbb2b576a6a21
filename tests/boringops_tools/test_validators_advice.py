"""What validators say that is no defect: of templates, of macros, of runners of one's own, and mere advice."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from boringops.facts import Finding
from boringops_tools import validators
from boringops_tools.validators import workflows
from boringops_tools.validators.azure_tasks import as_the_schema_writes, is_foreign, without_foreign
from boringops_tools.validators.base import File, Judged, Ran, Said, Validator
from boringops_tools.validators.gaps import gaps
from boringops_tools.validators.workflows import writes_own


def named(name: str) -> Validator:
    return next(each for each in validators.validators() if each.name == name)


def file(path: str, text: str) -> File:
    return File(Path("/nowhere"), path, text)


@pytest.mark.parametrize(
    ("message", "severity"),
    [
        ('label "ubuntu-x64" is unknown. available labels are', "info"),
        ('label "gpu-large" is unknown. available labels are', "info"),
        ('label "ubuntu-latests" is unknown. available labels are', "error"),
        ('label "ubuntu-2404" is unknown. available labels are', "error"),
    ],
)
def test_runners_of_an_organisation_have_names_of_their_own(message: str, severity: str) -> None:
    item = {"filepath": "a.yml", "id": "unknown-runner-label", "line": 3, "message": message}
    (said,) = named("jactionlint").read(Ran(1, json.dumps([item]), ""))  # type: ignore[attr-defined]
    assert isinstance(said, Said)
    assert said.severity == severity


@pytest.mark.parametrize(
    ("transform", "skipped"),
    [
        ("Transform: AWS::Serverless-2016-10-31\n", False),
        ("Transform: [AWS::LanguageExtensions]\n", False),
        ("Transform: Count\n", True),
        ("Transform:\n  - Name: PyPlate\n", True),
        ("Transform: [Boto3]\n", True),
        ("", False),
    ],
)
def test_a_template_that_a_macro_rewrites_is_not_judged(transform: str, skipped: bool) -> None:
    text = f"AWSTemplateFormatVersion: '2010-09-09'\n{transform}Resources: {{}}\n"
    assert bool(named("cfn-lint").skip(file("a.yaml", text))) is skipped  # type: ignore[attr-defined]


def _class(rule: str, message: str, name: str = "Database") -> dict[str, object]:
    place = {"Start": {"LineNumber": 7}, "Path": ["Resources", name, "Properties"]}
    return {"Filename": "a.yml", "Level": "Error", "Rule": {"Id": rule}, "Message": message, "Location": place}


@pytest.mark.parametrize(
    ("rule", "message", "severity"),
    [
        ("E3025", "'db.m9g.large' is not one of ['db.m7g.large', 'db.m8g.large'] in 'us-east-1'", "info"),
        ("E3025", "'db.m9g.large' is not one of ['db.m7i.large', 'db.m8i.large'] in 'us-east-1'", "error"),
        ("E3025", "'db.m33g.large' is not one of ['db.m7g.large', 'db.m8g.large'] in 'us-east-1'", "error"),
        ("E3025", "'db.t3.mircro' is not one of ['db.t3.micro']", "error"),
        ("E3062", "'db.m5.large' is not one of ['db.t4g.micro', 'db.r6g.large']", "error"),
        ("E3691", "'16.14' is not one of ['16.9', '16.10', '17.6']", "info"),
        ("E3691", "'18.1' is not one of ['16.10', '17.6']", "info"),
        ("E3691", "'16.99' is not one of ['16.10', '17.6']", "error"),
        ("E3030", "'31' is not one of ['14', '30']", "error"),
    ],
)
def test_what_is_newer_than_the_lists_of_a_validator(rule: str, message: str, severity: str) -> None:
    (said,) = named("cfn-lint").read(Ran(1, json.dumps([_class(rule, message)]), ""))  # type: ignore[attr-defined]
    assert said.severity == severity


def test_classes_of_a_retired_version_are_not_known() -> None:
    refused = "'db.m7g.large' is not one of ['db.r5.large']"
    items = [_class("W3691", "is deprecated"), _class("E3062", refused), _class("E3062", refused, "Other")]
    said = named("cfn-lint").read(Ran(1, json.dumps(items), ""))  # type: ignore[attr-defined]
    assert [each.severity for each in said] == ["info", "info", "error"]


@pytest.mark.parametrize(("name", "skipped"), [("{{ host }}", True), ("{% raw %}", True), ("example.com", False)])
def test_nginx_templates_without_an_ending_that_says_so(name: str, skipped: bool) -> None:
    text = f"server {{\n  server_name {name};\n}}\n"
    assert bool(named("nginx").skip(file("templates/default.conf", text))) is skipped  # type: ignore[attr-defined]


@pytest.mark.parametrize(("text", "covered"), [("---\n- name: a\n", False), ("# x\nservices: {}\n", True)])
def test_a_list_of_tasks_is_no_compose_file(text: str, covered: bool) -> None:
    compose = next(each for each in validators.validators() if "compose-spec" in each.about)
    assert compose.covers(file("tasks/docker-compose.yml", text)) is covered


@pytest.mark.parametrize(("path", "skipped"), [("deploy.sh.j2", True), ("deploy.sh", False)])
def test_a_script_that_has_to_be_rendered_first(path: str, skipped: bool) -> None:
    text = "#!/bin/sh\n{% if a %}\ntrue\n{% endif %}\n"
    assert bool(named("shellcheck").skip(file(path, text))) is skipped  # type: ignore[attr-defined]


def shellcheck_item(code: str, level: str, message: str, snippet: str) -> dict[str, object]:
    told = f"shellcheck reported issue in this script: {code}:{level}:1:27: {message}"
    return {"filepath": "a.yml", "id": "shellcheck", "line": 3, "message": told, "snippet": snippet}


def test_what_shellcheck_says_of_a_step_is_told_as_shellcheck_tells_it() -> None:
    items = [
        shellcheck_item("SC2046", "warning", "Quote this to prevent word splitting", "ln -s $(pwd) $(which a)"),
        shellcheck_item("SC2193", "warning", "never equal", 'if [[ "${{ github.ref }}" == refs/tags/* ]]; then'),
        shellcheck_item("SC2193", "warning", "never equal", 'if [[ "a" == b ]]; then'),
        shellcheck_item("SC1090", "warning", "can't follow", "source ~/.venv/bin/activate"),
        shellcheck_item("SC2005", "style", "Useless echo", "echo $(a)"),
    ]
    said = list(named("jactionlint").read(Ran(1, json.dumps(items), "")))  # type: ignore[attr-defined]
    assert [(each.rule, each.severity, each.message) for each in said if isinstance(each, Said)] == [
        ("SC2046", "warning", "Quote this to prevent word splitting"),
        ("SC2193", "warning", "never equal"),
        ("SC2005", "info", "Useless echo"),
    ]


@pytest.mark.parametrize(
    ("rule", "message", "severity"),
    [
        ("template-injection", '"github.ref_name" is a branch or tag name, which is not validated', "warning"),
        ("template-injection", '"env.A" is set from an input chosen by whoever runs this, which', "warning"),
        ("template-injection", '"github.head_ref" is potentially untrusted', "error"),
        ("cache-poisoning", "a cache is restored", "info"),
        ("outdated-action-runner", "the runner is too old", "warning"),
        ("undefined-property", "no such property", "error"),
    ],
)
def test_what_only_those_who_may_push_can_abuse_is_no_error(rule: str, message: str, severity: str) -> None:
    item = {"filepath": "a.yml", "id": rule, "line": 3, "message": message}
    (said,) = named("jactionlint").read(Ran(1, json.dumps([item]), ""))  # type: ignore[attr-defined]
    assert isinstance(said, Said)
    assert (said.severity, said.message) == (severity, message)


def test_no_message_speaks_of_jactionlints_own_options() -> None:
    own = 'Set "default-days" in the "dependabot-cooldown" rule options of the configuration to turn on the --fix fix'
    item = {"filepath": "a.yml", "id": "dependabot-cooldown", "line": 3, "message": f"set it to 7. {own}"}
    (said,) = named("jactionlint").read(Ran(1, json.dumps([item]), ""))  # type: ignore[attr-defined]
    assert isinstance(said, Said)
    assert said.message == "set it to 7"


@pytest.mark.parametrize(
    ("step", "severity"),
    [
        ("uses: owner/title@v1", "info"),
        ("uses: actions/checkout@v4", "error"),
        ("uses: Actions/Checkout@v4", "error"),
        ("name: nothing", "error"),
        ("uses: ./.github/actions/build", "error"),
        ("uses: actions/github-script@v8", "error"),
        ("run: make", "error"),
    ],
)
def test_a_trigger_of_outsiders_is_a_note_where_only_actions_are_called(step: str, severity: str) -> None:
    text = f"on: pull_request_target\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - {step}\n"
    workflow = file(".github/workflows/a.yml", text)
    found = workflows.tempered([workflow], {workflow.path: Judged([trigger()])})
    assert [each.severity for each in found[workflow.path].findings] == [severity]


@pytest.mark.parametrize(
    "text", ["", "on: [\n", "on: issue_comment\njobs:\n  a:\n    uses: o/r/.github/workflows/b.yml@v1\n"]
)
def test_a_workflow_that_says_too_little_keeps_its_trigger(text: str) -> None:
    workflow = file(".github/workflows/a.yml", text)
    found = workflows.tempered([workflow], {workflow.path: Judged([trigger()])})
    assert [each.severity for each in found[workflow.path].findings] == ["error"]


def trigger() -> Finding:
    return Finding(rule="dangerous-triggers", severity="error", path="a.yml", line=1, message="x", source="jactionlint")


def expansion(raw: str, persona: str = "Pedantic", kind: str = "Raw") -> dict[str, object]:
    feature = {"Subfeature": {"after": 1, "fragment": {kind: raw}}}
    symbolic = {
        "kind": "Primary", "annotation": "may expand", "feature_kind": feature, "route": {"route": [{"Key": "jobs"}]},
        "key": {"Local": {"verbatim_path": "a.yml"}},
    }  # fmt: skip
    place = {"symbolic": symbolic, "concrete": {"location": {"start_point": {"row": 2}}}}
    how = {"severity": "Low", "confidence": "High", "persona": persona}
    return {"ident": "template-injection", "desc": "injection", "determinations": how, "locations": [place]}


def test_a_cache_beside_a_release_is_a_note() -> None:
    item = {**expansion("x", "Regular"), "ident": "cache-poisoning"}
    [said] = named("zizmor").read(Ran(1, json.dumps([item]), ""))  # type: ignore[attr-defined]
    assert said.severity == "info"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("github.sha", False),
        ("matrix.python.key || matrix.python", False),
        ("github.repository", False),
        ("matrix.os || github.event.issue.title", True),
        ("secrets.KEY", True),
        ("steps.version.outputs.name", True),
    ],
)
def test_what_nobody_outside_has_a_hand_in_is_no_injection(raw: str, told: bool) -> None:
    assert bool(list(named("zizmor").read(Ran(1, json.dumps([expansion(raw)]), "")))) is told  # type: ignore[attr-defined]
    assert list(named("zizmor").read(Ran(1, json.dumps([expansion(raw, "Regular")]), "")))  # type: ignore[attr-defined]
    spaced = expansion(re.escape(raw).replace(r"\ ", r"\s+"), kind="Regex")
    assert bool(list(named("zizmor").read(Ran(1, json.dumps([spaced]), "")))) is told  # type: ignore[attr-defined]


def test_what_github_makes_by_itself_is_no_injection_whoever_is_sure_of_it() -> None:
    read = named("zizmor").read  # type: ignore[attr-defined]
    for raw, told in (("github.event.repository.html_url", False), ("github.event.issue.title", True)):
        assert bool(list(read(Ran(1, json.dumps([expansion(raw, "Regular")]), "")))) is told


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("#!/bin/sh /etc/rc.common\nSTART=99\n", False),
        ("#!/bin/ksh\ndaemon=/bin/a\n\n. /etc/rc.d/rc.subr\n\nrc_cmd $1\n", False),
        ("#!/bin/sh\nSTART=99\n", True),
    ],
)
def test_a_variable_that_another_file_reads_is_used(script: str, told: bool) -> None:
    one = file("init", script)
    found = named("shellcheck").check([one], 30)[one.path].findings
    assert any(each.rule == "SC2034" for each in found) is told


@pytest.mark.parametrize(("said", "told"), [("'run `make` first'", False), ("'run $(make) first'", True)])
def test_backquotes_of_a_message_are_no_command(said: str, told: bool) -> None:
    one = file("a.sh", f"#!/bin/sh\necho {said}\n")
    assert any(each.rule == "SC2016" for each in named("shellcheck").check([one], 30)[one.path].findings) is told


@pytest.mark.parametrize(
    ("script", "severity"),
    [
        ('file="$1"\ngzip -- "$file"\nsha256sum $file\n', "warning"),
        ('file="$1"\nsha256sum $file\n', "info"),
        ('options="-a -b"\nls "$options"\nls $options\n', "info"),
        ('file="$1"\ngzip "$file"\nls $file\nls $file\nls $file\nls $file\n', "info"),
    ],
)
def test_a_forgotten_quote_is_one_where_the_script_has_them_elsewhere(script: str, severity: str) -> None:
    one = file("a.sh", f"#!/bin/sh\n{script}")
    found = [each for each in named("shellcheck").check([one], 30)[one.path].findings if each.rule == "SC2086"]
    assert {each.severity for each in found} == {severity}


def test_shellcheck_has_no_say_over_powershell() -> None:
    run = "RUN $a = (Get-Item x) ; Write-Host $a\n"
    windows = file(
        "Dockerfile", f'# escape=`\nFROM mcr.microsoft.com/windows:1\nSHELL ["powershell", "-Command"]\n{run}'
    )
    shell = file("b/Dockerfile", f"FROM debian:13\n{run}")
    found = named("hadolint").check([windows, shell], 30)
    assert not [each.rule for each in found[windows.path].findings if each.rule.startswith("SC")]
    assert [each.rule for each in found[shell.path].findings if each.rule.startswith("SC")]


def test_compose_lint_names_the_way_out_in_a_sentence() -> None:
    fix = "Move 'A_PASSWORD' to Compose's `secrets:` primitive. If the image supports it, set `A_PASSWORD_FILE`."
    item = {"file": "a", "rule_id": "CL-0020", "severity": "high", "line": 1, "message": "in clear", "fix": fix}
    (said,) = named("compose-lint").read(Ran(1, json.dumps({"findings": [item]}), ""))  # type: ignore[attr-defined]
    assert isinstance(said, Said)
    assert said.hint == "Move 'A_PASSWORD' to Compose's `secrets:` primitive."


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/main/resources/messages/messages_de.properties", False),
        ("src/main/resources/application.properties", True),
        ("tests/jenkinsfile.bats", False),
        ("Jenkinsfile", True),
    ],
)
def test_texts_of_an_application_are_no_infrastructure(path: str, expected: bool) -> None:
    assert validators.expects_validation(path) is expected


@pytest.mark.parametrize(
    ("project", "skipped"),
    [("name: a\nruntime: hcl\n", True), ("name: a\nruntime: yaml\n", False), (None, False)],
)
def test_a_program_of_pulumi_is_no_configuration_of_terraform(
    tmp_path: Path, project: str | None, skipped: bool
) -> None:
    if project is not None:
        (tmp_path / "Pulumi.yaml").write_text(project)
    main = File(tmp_path, "main.tf", 'locals {\n  a = fileArchive("./f")\n}\n')
    assert bool(named("terraform").skip(main)) is skipped  # type: ignore[attr-defined]


def test_a_script_without_a_shebang_is_one_that_others_take_in() -> None:
    one = file("lib.sh", "say() {\n  echo hi\n}\n")
    found = named("shellcheck").check([one], 30)[one.path].findings
    assert [(each.rule, each.severity) for each in found] == [("SC2148", "info")]


@pytest.mark.parametrize("text", ['{\n  "a": 1,\n}\n', '{"b":\n  [1, 2,\n\n  ]}\n'])
def test_a_comma_too_many_is_called_one(text: str) -> None:
    one = file("a.json", text)
    (found,) = named("json").check([one], 30)[one.path].findings
    assert (found.line, found.message) == (2, "a comma before the closing bracket, which JSON does not allow")


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("eng/ci/build.yml", "extends:\n  template: v1/a.yml@1es\n", True),
        ("eng/jobs/test.yml", "jobs:\n- job: a\n  pool:\n    vmImage: ubuntu-24.04\n", True),
        ("eng/steps.yml", "steps:\n- task: UsePythonVersion@0\n", True),
        ("azure-pipelines.yml", "steps:\n- task: UsePythonVersion@0\n", False),
        (".circleci/config.yml", "jobs:\n  a:\n    steps:\n      - run: make\n", False),
        ("ci.yml", "stages: [a]\nb:\n  extends: .c\n  script: make\n", False),
    ],
)
def test_a_pipeline_of_azure_by_another_name_is_told_as_unchecked(path: str, text: str, told: bool) -> None:
    assert bool(gaps(file(path, text))) is told


@pytest.mark.parametrize(
    ("task", "foreign"),
    [
        ("TerraformInstaller@1", True),
        ("ms-devlabs.custom-terraform-tasks.custom-terraform-installer-task.TerraformInstaller@1", True),
        ("NodeTool@0", False),
        ("NodeTool@7", True),
        ("NodeTol@0", False),
        ("nonsense", False),
    ],
)
def test_tasks_of_extensions_are_none_of_the_schemas(task: str, foreign: bool) -> None:
    assert is_foreign(task) is foreign
    step = {"task": task, "inputs": {"a": "b"}, "displayName": "c"}
    assert without_foreign(step) == ({"script": "", "displayName": "c"} if foreign else step)


def test_inputs_of_tasks_are_taken_in_any_case() -> None:
    given = {"Command": "buildandpush", "dockerfile": "Dockerfile", "unknown": "X"}
    inputs = {"command": "buildAndPush", "Dockerfile": "Dockerfile", "unknown": "X"}
    assert as_the_schema_writes({"task": "docker@2", "inputs": given}) == {"task": "docker@2", "inputs": inputs}
    assert as_the_schema_writes({"task": "Mine@1", "inputs": given}) == {"task": "Mine@1", "inputs": given}


@pytest.mark.parametrize(
    ("written", "own"),
    [
        ('echo "$RUNNER_TEMP/tool/bin" >> "$GITHUB_PATH"', True),
        ('echo "$HOME/.tool/bin" >> $GITHUB_PATH', True),
        ("echo MODE=release >> $GITHUB_ENV", True),
        ('target="$RUNNER_TEMP/tool"\n        echo "$target" >> "$GITHUB_PATH"', True),
        (
            "$target = Join-Path $env:RUNNER_TEMP 'tool'\n        $target | Out-File -FilePath $env:GITHUB_PATH -Append",
            True,
        ),
        ("$target = $env:TITLE\n        $target | Out-File -FilePath $env:GITHUB_PATH -Append", False),
        ('tool="$RUNNER_TEMP/tool/tool"\n        echo "$(dirname "$tool")" >> "$GITHUB_PATH"', True),
        ('echo "$(dirname "$(cat name)")" >> "$GITHUB_PATH"', False),
        ('target=$(cat name)\n        echo "$target" >> "$GITHUB_PATH"', False),
        ('target="${{ inputs.where }}"\n        echo "$target" >> "$GITHUB_PATH"', False),
        ('echo "$TOOL_DIR" >> "$GITHUB_PATH"', False),
        ('echo "NAME=$(cat name)" >> "$GITHUB_ENV"', False),
        ("cat names >> $GITHUB_ENV", False),
    ],
)
def test_a_constant_on_the_path_executes_nothing_of_others(written: str, own: bool) -> None:
    text = f"runs:\n  using: composite\n  steps:\n    - shell: bash\n      run: |\n        {written}\n    - run: echo\n"
    assert writes_own(text, 4) is own
    assert writes_own(text, 5) is own
