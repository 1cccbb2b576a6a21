"""What a child learns from its environment: where things are, and that nobody is there to answer."""

from __future__ import annotations

import re
from collections.abc import Mapping

from boringops.repository import quiet_git

# What a child may know. Everything else, credentials above all, stays here.
_PASSED = re.compile(
    r"PATH|HOME|LANG|LANGUAGE|LC_\w+|TERM|TZ|TMPDIR|TMP|TEMP|USER|LOGNAME|SHELL|HOSTNAME|NIX_PATH|NIX_PROFILES"
    r"|XDG_(?:CACHE|CONFIG|DATA|STATE|RUNTIME)_\w+|SSL_CERT_(?:FILE|DIR)|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE"
    r"|VIRTUAL_ENV|CONDA_PREFIX|PYENV_ROOT|PIP_CACHE_DIR|UV_CACHE_DIR|POETRY_CACHE_DIR|PRE_COMMIT_HOME"
    r"|GOPATH|GOROOT|GOCACHE|GOMODCACHE|CARGO_HOME|RUSTUP_HOME|NVM_DIR|NODE_ENV|NPM_CONFIG_CACHE|npm_config_cache"
    r"|PNPM_HOME|YARN_CACHE_FOLDER|JAVA_HOME|MAVEN_HOME|GRADLE_USER_HOME|GEM_HOME|BUNDLE_PATH|COMPOSER_HOME"
    r"|TF_PLUGIN_CACHE_DIR|TF_DATA_DIR|HELM_CACHE_HOME|KUBECONFIG|DOCKER_CONTEXT|AWS_REGION|AWS_DEFAULT_REGION"
)
_CREDENTIAL = re.compile(r"://[^/\s:@]+:[^/\s@]+@")  # a value such as https://user:password@host

# Nothing may wait for a person or draw on a screen that is not there.
_FIXED = {
    "CI": "1",
    "NO_COLOR": "1",
    "TERM": "dumb",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "true",
    "GIT_OPTIONAL_LOCKS": "0",
    "DEBIAN_FRONTEND": "noninteractive",
    "AWS_PAGER": "",
    "TF_IN_AUTOMATION": "1",
    "TF_INPUT": "0",
    "CHECKPOINT_DISABLE": "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def scrubbed_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What of an environment a command gets: paths, language and caches, and that nobody is there to answer."""
    passed = {
        name: value for name, value in environment.items() if _PASSED.fullmatch(name) and not _CREDENTIAL.search(value)
    }
    return passed | _FIXED | quiet_git({})
