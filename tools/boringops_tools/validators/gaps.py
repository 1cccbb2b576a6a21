"""What no validator here can judge. A file of such a kind is never called validated because its syntax was read."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from boringops_tools.dockerfile import is_dockerfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.base import File
from boringops_tools.validators.groovy import is_pipeline
from boringops_tools.yaml_files import is_azure


def _named(expression: str) -> Callable[[File], bool]:
    pattern = re.compile(expression, re.S)
    return lambda file: bool(pattern.fullmatch(file.path))


_AZURE = lazy_pattern(r"(?m)^[ ]*-?[ ]*(?:task:[ ]*[\w.-]+@\d|vmImage:[ ]*\S)|^extends:[ ]*\r?\n[ ]+template:")
_PARTS = lazy_pattern(r"(?m)^(?:stages|jobs|steps|extends):")


def _is_other_azure(file: File) -> bool:
    """A pipeline of Azure, or a part of one, whose name does not tell: nothing here looks at it as what it is."""
    other = file.suffix in (".yml", ".yaml") and not is_azure(file.path)
    return other and bool(_PARTS.search(file.text) and _AZURE.search(file.text))


# What would have to be checked, and which files are of that kind. An entry goes when a validator for it comes.
GAPS: dict[str, Callable[[File], bool]] = {
    "sections of the pipeline": is_pipeline,
    "Azure pipeline under a name of its own": _is_other_azure,
    "pulumi project": _named(r"(?:.*/)?Pulumi(?:\.[^/]+)?\.ya?ml"),
    "grafana dashboard": lambda file: file.suffix == ".json" and '"panels"' in file.text and '"schemaVersion"' in file.text,
}  # fmt: skip

# Files of these kinds say what is deployed and how: they have to be validated by something, or be named as not validated.
_INFRASTRUCTURE = lazy_pattern(
    r"(?:.*/)?(?:"
    r"[^/]*\.(?:ya?ml|json|toml|tf|tofu|hcl|tfvars|bicep|nomad|cue|rego|jsonnet|libsonnet|sh|bash|ps1|conf|service|socket|timer|"
    r"j2|tmpl|tpl|template|dockerfile|containerfile|cfg|ini|properties|groovy|nix|plist|xml|tfstate)|"
    r"jenkinsfile[^/]*|makefile|gnumakefile|justfile|vagrantfile|caddyfile|procfile|tiltfile|"
    r"earthfile|haproxy\.cfg|crontab|\.renovaterc)", re.I | re.S,
)  # fmt: skip
_PLAIN = lazy_pattern(
    r"(?:.*/)?(?:[^/]*\.(?:(?:md|txt|rst)\.\w+|bats|md|txt|rst|adoc|example|sample|lock|sum|svg|csv)|\.[^/]*ignore|\.gitattributes|\.gitkeep|"
    r"\.editorconfig|license[^/]*|notice|codeowners|changelog[^/]*|readme[^/]*|requirements[^/]*\.txt|messages(?:_\w{2,5})?\.properties|"
    r"package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.ya?ml|composer\.lock|pom\.xml)", re.I | re.S,
)  # fmt: skip


def expects_validation(path: str) -> bool:
    """Whether a file is infrastructure, so that nothing having looked at it must be said.

    Documents, examples and the application's own source code are not.
    """
    return (bool(_INFRASTRUCTURE.fullmatch(path)) or is_dockerfile(path)) and not _PLAIN.fullmatch(path)


def gaps(file: File) -> list[str]:
    """What of a file remains unchecked however well its syntax was."""
    if PurePosixPath(file.path).parts[:1] == (".github",):
        return []
    return [what for what, applies in GAPS.items() if applies(file)]
