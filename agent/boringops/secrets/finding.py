"""Where the secrets of a text stand."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from boringops.secrets.names import announces, kind_name, slug
from boringops.secrets.shapes import HINTS, LABELLED, shape
from boringops.secrets.values import entropy, placeholder, plausible, stand_in, wordy


@dataclass(frozen=True)
class Secret:
    """Where a secret stands in a text: `text[start:end]` is its value, nothing around it."""

    kind: str
    """What it is, e.g. `aws-access-key`, `password`, `url-password`."""
    start: int
    end: int
    name: str
    """The name it goes by, e.g. `DB_PASSWORD`; made from the kind where the text gives none."""


_KEY_BLOCK = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = re.compile(r"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
# Perhaps headers, then base64; line breaks may be escaped, and strings put together.
_KEY_BODY = re.compile(
    r"[\s\\nr\"'+,|]*(?:[A-Z][A-Za-z\-]{2,30}: ?[^\n\\]{1,100}(?:\n|\\n)\s*)*[\s\\nr]*[A-Za-z0-9+/=]{24}"
)
_URL = re.compile(r"://([^\s:/?#@\"'<>]{0,128}):([^\s\"'<>@/]{1,256})@([^\s\"'<>/?#]{1,255})")
_URL_NAME = re.compile(r"([A-Za-z_][\w\-]{2,63})[\"']?\s{0,4}[:=]\s{0,4}[\"']?[\w+.\-]{2,20}$")
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")

# What every word that announces a secret has in it: a scan for these alone is thirty times as fast, and only names
# they are in are looked at.
_ROOTS = re.compile(r"pass|pwd|secret|token|credential|key|jwt|salt|_auth|connection")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")

_RESOURCE = re.compile(r"\b(?:arn|urn):[^\s\"'`,;]{0,100}$")
_AFTER_NAME = re.compile(r"[\w.\-]{0,40}")
_SEPARATOR = re.compile(
    r"[\"'\]]{0,2}[ \t]{0,64}"  # formatters align what belongs together
    r"(?::=|=>|==?|:[-?]?(?!:)"
    # name and value as two fields, as Kubernetes and ECS write them
    r"|[ \t]{0,8}\n[ \t\-]{0,40}[\"']?value[\"']?[ \t]{0,8}[:=]|,[ \t]{0,8}\n?[ \t]{0,40}\"?[Vv]alue\"?[ \t]{0,4}[:=])"
    r"[ \t]{0,16}"
)
_DEFAULT = re.compile(r"\"[ \t]{0,4}\{[^{}]{0,400}?\bdefault[ \t]{0,8}=[ \t]{0,8}(?=\")")
# What a program takes where a variable of its environment is not set: os.environ.get("KEY", "…"), process.env.KEY || "…".
_READS = re.compile(
    r"(?i)(?:environ(?:\.get|\.setdefault)?|get_?env|\benv(?:\.[a-z]{1,8})?|\bconfig|getOrDefault)[.(\[]\s{0,40}[\"']?[\w\-]{0,64}$"
)
_FALLBACK = re.compile(
    r"[\"'\])]{0,3}[ \t]{0,4}(?:,\s{0,40}(?:(?:default|fallback)[ \t]{0,4}=[ \t]{0,4})?|"
    r"\|\|[ \t]{0,4}|\?\?[ \t]{0,4}|\?:[ \t]{0,4}|\bor[ \t]{1,4})"
    r"(?=[bfru]{0,2}[\"'`])"
)
_TAG = re.compile(r">(?=[^<\s][^<\n]{0,400}</)")
_SPACE = re.compile(r"[ \t]{1,4}(?=[^\s\-=:])")
_QUOTED = re.compile(r"[bfru]{0,2}\"([^\"\n]{1,1000})\"|[bfru]{0,2}'([^'\n]{1,1000})'|`([^`\n]{1,1000})`")
_PLAIN = re.compile(r"[^\s\"'`,;<>{}()\[\]]{1,600}")
_NAME_BEFORE = re.compile(
    r"([A-Za-z_][\w.\-]{0,63})[\"']?\s{0,4}(?::=|=>|[:=])\s{0,4}[\"'`]?(?:[Bb]earer |[Tt]oken )?$"
)

_LOCK_FILES = frozenset(
    """package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock poetry.lock uv.lock pdm.lock pipfile.lock
    cargo.lock go.sum gemfile.lock composer.lock mix.lock packages.lock.json .terraform.lock.hcl flake.lock""".split()  # noqa: SIM905
)
# In source code an unquoted right-hand side is an expression, not a value.
_SOURCE_SUFFIXES = frozenset(
    """.py .pyi .js .jsx .mjs .cjs .ts .tsx .go .rs .java .kt .kts .rb .php .cs .c .h .cc .cpp
    .hpp .swift .scala .ex .exs
    .erl .lua .dart .groovy .gradle .tf .hcl .md .rst .html .vue .svelte .sql""".split()  # noqa: SIM905 - a list this long reads better as text
)
_RESERVED_HOST = re.compile(
    r"(?i)^(?:localhost|127\.|0\.0\.0\.0|\[?::1|host\.docker\.internal|[\w\-]+(?::\d+)?$|(?:.+\.)?example(?:\.\w+)?(?::\d+)?$|"
    r".+\.(?:test|invalid|local|localhost)(?::\d+)?$)"
)


def _name_of(text: str, start: int, kind: str) -> str:
    """The name the text gives the value that starts at `start`, or one made from its kind."""
    match = _NAME_BEFORE.search(text, max(0, start - 90), start)
    return (
        slug(match[1]) if match and match[1].lower() not in ("value", "default", "http", "https") else kind_name(kind)
    )


def _shaped(text: str) -> Iterator[Secret]:
    for kind in dict.fromkeys(kind for hint, kind in HINTS if hint in text):
        for match in shape(kind).finditer(text):
            if not stand_in(match[0]):
                yield Secret(kind, match.start(), match.end(), _name_of(text, match.start(), kind))
    for kind, (hint, labelled) in LABELLED.items():
        if hint in text:
            for match in labelled.finditer(text):
                if not placeholder(match[1]) and entropy(match[1]) >= 3.0 and not wordy(match[1]):
                    yield Secret(kind, match.start(1), match.end(1), kind_name(kind))


def _key_blocks(text: str) -> Iterator[Secret]:
    position = 0
    while (begin := _KEY_BLOCK.search(text, position)) is not None:
        end = _KEY_END.search(text, begin.end())
        stop = end.end() if end else min(len(text), begin.end() + 8192)
        body = text[begin.end() : end.start() if end else stop]
        position = stop if end else begin.end()
        # Code that looks for the header, and documentation, have no key behind it.
        if _KEY_BODY.match(body[:600]):
            yield Secret("private-key", begin.start(), stop, _name_of(text, begin.start(), "private-key"))
        if end is None:
            return  # nothing closes any more: looking again from every header would be quadratic


def _url_passwords(text: str) -> Iterator[Secret]:
    if "://" not in text:
        return
    for match in _URL.finditer(text):
        user, password, host = match.groups()
        if placeholder(password) or password.lower() == user.lower() or len(password) < 4:
            continue
        if _RESERVED_HOST.match(host) and (len(password) < 16 or wordy(password)):
            continue  # a development default: postgres:postgres@db
        before = _URL_NAME.search(text, max(0, match.start() - 120), match.start())
        name = slug(before[1]) if before else "URL_PASSWORD"
        yield Secret("url-password", match.start(2), match.end(2), name)


def _aws_pairs(text: str) -> Iterator[Secret]:
    """The secret half of an AWS pair has no shape of its own, but stands near its key id."""
    if "AKIA" not in text and "ASIA" not in text:
        return
    for match in re.finditer(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])", text):
        for value in _AWS_SECRET.finditer(text, match.end(), min(len(text), match.end() + 200)):
            if entropy(value[0]) >= 4.0 and not placeholder(value[0]) and re.search(r"\d", value[0]):
                yield Secret("aws-secret-key", value.start(), value.end(), "AWS_SECRET_ACCESS_KEY")
                break


def _value_at(text: str, position: int, *, plain: bool) -> tuple[int, int] | None:
    """Where the value that starts at a position stands: inside quotes, or up to a space where `plain` values count."""
    if (quoted := _QUOTED.match(text, position)) is not None:
        return quoted.span(quoted.lastindex or 0)
    if plain and (bare := _PLAIN.match(text, position)) is not None:
        rest = text[bare.end() : bare.end() + 1]
        # A call or a template goes on behind the value: what we have is the beginning of an expression.
        return None if rest in ("(", "{", "[") and rest else bare.span()
    return None


def _assigned(text: str, *, plain: bool) -> Iterator[Secret]:
    last = 0
    for root in _ROOTS.finditer(text.translate(_LOWER)):
        if root.start() < last:
            continue
        first = root.start()
        while first > 0 and root.start() - first < 64 and text[first - 1] in _NAME_CHARACTERS:
            first -= 1
        after = _AFTER_NAME.match(text, root.end())
        last = after.end() if after else root.end()
        name = text[first:last]
        if text[first - 1 : last + 1] == "<secret:":
            continue  # a mask
        if _RESOURCE.search(text, max(0, first - 120), first):
            continue  # a part of a resource's name: arn:aws:secretsmanager:...
        announced = announces(name)
        if not announced or (name == "PASS" and text[max(0, first - 4) : first] == "--- "):
            continue  # a test's result
        line = text[max(0, first - 80) : first].rpartition("\n")[2]
        separators = [_SEPARATOR, _DEFAULT] if line.lstrip().startswith("variable") else [_SEPARATOR]
        if text[last : last + 1] == ">":
            separators = [_TAG]
        if _READS.search(text, max(0, first - 80), root.end()):
            separators.append(_FALLBACK)
        if name.startswith("--") or re.match(r"\s*(?:ENV|ARG)\s+$", line) or line.strip().endswith("-e"):
            separators.append(_SPACE)
        for separator in separators:
            if (gap := separator.match(text, last)) is None:
                continue
            span = _value_at(text, gap.end(), plain=plain or separator in (_SPACE, _TAG))
            if span is not None and plausible(text[slice(*span)], password=announced == "password"):
                aws = "aws" in name.lower() and span[1] - span[0] == 40
                kind = "aws-secret-key" if aws else "password" if announced == "password" else "generic-secret"
                yield Secret(kind, *span, slug(name) or kind_name(kind))
            break


def find(text: str, *, path: str = "") -> list[Secret]:
    """The secrets of a text, in order and without overlaps.

    `path` sharpens the judgement: in lock files only providers' shapes count, in source code only quoted values do.
    """
    if len(text) < 8:
        return []
    file = PurePosixPath(path)
    hits = [*_key_blocks(text), *_shaped(text), *_url_passwords(text), *_aws_pairs(text)]
    if file.name.lower() not in _LOCK_FILES:
        hits += _assigned(text, plain=file.suffix.lower() not in _SOURCE_SUFFIXES)
    found: list[Secret] = []
    # What was found first has the more telling kind; among equals the longer one covers more.
    for _, hit in sorted(enumerate(hits), key=lambda item: (item[1].start, -item[1].end, item[0])):
        if not found or hit.start >= found[-1].end:
            found.append(hit)
    return found


def redacted(text: str) -> str:
    """The text with what `find` sees replaced by masks, for a text that stands alone."""
    for secret in reversed(find(text)):
        text = f"{text[: secret.start]}<secret:{secret.name}>{text[secret.end :]}"
    return text
