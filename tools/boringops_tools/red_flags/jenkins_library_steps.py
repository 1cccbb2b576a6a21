"""Whether a Jenkinsfile calls steps that are none of Jenkins's and of its usual plugins: a library's, which may do anything."""

# ruff: noqa: E501 - words read best on few lines

from __future__ import annotations

import re

from boringops_tools.patterns import lazy_pattern

_KNOWN = frozenset(
    """pipeline agent none any label docker dockerfile kubernetes node image args reuseNode registryUrl registryCredentialsId yaml yamlFile
    defaultContainer inheritFrom cloud stages stage steps post always success failure unstable changed fixed regression aborted cleanup
    unsuccessful notBuilt options parameters environment triggers tools when parallel matrix axes axis excludes exclude values input script
    libraries lib timeout timestamps disableConcurrentBuilds buildDiscarder logRotator retry skipDefaultCheckout skipStagesAfterUnstable
    ansiColor parallelsAlwaysFailFast preserveStashes quietPeriod disableResume durabilityHint checkoutToSubdirectory newContainerPerStage
    booleanParam choice string text password credentials file run cron pollSCM upstream githubPush branch buildingTag tag changelog changeset
    changeRequest equals expression not allOf anyOf triggeredBy beforeAgent beforeInput beforeOptions isRestartedRun allBranches
    sh bat powershell pwsh echo error sleep build checkout git junit archiveArtifacts stash unstash writeFile readFile fileExists deleteDir dir
    cleanWs publishHTML slackSend emailext mail milestone lock withCredentials usernamePassword usernameColonPassword sshUserPrivateKey
    withEnv withKubeConfig withAWS withMaven withSonarQubeEnv waitForQualityGate sshagent container ws catchError warnError
    isUnix pwd tool readJSON readYaml writeJSON writeYaml fingerprint recordIssues recordCoverage publishCoverage jacoco cobertura nodejs
    configFileProvider wrap waitUntil properties message ok submitter submitterParameter name id failFast maven jdk gradle go customWorkspace
    if else for while try catch finally return def switch case import println print throw new assert in do
    scm description throttle gitLabConnection updateGitlabCommitStatus githubNotify rateLimitBuilds overrideIndexTriggers library podTemplate
    dockerNode idleMinutes podRetention workspaceVolume serviceAccount namespace retries additionalBuildArgs filename""".split()  # noqa: SIM905
)
_PIECE = lazy_pattern(r"'''.*?'''|\"\"\".*?\"\"\"|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"", re.S)
_CALL = lazy_pattern(
    r"(?m)(?:^|[{;=]|->)[ \t]*(?:def[ \t]+\w+[ \t]*=[ \t]*)?([A-Za-z_]\w*)(\.\w+)?[ \t]*(?=[({\"']|\w+[ \t]*:)"
)
_OWN = lazy_pattern(r"\bdef\s+(\w+)\s*[(=]")
_OBJECTS = frozenset({"env", "params", "currentBuild", "docker", "scm", "it", "System", "String", "Math"})


def calls_others(plain: str) -> bool:
    """Of a text without its comments."""
    bare = _PIECE.sub("''", plain)
    own = set(_OWN.findall(bare))
    for match in _CALL.finditer(bare):
        name, method = match[1], match[2]
        if name not in own and name not in (_OBJECTS if method else _KNOWN):
            return True
    # A step without arguments, alone on its line.
    alone = re.findall(r"(?m)^[ \t]*([a-z]\w*)(?:\(\))?[ \t]*$", bare)
    return any(each not in _KNOWN and each not in own for each in alone)
