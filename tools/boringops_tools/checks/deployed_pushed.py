"""The image that a pipeline's commands deploy, against the one that the same pipeline pushes."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.deploys import runs_commands
from boringops_tools.checks.pushed_images import plain
from boringops_tools.checks.resolved import resolved
from boringops_tools.patterns import lazy_pattern

_WORD = r"[\"']?(?P<name>(?:\$\{\{[^}\n]*\}\}|[^\s\"',])+)"
_DEPLOYED = lazy_pattern(
    rf"(?m)\bset image\b[^\n=]*?[\w-]+=(?={_WORD})|\bgcloud\b[^\n]*?--image[= ]{_WORD.replace('name', 'cloud')}|image\.repository={_WORD.replace('name', 'chart')}|"
    rf"\baz (?:containerapp|webapp)\b[^\n]*?--(?:image|docker-custom-image-name|container-image-name)[= ]{_WORD.replace('name', 'azure')}|"
    rf"\bkustomize edit set image [^\n=]*=(?={_WORD.replace('name', 'edit')})"
)
_PUSHED = lazy_pattern(
    rf"(?:--destination[= ]|\b(?:docker|podman|buildah|nerdctl)(?: image)? push (?:--?[\w=-]+ )*|\bgcloud builds submit\b[^\n]*?--tag[= ]){_WORD}"
)


def _deploys(files: Files, path: str) -> Iterator[Hit]:
    written = resolved(files, path)
    text = re.sub(r"\\\n\s*", " ", written)
    pushed = {name for match in _PUSHED.finditer(text) if (name := plain(match["name"]))}
    if len(pushed) != 1:
        return
    made = next(iter(pushed))
    for match in _DEPLOYED.finditer(text):
        name = plain(next(each for each in match.groups() if each))
        if name and name != made and posixpath.dirname(name) == posixpath.dirname(made):
            part = re.compile(rf"/{re.escape(posixpath.basename(name))}(?![\w-])")
            number = next((at for at, line in enumerate(written.splitlines(), 1) if part.search(line)), None)
            yield Hit(number, f"`{name}` is deployed, and `{made}` is what is pushed here")


_CI = "a:\n  script:\n    - docker push registry.example.com/shop/web:$T\n    - {}\n"
_SET = "kubectl -n shop set image deployment/web web=registry.example.com/shop/{}:$T"

RULES = (
    Rule("consistency/deployed-image", "warning", "Deploy the image that is pushed, under its one name.", "An image is known by registry, name and tag.", runs_commands, _deploys,
         bad=({".gitlab-ci.yml": _CI.format(_SET.format("site"))}, {".gitlab-ci.yml": _CI.format("gcloud run deploy web --region a --image registry.example.com/shop/site:$T")}, {"Makefile": "I := registry.example.com/shop/web\na:\n\tdocker push $(I):1\n\thelm upgrade web ./c --set image.repository=registry.example.com/shop/site\n"}, {".gitlab-ci.yml": _CI.format("az containerapp update -n a -g b --image registry.example.com/shop/site:$T")}),
         good=({".gitlab-ci.yml": _CI.format(_SET.format("web"))}, {".gitlab-ci.yml": _CI.format(_SET.format("$NAME"))}, {".gitlab-ci.yml": _CI.format(_SET.format("site").replace("shop/site", "base/proxy"))}, {".gitlab-ci.yml": _CI.format(_SET.format("site")) + "    - docker push registry.example.com/shop/site:$T\n"})),
)  # fmt: skip
