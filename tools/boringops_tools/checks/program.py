"""The one program of a repository, as far as its code says it: which paths it answers."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files
from boringops_tools.checks.images import exposed
from boringops_tools.dockerfile import is_dockerfile
from boringops_tools.patterns import lazy_pattern

_CODE = (".py", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".go", ".java", ".kt", ".rb", ".php", ".cs", ".rs", ".ex", ".exs")
_ASIDE = lazy_pattern(
    r"(?:^|/)(?:tests?|specs?|__tests__|e2e|examples?|samples?|docs?|node_modules|vendor|third_party|fixtures|scripts|tools|migrations)/"
    r"|(?:^|/)(?:test_[^/]*|conftest\.py|[^/]*[._](?:test|spec)s?\.\w+)$"
)
_TEST = lazy_pattern(
    r"(?:^|/)(?:tests?|specs?|__tests__)/[^.]*\.(?:py|js|mjs|cjs|ts|go|java|kt|rb|php|cs|rs|exs?)$|(?:^|/)(?:test_[^/]*\.py|conftest\.py|[^/]*[._](?:test|spec)s?\.\w+)$"
)
_MOST_CODE = 200
# Libraries and frameworks that answer paths which no code of the repository names, by the names they are brought in with.
_BRING = lazy_pattern(
    r"actuator|smallrye-health|micronaut|helidon|dropwizard|terminus|lightship|godaddy|health[-_]?checks?|"
    r"okcomputer|heartbeat|express-status|healthz?-(?:plugin|router|middleware)|dapr|connect-grpc|strapi|medusa|payload|"
    r"directus|keystone|ghost|wordpress|drupal|rails|laravel|symfony|streamlit|gradio|jupyter|mlflow|triton|vllm|kubeflow|istio|envoy|caddy|"
    r"nuxt|\bnext\b|remix|sveltekit|astro|hasura|controller-runtime|operator-sdk|buffalo|encore|goa\.design|kratos|go-zero",
    re.I,
)
_MANIFEST = lazy_pattern(
    r"(?:^|/)(?:package\.json|requirements[\w-]*\.txt|pyproject\.toml|Pipfile|go\.mod|pom\.xml|build\.gradle(?:\.kts)?|Gemfile|composer\.json|"
    r"Cargo\.toml|mix\.exs|[^/]+\.csproj)$"
)
HEALTH = lazy_pattern(
    r"(?:_?health(?:z|_?-?check)?|ready|readyz|readiness|live|livez|liveness|alive|ping|up|status|heartbeat)/?", re.I
)
_PORT = lazy_pattern(r"(?i)port\b\W{0,12}(\d{4,5})\b")
_PATH = lazy_pattern(r"""["'`](?:(?:GET|HEAD|ANY) )?\^?(/[\w./{}:-]*)\$?["'`]""")
# A path without its slash: told to a router, or compared with a part of what was asked.
_ROUTED = lazy_pattern(
    r"""(?:\b(?:path|route|re_path|url|get|head|match|resource|resources|scope|group|use|any|all|prefix|controller|mapping|mount|case|value)\b|==)"""
    r"""\s*[(:=]?\s*(?:Some\()?[rf]?(?:["'`:]\^?)([\w.-]+)/?\$?""",
    re.I,
)


def is_test(path: str) -> bool:
    """Whether a file is a test: the ports and paths in it are often made up."""
    return bool(_TEST.search(path))


def code(files: Files) -> list[str]:
    """The sources of the one program; none where there are several, or too many to read."""
    found: list[str] = files.once(_code)
    return found


def _code(files: Files) -> list[str]:
    found = [each for each in files.all if each.endswith(_CODE) and not _ASIDE.search(each)]
    images = [each for each in files.all if is_dockerfile(each) and not _ASIDE.search(each)]
    several = len(images) > 1 or len(files.stack.applications) > 1
    return [] if several or len(found) > _MOST_CODE else found


def ports(files: Files) -> frozenset[int]:
    """Where the program listens: what its image exposes, and what its code says."""
    found: frozenset[int] = files.once(_ports)
    return found


def _ports(files: Files) -> frozenset[int]:
    images = [each for each in files.all if is_dockerfile(each) and not _ASIDE.search(each)]
    found = set(exposed(files, images[0])[0]) if len(images) == 1 else set()
    apps = files.stack.applications
    said = [int(each) for path in code(files) for each in _PORT.findall(files.text(path))]
    if len(apps) == 1 and apps[0].port and (apps[0].port_source or apps[0].port in said):
        found.add(apps[0].port)
    return frozenset(found)


def answered(files: Files) -> dict[str, str]:
    """The paths at which the program tells of its health, with the file that names each."""
    found: dict[str, str] = files.once(_answered)
    return found


def _answered(files: Files) -> dict[str, str]:
    return {
        path: each
        for each in code(files)
        for path in _PATH.findall(files.text(each))
        if HEALTH.fullmatch(posixpath.basename(path.rstrip("/")))
    }


def unnamed(files: Files, asked: str) -> str:
    """Why nothing answers a path, as far as the code shows it; empty where something may.

    That the code names another path for its health shows where such paths are named; what a library answers is named nowhere."""
    known = answered(files)
    word = posixpath.basename(asked.rstrip("/"))
    if not known or not re.fullmatch(r"(?:/[\w.-]+)+/?", asked) or asked.rstrip("/") in known:
        return ""
    if any(_BRING.search(files.text(each)) for each in files.all if _MANIFEST.search(each)):
        return ""
    if any(f"/{word}/" in f"/{each}/" or f"/{word}." in f"/{each}" for each in code(files)):
        return ""  # a route by the name of its file
    if any(asked.rstrip("/").endswith(path.rstrip("/")) for path in known if path != "/"):
        return ""  # mounted under a prefix
    if any(word in _words(files.text(each), slash=each.endswith(".rs")) for each in code(files)):
        return ""
    path, place = next(iter(known.items()))
    return f"the code answers `{path}` ({place}), and nothing in it names `{word}`"


def _words(text: str, *, slash: bool) -> Iterator[str]:
    """The last parts of all paths that a source names, and what it tells a router, where that may leave out the slash."""
    for path in _PATH.findall(text):
        yield posixpath.basename(path.rstrip("/"))
    yield from () if slash else _ROUTED.findall(text)
