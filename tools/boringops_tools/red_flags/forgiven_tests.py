"""Tests whose failure stops nobody: told so by an option, by the shell around them or by a step of Jenkins; deployments likewise."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from boringops_tools.jenkins_files import is_jenkinsfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.deploying import deploys, deploys_by, deploys_in, to_production
from boringops_tools.red_flags.examples import CI, GUARD, a_job, gh
from boringops_tools.red_flags.pipelines import Job, Pipeline, Step, is_pipeline, list_of, may_run, plain_groovy, read
from boringops_tools.red_flags.scripts import Command, Script, commands
from boringops_tools.red_flags.testing import tests, tests_by_task
from boringops_tools.yaml_files import line_of, walk

_UNTESTED = "Deploy directly to production without testing"
# program: options with which failed tests end well.
_OPTIONS: dict[str, re.Pattern[str]] = {
    "mvn": lazy_pattern(r"(?<!\S)(?:-Dmaven\.test\.failure\.ignore(?:=true)?|-DtestFailureIgnore(?:=true)?|-fn|--fail-never)(?!\S)"),
    "gradle": lazy_pattern(r"(?<!\S)-[PD]ignore(?:Test)?Failures(?:=true)?(?!\S)"),
    "rspec": lazy_pattern(r"--failure-exit-code[ =]0\b"), "pytest": lazy_pattern(r"--suppress-tests-failed-exit-code\b"),
    "cypress": lazy_pattern(r"(?<!\S)--no-exit\b"), "prove": lazy_pattern(r"--ignore-exit\b"),
}  # fmt: skip
_OPTIONS |= {"mvnw": _OPTIONS["mvn"], "gradlew": _OPTIONS["gradle"]}
_STATUS = lazy_pattern(
    r"(?m)^[ \t]*(?:sh|bat|pwsh|powershell)\s*\(?\s*(?=[^\n]*\breturnStatus\s*:\s*true)[^\n]*?\bscript\s*:\s*(?:'''(?P<a>.*?)'''|\"\"\"(?P<b>.*?)\"\"\"|'(?P<c>(?:[^'\\\n]|\\.)*)'|\"(?P<d>(?:[^\"\\\n]|\\.)*)\")",
    re.S,
)


def _told(command: Command) -> bool:
    pattern = _OPTIONS.get(command.program)
    return bool(pattern and tests(command) and pattern.search(" ".join(command.argv)))


def _goes_on(pipeline: Pipeline, text: str) -> bool:
    """Whether the pipeline deploys although an earlier stage of it is only unstable."""
    return any(map(deploys, pipeline.jobs)) and not re.search(
        r"skipStagesAfterUnstable|currentBuild\.(?:result|currentResult)|resultIs", text
    )


def _by_option(pipeline: Pipeline, text: str) -> Iterator[Hit]:
    reported = pipeline.system == "jenkins" and re.search(r"\bjunit\b", text) and not _goes_on(pipeline, text)
    for job in pipeline.jobs if not reported else ():
        for step in job.steps:
            for command in filter(_told, step.commands):
                yield Hit(command.line, f"`{' '.join(command.argv)[:100]}` ends well whatever the tests say")


def _unset(pipeline: Pipeline) -> Iterator[Hit]:
    """`set +e`, the tests, and something else that decides how the script ends."""
    for job in pipeline.jobs:
        for step in job.steps:
            script = step.script.text if step.script else ""
            if "set +e" not in script or re.search(r"\$\?|PIPESTATUS|\bif\b|&&|\|\|", script):
                continue
            loose = False
            run = step.commands
            for position, command in enumerate(run):
                if command.program == "set":
                    loose = "+e" in command.argv if {"+e", "-e", "-euo", "-eu", "-ex"} & set(command.argv) else loose
                elif loose and tests(command) and position + 1 < len(run):
                    yield Hit(command.line, f"the failure of `{' '.join(command.argv)[:80]}` is thrown away (`set +e`)")
                    break


def _caught(text: str, pipeline: Pipeline) -> Iterator[Hit]:
    """Jenkins: steps that make of a failure a success, or at most a warning that nobody waits for."""
    from boringops_tools.checks.groovy_text import bodies

    plain = plain_groovy(text)
    opening = re.compile(r"\b(?:warnError\s*\([^(){}]*\)|catchError\s*(?:\([^(){}]*\))?)\s*\{")
    for start, end in bodies(plain, opening):
        head = plain[plain.rfind("Error", 0, start) - 5 : start]
        how = re.search(r"buildResult\s*:\s*['\"](\w+)", head)
        result = how[1] if how else "UNSTABLE" if "warnError" in head else "FAILURE"
        if result != "SUCCESS" and not (result == "UNSTABLE" and _goes_on(pipeline, text)):
            continue
        line = plain.count("\n", 0, start) + 1
        if any(
            tests(each)
            for job in pipeline.jobs
            for step in job.steps
            for each in step.commands
            if line <= each.line <= line + plain.count("\n", start, end)
        ):
            yield Hit(line, f"tests that fail make the build {result.lower()} here, and it goes on")
    for match in _STATUS.finditer(plain):
        group = next(name for name in ("a", "b", "c", "d") if match[name] is not None)
        line = plain.count("\n", 0, match.start(group)) + 1
        if any(tests(each) for each in commands(Script(line, match[group]))):
            yield Hit(line, "the status of the tests is asked for, and nobody looks at it")


def _disabled(pipeline: Pipeline) -> Iterator[Hit]:
    """Tests that are there, and are switched off."""
    key = {"azure": "enabled", "github": "if"}.get(pipeline.system, "")
    for job in pipeline.jobs if key else ():
        off = [
            each
            for _, name, value in walk(job.body)
            if name == "steps"
            for each in list_of(value)
            if isinstance(each, Mapping)
        ]
        lines = {line_of(each, key): each for each in off if str(each.get(key)).strip("${} ").lower() == "false"}
        for line, each in lines.items():
            step = next(
                (one for one in job.steps if one.name and one.name in (each.get("displayName"), each.get("name"))), None
            )
            named = step is not None and (
                any(map(tests, step.commands)) or tests_by_task(step) or bool(re.search(r"(?i)\btests?\b", step.name))
            )
            script = next((each[one] for one in ("run", "script", "bash") if isinstance(each.get(one), str)), "")
            if named or any(tests(one) for one in commands(Script(line or 1, script))):
                yield Hit(line, "the tests are switched off")


def _forgiven(path: str, text: str) -> Iterable[Hit]:
    for pipeline in read(path, text):
        yield from _by_option(pipeline, text)
        yield from _unset(pipeline)
        yield from _disabled(pipeline)
        if is_jenkinsfile(path):
            yield from _caught(text, pipeline)


# --- deployments --------------------------------------------------------------------------------------------------------

_WHATEVER = lazy_pattern(r"\balways\(\)|!\s*cancelled\(\)")
_ASKS = lazy_pattern(r"\.(?:result|outcome|conclusion)\b|\bsuccess\(\)|\bfailure\(\)|needs\.\*")


def _swallows(step: Step) -> Iterator[Command]:
    for command in step.commands:
        if command.forgiven and deploys_by(command):
            yield command


def _regardless(path: str, text: str) -> Iterable[Hit]:
    for pipeline in read(path, text):
        for job in pipeline.jobs:
            condition = job.body.get("if") if pipeline.system == "github" and isinstance(job.body, Mapping) else None
            said = str(condition or "")
            if job.needs and _WHATEVER.search(said) and not _ASKS.search(said) and _changes(job):
                yield Hit(
                    line_of(job.body, "if"),
                    f"{job.name} deploys whatever became of the jobs that it needs: `{said.strip()[:80]}`",
                )
            for step in job.steps if to_production(job) else ():
                for command in _swallows(step):
                    yield Hit(
                        command.line,
                        f"the failure of `{' '.join(command.argv)[:80]}` is thrown away: nobody learns that it is not deployed",
                    )


def _changes(job: Job) -> bool:
    return any(map(deploys_in, job.steps)) and not re.search(
        r"(?i)clean|destroy|teardown|notify|report|preview", job.name
    )


_J = "pipeline {{\n  stages {{\n    stage('Test') {{ steps {{\n      {}\n    }} }}\n    stage('Live') {{ steps {{ sh 'helm upgrade a a' }} }}\n  }}\n}}\n"
_AZ = "steps:\n- script: {}\n  displayName: Tests\n  enabled: {}\n"
RED_FLAGS = (
    RedFlag(
        "pipeline/forgiven-tests", _UNTESTED, "warning", "Let it fail where a test fails.",
        applies=may_run, check=_forgiven,
        bad={
            "Jenkinsfile": _J.format("sh 'mvn -B verify -Dmaven.test.failure.ignore=true'\n junit 'a.xml'"), "b.jenkinsfile": _J.format("warnError('tests') {\n sh 'make test'\n }"),
            "c.jenkinsfile": _J.format("catchError(buildResult: 'SUCCESS', stageResult: 'FAILURE') {\n sh 'pytest'\n }"), "d.jenkinsfile": _J.format("sh script: 'pytest', returnStatus: true"),
            "e.jenkinsfile": _J.format("sh(returnStatus: true, script: 'make test')"), CI: gh(a_job("a", "mvn --fail-never verify")),
            ".circleci/config.yml": "jobs:\n  a:\n    steps:\n      - run: |\n          set +e\n          bundle exec rspec\n          exit 0\nworkflows:\n  w:\n    jobs: [a]\n",
            "azure-pipelines.yml": _AZ.format("dotnet test", "false"), ".github/workflows/off.yml": gh("  a:\n    steps:\n      - if: ${{ false }}\n        run: npm test\n"),
        },
        good={
            "Jenkinsfile": _J.format("sh 'mvn -B verify'"), "b.jenkinsfile": _J.format("warnError('lint') {\n sh 'make lint'\n }"), "c.jenkinsfile": _J.format("script { def s = sh(script: 'pytest', returnStatus: true)\n if (s) { error 'x' } }"),
            "d.jenkinsfile": "stage('Test') { sh 'mvn verify -Dmaven.test.failure.ignore'\n junit 'a.xml' }\n", "e.jenkinsfile": _J.format("catchError {\n sh 'pytest'\n }"),
            ".circleci/config.yml": "jobs:\n  a:\n    steps:\n      - run: |\n          set +e\n          rspec\n          status=$?\n          exit $status\n      - run: |\n          set +e\n          docker stop a\n          set -e\n          rspec\n          echo done\nworkflows:\n  w:\n    jobs: [a]\n",
            "azure-pipelines.yml": _AZ.format("dotnet test", "true"), "a/azure-pipelines.yml": _AZ.replace("Tests", "Lint").format("make lint", "false"),
        },
    ),
    RedFlag(
        "pipeline/deploys-regardless", "Ignore failed health checks", "warning", "Let it run where all that it needs has ended well, and end as what it runs ends.",
        applies=is_pipeline, check=_regardless,
        bad={
            CI: gh(a_job("test", "make test") + a_job("live", "helm upgrade a a", f"    needs: test\n    if: always()\n{GUARD}")), ".gitlab-ci.yml": "live:\n  environment: production\n  script:\n    - ./deploy.sh || true\n",
            ".github/workflows/b.yml": gh(a_job("test", "make test") + a_job("live", "helm upgrade a a", f"    needs: test\n    if: ${{{{ !cancelled() && github.ref == 'refs/heads/main' }}}}\n{GUARD}")),
        },
        good={
            CI: gh(a_job("test", "make test") + a_job("live", "helm upgrade a a", f"    needs: test\n    if: always() && needs.test.result == 'success'\n{GUARD}") + a_job("cleanup", "kubectl apply -f a", "    needs: test\n    if: always()\n")),
            ".gitlab-ci.yml": "live:\n  environment: production\n  script:\n    - ./deploy.sh\n    - docker stop a || true\nreview:\n  script: [helm upgrade a a || true]\n",
        },
    ),
)  # fmt: skip
