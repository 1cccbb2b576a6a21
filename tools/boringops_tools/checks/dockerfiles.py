"""Dockerfiles: stages that are copied from, exposed ports, and exec forms that are no JSON."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.dockerfile import Dockerfile, is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern

_FROM = lazy_pattern(r"--(?:from=|mount=\S*?\bfrom=)([^\s,]+)")
# Names that people give to stages and nobody to an image that is copied from.
_STAGE_WORDS = frozenset(
    {"build", "builder", "build-stage", "build-env", "compile", "deps", "dependencies", "prod-deps", "installer", "assets"}
)  # fmt: skip
_EXEC = lazy_pattern(r"""\[\s*(?:"[^"]*"|'[^']*')\s*(?:,|\]$|$)""")


def _parsed(files: Files, path: str) -> Dockerfile:
    return parse(files.text(path))


def _stages(files: Files, path: str) -> Iterator[Hit]:
    file = _parsed(files, path)
    aliases = [stage.alias for stage in file.stages]
    for index, stage in enumerate(file.stages):
        earlier = set(aliases[:index])
        for each in stage.instructions:
            for name in _FROM.findall(each.value) if each.name in ("COPY", "ADD", "RUN") else ():
                lower = name.lower()
                if "$" in name or lower in earlier:
                    continue
                if name.isdigit():
                    if int(name) >= index:
                        yield Hit(
                            each.line, f"`{name}` is no earlier stage: they count from 0, and this is stage {index}"
                        )
                elif lower in aliases:
                    yield Hit(
                        each.line,
                        f"the stage `{name}` comes later"
                        if aliases.index(lower) > index
                        else f"the stage `{name}` takes from itself",
                    )
                elif not re.search(r"[/:.@]", name) and (near := _meant(lower, earlier)) is not None:
                    yield Hit(each.line, f"there is no stage `{name}`{near}", severity="error" if near else "warning")


def _meant(name: str, earlier: set[str]) -> str | None:
    """Which stage a name that is none surely meant; empty where it is only surely no image; null where it may be one."""
    close = difflib.get_close_matches(name, [each for each in earlier if each], 1, 0.8)
    if close:
        return f"; `{close[0]}` is one"
    return "" if name in _STAGE_WORDS else None


def _ports(files: Files, path: str) -> Iterator[Hit]:
    for stage in _parsed(files, path).stages:
        for each in stage.instructions:
            for word in each.value.split() if each.name == "EXPOSE" else ():
                if word.startswith("#"):
                    break
                match = re.fullmatch(r"(\d+)(?:-(\d+))?(?:/(?:tcp|udp|sctp))?", word, re.I)
                if "$" in word or (match and all(0 < int(port) < 65536 for port in match.groups() if port)):
                    continue
                yield Hit(each.line, f"`{word}` is no port from 1 to 65535, with /tcp or /udp behind it")


def _exec_forms(files: Files, path: str) -> Iterator[Hit]:
    for stage in _parsed(files, path).stages:
        for each in stage.instructions:
            value = each.value
            if each.name == "HEALTHCHECK":
                value = value.partition("CMD ")[2].strip()
            elif each.name not in ("CMD", "ENTRYPOINT", "SHELL", "RUN"):
                continue
            if not _EXEC.match(value) or "&&" in value or "||" in value:
                continue  # `[ "$A" = b ] && c` is the shell's own test
            try:
                words = json.loads(value)
            except (ValueError, RecursionError):
                yield Hit(each.line, f"the exec form of {each.name} is no JSON: the shell gets it as it stands")
                continue
            if isinstance(words, list) and not all(isinstance(word, str) for word in words):
                yield Hit(each.line, f"the exec form of {each.name} holds something else than strings")


def _unset(files: Files, path: str) -> Iterator[Hit]:
    for stage in _parsed(files, path).stages:
        name = re.search(r"(?<!\\)\$(?:\{(?=\w+\}))?(\w+)", stage.image)
        declared = name and re.search(rf"(?m)^\s*ARG\s+{name[1]}\b", f"\n{files.text(path)}".partition("\nFROM")[0])
        predefined = name and re.fullmatch(r"(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)", name[1])
        if name and not declared and not predefined:
            yield Hit(
                stage.instruction.line, f"`{name[1]}` has no value here: no ARG before the first FROM declares it"
            )


_KEY_FILES = lazy_pattern(
    r"(?:^|/)(?:id_(?:rsa|dsa|ecdsa|ed25519)|[^/]*\.(?:pem|p12|pfx|key|kubeconfig)|\.npmrc|\.pypirc|\.netrc|\.git-credentials|\.env(?:\.(?:prod\w*|local|staging))?|credentials\.json)$|(?:^|/)\.(?:ssh|aws|kube)(?:/|$)"
)


def _is_open(files: Files, word: str) -> bool:
    """Whether what is named like a key may be known to all, by its name or by what is in the file of that name."""
    if re.search(r"(?i)public|ca[-_.]|cert", word):
        return True
    texts = [files.text(each) for each in files.by_name.get(word.rpartition("/")[2], ())]
    return bool(texts) and all("PUBLIC KEY" in text and "PRIVATE KEY" not in text for text in texts)


def _keys(files: Files, path: str) -> Iterator[Hit]:
    for stage in _parsed(files, path).stages:
        for each in stage.instructions:
            words = each.value.split()
            if each.name in ("COPY", "ADD") and not any(word.startswith("--from") for word in words):
                for word in words[:-1]:
                    if word.endswith(".npmrc") and _without_login(files, path, word):
                        continue
                    if _KEY_FILES.search(word) and not _is_open(files, word):
                        yield Hit(each.line, f"`{word}` is copied into the image: whoever has the image has it")


def _without_login(files: Files, dockerfile: str, name: str) -> bool:
    """Whether the repository's own npm configuration says how to install and nothing of who does."""
    below = dockerfile.rpartition("/")[0]
    places = dict.fromkeys((f"{below}/{name}" if below else name, name))
    text = next((said for place in places if (said := files.text(place.replace("/./", "/").removeprefix("./")))), "")
    return bool(text) and not re.search(r"(?im)_auth|_password|username|^\s*(?:cert|key)file?\s*=", text)


_DOC = "Dockerfile reference"
_D = "Dockerfile"

RULES = (
    Rule(
        "dockerfile/unknown-stage", "error", "Name an earlier stage, as its `AS` does; anything else is taken for an image.",
        f"{_DOC}: --from names a previous stage, its number, or an image.", is_dockerfile, _stages,
        bad=(
            {_D: "FROM a:1 AS builder\nFROM a:1\nCOPY --from=bulider /a /a\n"}, {_D: "FROM a:1\nCOPY --from=build /a /a\n"},
            {_D: "FROM a:1\nCOPY --from=1 /a /a\n"}, {_D: "FROM a:1 AS x\nCOPY --from=y /a /a\nFROM a:1 AS y\n"},
        ),
        good=({_D: "FROM a:1 AS Build\nFROM a:1 AS r\nCOPY --from=build /a /a\nCOPY --from=0 /a /a\nCOPY --from=nginx:1 /a /a\nCOPY --from=busybox /a /a\nCOPY --from=$X /a /a\nRUN --mount=type=bind,from=build,target=/x ls\n"},),
    ),
    Rule(
        "dockerfile/unset-argument", "error", "Declare it before the first FROM, with a default.",
        f"{_DOC}: FROM sees only those ARGs that are declared before the first FROM.", is_dockerfile, _unset,
        bad=({_D: "FROM a:${V}\n"}, {_D: "FROM a:1 AS x\nARG V=1\nFROM b:$V\n"}),
        good=({_D: "ARG V=1\nFROM a:${V}\nFROM b:${W:-2}\nFROM --platform=$BUILDPLATFORM c:1\n"},),
    ),
    Rule(
        "dockerfile/key-copied", "error", "Mount it for the one step that needs it: RUN --mount=type=secret or type=ssh.",
        "Docker, Build secrets: what a layer holds stays in the image.", is_dockerfile, _keys,
        bad=(
            {_D: "FROM a:1\nCOPY id_rsa /root/.ssh/id_rsa\n"}, {_D: "FROM a:1\nADD .env /app/\n"}, {_D: "FROM a:1\nCOPY .npmrc ./\n"},
            {_D: "FROM a:1\nCOPY .npmrc ./\n", ".npmrc": "//r.example/:_authToken=${T}\n"},
        ),
        good=(
            {_D: "FROM a:1\nCOPY ca.pem public.pem .env.example /a/\nCOPY --from=b:1 /x.key /x\n"},
            {_D: "FROM a:1\nCOPY sign.key /a/\n", "sign.key": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"},
            {_D: "FROM a:1\nCOPY .npmrc ./\n", ".npmrc": "ignore-scripts=true\n"},
        ),
    ),
    Rule(
        "dockerfile/port", "error", "The builder refuses it.", f"{_DOC}: EXPOSE <port>[/<protocol>], ports from 1 to 65535.", is_dockerfile, _ports,
        bad=({_D: "FROM a:1\nEXPOSE 80800\n"}, {_D: "FROM a:1\nEXPOSE 8080:80\n"}),
        good=({_D: "FROM a:1\nEXPOSE 80 443/tcp 53/udp 8000-8010 $PORT ${P:-1}/tcp\n"},),
    ),
    Rule(
        "dockerfile/exec-form", "error", "Write a JSON array: double quotes, no comma at its end.",
        f"{_DOC}: the exec form is parsed as a JSON array; what is none is run by the shell.", is_dockerfile, _exec_forms,
        bad=(
            {_D: "FROM a:1\nCMD ['node', 'a.js']\n"}, {_D: "FROM a:1\nENTRYPOINT [\"node\", \"a.js\",]\n"},
            {_D: "FROM a:1\nCMD [\"node\", \"a.js\"\n"}, {_D: "FROM a:1\nHEALTHCHECK --interval=5s CMD ['curl', 'x']\n"},
        ),
        good=({_D: "FROM a:1\nCMD [\"node\", \"a.js\"]\nRUN [ \"$A\" = \"b\" ] && ls\nCMD [ -f /a ] && run\nHEALTHCHECK CMD curl x || exit 1\nENTRYPOINT [\"sh\", \\\n  \"-c\"]\n"},),
    ),
)  # fmt: skip
