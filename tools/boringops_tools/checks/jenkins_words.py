"""Declarative Pipelines: the words that options, when, parameters and triggers may hold, and what their containers may do.

Plugins bring options and kinds of parameters of their own: of those only what is nearly one of Jenkins's is held against it."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from boringops.facts import Severity
from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.groovy import Block
from boringops_tools.checks.jenkins import pipeline_of, stages_of
from boringops_tools.checks.kubernetes_values import bad_cron
from boringops_tools.jenkins_files import is_jenkinsfile
from boringops_tools.patterns import lazy_pattern

_OPTIONS = frozenset(
    """buildDiscarder checkoutToSubdirectory disableConcurrentBuilds disableRestartFromStage disableResume durabilityHint
    newContainerPerStage overrideIndexTriggers parallelsAlwaysFailFast preserveStashes quietPeriod rateLimitBuilds retry
    skipDefaultCheckout skipStagesAfterUnstable timeout timestamps ansiColor lock throttle gitLabConnection""".split()  # noqa: SIM905
)
_WHEN = frozenset(
    """branch buildingTag changelog changeset changeRequest environment equals expression tag not allOf anyOf triggeredBy
    isRestartedRun beforeAgent beforeInput beforeOptions""".split()  # noqa: SIM905
)
_PARAMETERS = frozenset({"string", "text", "booleanParam", "choice", "password", "file", "credentials", "run"})
_UNITS = frozenset({"NANOSECONDS", "MICROSECONDS", "MILLISECONDS", "SECONDS", "MINUTES", "HOURS", "DAYS"})
_UNIT = lazy_pattern(r"\btimeout\s*\(?[^)\n]*\bunit\s*:\s*['\"](\w+)['\"]")
_CRON = lazy_pattern(r"(?m)^[^/\n'\"]*\b(?:cron|pollSCM)\s*\(?\s*(['\"])([^'\"\n$]+)\1")
_HASH = lazy_pattern(r"\bH(?:\((\d+)-(\d+)\))?")
_ARGUMENTS = lazy_pattern(r"(?m)^(?!\s*//)(?:[^\n]*[;{'\"]\s*|\s*)args\s*\(?\s*(['\"])([^\n]*?)\1\s*\)?\s*(?=[;}]|$)")
_ROOT = "runs as root"
_OPENED = (
    (lazy_pattern(r"--privileged\b(?!=false)"), "is privileged: it is root on the node"),
    (lazy_pattern(r"/(?:var/)?run/docker\.sock\b"), "has the socket of Docker, and with it the node"),
    (lazy_pattern(r"(?:^|\s)(?:-u|--user)[ =](?:root|0)(?::\S+)?(?=\s|$)"), _ROOT),
)


def _inner(owner: Block, name: str) -> Iterator[Block]:
    for section in owner.children:
        if section.name == name and section.has_block:
            yield from section.children


def _conditions(block: Block) -> Iterator[Block]:
    for each in block.children:
        yield each
        if each.has_block and each.name in ("not", "allOf", "anyOf"):
            yield from _conditions(each)


def _near(word: str, known: frozenset[str]) -> str:
    lower = {each.lower(): each for each in known}
    return lower.get(next(iter(difflib.get_close_matches(word.lower(), lower, 1, 0.72)), ""), "")


def _words(files: Files, path: str) -> Iterator[Hit]:
    pipeline = pipeline_of(files, path)
    if pipeline is None:
        return
    for owner in [pipeline, *stages_of(pipeline)]:
        for each in _inner(owner, "options"):
            if each.name not in _OPTIONS and (near := _near(each.name, _OPTIONS)):
                yield Hit(each.line, f"`{each.name}` is no option; `{near}` is one")
        for section in (each for each in owner.children if each.name == "when" and each.has_block):
            for each in _conditions(section):
                if each.name not in _WHEN:
                    yield Hit(each.line, f"`{each.name}` is no condition of `when`")
    for each in _inner(pipeline, "parameters"):
        if each.name not in _PARAMETERS and (near := _near(each.name, _PARAMETERS)):
            yield Hit(each.line, f"`{each.name}` is no kind of parameter; `{near}` is one")
    text = files.text(path)
    for match in _UNIT.finditer(text):
        if match[1] not in _UNITS:
            yield Hit(_line(text, match), f"`{match[1]}` is no unit of time: MINUTES, HOURS")


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.end()) + 1


def _schedules(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    for match in _CRON.finditer(text):
        for line in match[2].replace("\\n", "\n").split("\n"):
            schedule = _HASH.sub(lambda each: f"{each[1]}-{each[2]}" if each[1] else "*", line.strip())
            if schedule and not schedule.startswith(("TZ=", "#", "@")) and (wrong := bad_cron(schedule)):
                yield Hit(_line(text, match), f"schedule `{line.strip()}`: {wrong}")


def _containers(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    for match in _ARGUMENTS.finditer(text):
        said = [message for pattern, message in _OPENED if pattern.search(match[2])]
        if said:
            # Root inside of a container that is thrown away after the stage is common, and mere advice.
            mild: Severity | None = "info" if said == [_ROOT] else None
            yield Hit(_line(text, match), f"the container of the stage {', and '.join(said)}", severity=mild)


_DOC = "Jenkins Pipeline syntax, Declarative"


def _example(head: str = "", stage: str = "") -> dict[str, str]:
    return {
        "Jenkinsfile": f"pipeline {{\n  agent any\n  {head}\n  stages {{\n    stage('a') {{\n      {stage}\n      steps {{ sh 'x' }}\n    }}\n  }}\n}}\n"
    }


def _docker(arguments: str) -> dict[str, str]:
    return _example(
        stage=f"agent {{\n        docker {{\n          image 'a:1'\n          args '{arguments}'\n        }}\n      }}"
    )


RULES = (
    Rule("jenkins/word", "error", "Jenkins refuses the Pipeline: take a word of its own.", f"{_DOC}: options, conditions of when, kinds of parameters, units of timeout.", is_jenkinsfile, _words,
         bad=(_example("options { disableConcurentBuilds() }"), _example(stage="when { onBranch 'main' }"), _example(stage="when { not { branches 'main' } }"), _example("parameters { boolean(name: 'A') }"), _example("options { timeout(time: 1, unit: 'HOUR') }")),
         good=(_example("options { disableConcurrentBuilds()\n timeout(time: 1, unit: 'HOURS')\n office365ConnectorWebhooks([[name: 'a']]) }"), _example(stage="when { beforeAgent true\n anyOf { branch 'main'\n expression { return a.b() } } }"), _example("parameters { booleanParam(name: 'A')\n gitParameter(name: 'B') }"))),
    Rule("jenkins/schedule", "error", "Jenkins refuses the schedule: minute, hour, day, month, day of the week, with H for any.", f"{_DOC}: cron and pollSCM take a schedule of five fields.", is_jenkinsfile, _schedules,
         bad=(_example("triggers { cron('H 25 * * *') }"), _example("triggers { pollSCM 'H/5 * * *' }")),
         good=(_example("triggers { cron('H H(0-5) * * 1-5') }"), _example("triggers { cron(env.BRANCH_NAME == 'main' ? '@daily' : '') }"), _example("triggers { cron('TZ=Europe/Berlin\\nH/15 * * * *') }"))),
    Rule("jenkins/open-container", "warning", "Build images with a builder that needs no root, and run the stage as a user.", "Docker Engine security: the socket and --privileged are root on the node.", is_jenkinsfile, _containers,
         bad=(_docker("-u root:root"), _docker("-v /var/run/docker.sock:/var/run/docker.sock"), _docker("--privileged")),
         good=(_docker("-u 1000:1000 -v $HOME/.m2:/root/.m2 --privileged=false"), _docker("--user rooted"))),
)  # fmt: skip
