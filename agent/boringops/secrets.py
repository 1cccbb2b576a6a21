"""Finding and masking secrets: the one funnel.

Whatever the runtime shows a model, writes to a journal or prints goes through `Funnel.mask`. What a file must not
contain is found by `find`, which the red flags and the last scan before a commit share, so that what is masked and what
is refused can never differ. Both work on text alone: nothing is looked up, nothing leaves the process.

Every expression here is bounded or starts at a literal, so that hostile text costs linear time.
"""

from __future__ import annotations

import base64
import functools
import json
import math
import re
import string
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True)
class Secret:
    """Where a secret stands in a text: `text[start:end]` is its value, nothing around it."""

    kind: str
    """What it is, e.g. `aws-access-key`, `password`, `url-password`."""
    start: int
    end: int
    name: str
    """The name it goes by, e.g. `DB_PASSWORD`; made from the kind where the text gives none."""


# --- shapes that providers give their secrets -------------------------------------------------------------------------

# kind: (literals of which one must be in the text, expression of the whole value). The literals make a text without
# secrets cheap: one substring search each. Alphanumerics before the value would make it part of something longer.
_SHAPES: dict[str, tuple[tuple[str, ...], str]] = {
    "aws-access-key": (("AKIA", "ASIA", "ABIA", "ACCA"), r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    "github-token": (
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{50,255}",
    ),
    "gitlab-token": (
        (
            "glpat",
            "glptt",
            "gldt",
            "glrt",
            "glcbt",
            "glsoat",
            "glft",
            "glimt",
            "glagent",
            "gloas",
            "glffct",
            "GR1348941",
        ),
        r"gl(?:pat|ptt|dt|rt|rtr|cbt|soat|ft|imt|agent|oas|ffct)-[\w.\-]{20,300}|GR1348941[\w\-]{20}",
    ),
    "slack-token": (("xox", "xapp-"), r"xox[abeoprs]-[A-Za-z0-9.\-]{10,250}|xapp-\d-[A-Za-z0-9\-]{20,250}"),
    "slack-webhook": (
        ("hooks.slack.com",),
        r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9]{6,20}/[A-Za-z0-9]{6,20}/[A-Za-z0-9]{16,64}",
    ),
    "discord-webhook": (("/api/webhooks/",), r"discord(?:app)?\.com/api/webhooks/\d{10,25}/[\w\-]{40,100}"),
    "teams-webhook": (("webhook.office.com",), r"[a-z0-9\-]{1,60}\.webhook\.office\.com/webhookb2/[\w@/\-]{60,300}"),
    "stripe-key": (("k_live_", "k_test_", "whsec_"), r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,250}|whsec_[\w+/=]{24,100}"),
    "google-api-key": (("AIza",), r"AIza[\w\-]{35}(?![\w\-])"),
    "google-oauth": (("ya29.", "GOCSPX-", "1//0"), r"ya29\.[\w\-]{20,400}|GOCSPX-[\w\-]{24,40}|1//0[\w\-]{40,120}"),
    "azure-client-secret": (("Q~",), r"[\w~.\-]{3}[78]Q~[\w~.\-]{31,34}(?![\w~.\-])"),
    "azure-devops-token": (("AZDO",), r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}(?![A-Za-z0-9])"),
    "npm-token": (("npm_",), r"npm_[A-Za-z0-9]{36,80}"),
    "pypi-token": (("pypi-AgE",), r"pypi-AgE[\w\-]{50,400}"),
    "rubygems-key": (("rubygems_",), r"rubygems_[0-9a-f]{48}"),
    "nuget-key": (("oy2",), r"oy2[a-z0-9]{43}(?![A-Za-z0-9])"),
    "crates-token": (("cio",), r"cio[A-Za-z0-9]{32}(?![A-Za-z0-9])"),
    "digitalocean-token": (("_v1_",), r"do[opr]_v1_[0-9a-f]{64}"),
    "sendgrid-key": (("SG.",), r"SG\.[\w\-]{16,32}\.[\w\-]{32,64}"),
    "mailgun-key": (("key-",), r"key-[0-9a-f]{32}(?![0-9A-Za-z])"),
    "mailchimp-key": (("-us",), r"[0-9a-f]{32}-us\d{1,2}(?![0-9A-Za-z])"),
    "brevo-key": (("xkeysib-", "xsmtpsib-"), r"x(?:key|smtp)sib-[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    "resend-key": (("re_",), r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,40}"),
    "twilio-key": (("SK",), r"SK[0-9a-f]{32}(?![0-9A-Za-z])"),
    "anthropic-key": (("sk-ant-",), r"sk-ant-[a-z0-9]{2,12}-[\w\-]{20,200}"),
    "openrouter-key": (("sk-or-",), r"sk-or-v\d-[0-9a-f]{32,80}"),
    "openai-key": (("sk-",), r"sk-(?:(?:proj|svcacct|admin|None)-[\w\-]{20,220}|[A-Za-z0-9]{32,64}(?![\w\-]))"),
    "huggingface-token": (("hf_",), r"hf_[A-Za-z0-9]{34,40}(?![A-Za-z0-9])"),
    "groq-key": (("gsk_",), r"gsk_[A-Za-z0-9]{40,64}"),
    "xai-key": (("xai-",), r"xai-[A-Za-z0-9]{60,100}"),
    "perplexity-key": (("pplx-",), r"pplx-[A-Za-z0-9]{40,64}"),
    "replicate-token": (("r8_",), r"r8_[A-Za-z0-9]{37}"),
    "langsmith-key": (("lsv2_",), r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"),
    "databricks-token": (("dapi",), r"dapi[0-9a-f]{32}(?:-\d)?(?![0-9A-Za-z])"),
    "newrelic-key": (("NRAK-", "NRII-", "NRAL"), r"NR(?:AK|II)-[\w\-]{27,40}|[0-9a-f]{32,36}NRAL"),
    "grafana-token": (("glsa_", "glc_"), r"glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}|glc_[A-Za-z0-9+/=]{32,400}"),
    "sentry-token": (("sntrys_", "sntryu_"), r"sntrys_[\w+/=\-]{40,400}|sntryu_[0-9a-f]{64}"),
    "dynatrace-token": (("dt0",), r"dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    "vault-token": (("hvs.", "hvb.", "hvr."), r"hv[sbr]\.[\w\-]{24,300}"),
    "terraform-cloud-token": ((".atlasv1.",), r"[A-Za-z0-9]{14}\.atlasv1\.[\w\-]{50,80}"),
    "pulumi-token": (("pul-",), r"pul-[0-9a-f]{40}"),
    "doppler-token": (("dp.",), r"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.\-]{40,100}"),
    "docker-token": (("dckr_",), r"dckr_[po]at_[\w\-]{20,64}"),
    "artifactory-key": (("AKCp",), r"AKCp[A-Za-z0-9]{60,80}"),
    "atlassian-token": (("ATATT3", "ATCTT3", "ATBB"), r"AT(?:ATT|CTT)3[\w=\-]{50,300}|ATBB[A-Za-z0-9]{32}"),
    "linear-key": (("lin_api_",), r"lin_api_[A-Za-z0-9]{40}"),
    "notion-token": (("ntn_",), r"ntn_[A-Za-z0-9]{40,60}"),
    "shopify-token": (("shp",), r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    "square-token": (("sq0",), r"sq0(?:atp|csp)-[\w\-]{22,60}"),
    "postman-key": (("PMAK-",), r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    "figma-token": (("figd_",), r"figd_[\w\-]{40,60}"),
    "airtable-token": (("pat",), r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    "planetscale-token": (("pscale_",), r"pscale_(?:tkn|pw|oauth)_[\w.\-]{32,64}"),
    "supabase-key": (("sbp_", "sb_secret_"), r"sbp_[0-9a-f]{40}|sb_secret_[\w\-]{20,64}"),
    "netlify-token": (("nfp_",), r"nfp_[A-Za-z0-9]{36,60}"),
    "heroku-key": (("HRKU-",), r"HRKU-[\w\-]{36,80}"),
    "flyio-token": (("fm2_", "fo1_"), r"fm2_[A-Za-z0-9+/=]{60,900}|fo1_[\w\-]{40,60}"),
    "cloudflare-origin-key": (("v1.0-",), r"v1\.0-[0-9a-f]{24}-[0-9a-f]{146}"),
    "circleci-token": (("CCIP",), r"CCIP(?:AT|RJ)_[A-Za-z0-9]{20,30}_[0-9a-f]{40}"),
    "buildkite-token": (("bkua_",), r"bkua_[0-9a-f]{40}"),
    "tailscale-key": (("tskey-",), r"tskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9\-]{20,80}"),
    "telegram-token": ((":AA",), r"\d{8,10}:AA[\w\-]{33}(?![\w\-])"),
    "alibaba-key": (("LTAI",), r"LTAI[A-Za-z0-9]{12,24}(?![A-Za-z0-9])"),
    "age-key": (("AGE-SECRET-KEY-",), r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    "onepassword-token": (("ops_eyJ",), r"ops_eyJ[\w+/=\-]{60,2000}"),
    "jwt": (("eyJ",), r"(?<![\w\-])eyJ[\w\-]{10,2000}\.eyJ[\w\-]{8,8000}\.[\w\-]{16,1200}"),
}


_HINTS = [(hint, kind) for kind, (hints, _) in _SHAPES.items() for hint in hints]


@functools.cache
def _shape(kind: str) -> re.Pattern[str]:
    """Compiled when a text first has one of its literals: all together would cost a start 30 ms."""
    return re.compile(rf"(?<![A-Za-z0-9])(?:{_SHAPES[kind][1]})")


# Connection strings and headers name their secret in a fixed way: the value is group 1.
_LABELLED: dict[str, tuple[str, re.Pattern[str]]] = {
    "azure-storage-key": ("AccountKey=", re.compile(r"AccountKey=([A-Za-z0-9+/]{86}==)")),
    "azure-shared-key": ("SharedAccessKey=", re.compile(r"SharedAccessKey=([A-Za-z0-9+/]{43}=)")),
    "azure-sas": ("sig=", re.compile(r"[?&]sig=([A-Za-z0-9%+/]{43,90}(?:%3D|=))")),
    "bearer-token": ("earer ", re.compile(r"\b[Bb]earer ([\w.~+/=\-]{16,2000})")),
    "basic-auth": (
        "asic ",
        re.compile(r"(?i)authorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?basic ([A-Za-z0-9+/=]{12,500})"),
    ),
    "docker-auth": ('"auth"', re.compile(r'"auth"\s{0,8}:\s{0,8}"([A-Za-z0-9+/=]{12,4000})"')),
}

_KEY_BLOCK = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = re.compile(r"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
# Perhaps headers, then base64; line breaks may be escaped, and strings put together.
_KEY_BODY = re.compile(
    r"[\s\\nr\"'+,|]*(?:[A-Z][A-Za-z\-]{2,30}: ?[^\n\\]{1,100}(?:\n|\\n)\s*)*[\s\\nr]*[A-Za-z0-9+/=]{24}"
)
_URL = re.compile(r"://([^\s:/?#@\"'<>]{0,128}):([^\s\"'<>@/]{1,256})@([^\s\"'<>/?#]{1,255})")
_URL_NAME = re.compile(r"([A-Za-z_][\w\-]{2,63})[\"']?\s{0,4}[:=]\s{0,4}[\"']?[\w+.\-]{2,20}$")
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")


# --- names that announce a secret ---------------------------------------------------------------------------------

_WORD = re.compile(
    r"(?i)(?P<password>passw(?:or)?d|passwort|passphrase|pwd|"
    r"(?-i:(?<![A-Za-z])PASS(?![A-Z])|PGPASS|(?<![a-z])pass(?![a-z])|(?<=[a-z])Pass(?![a-z])))|"
    r"(?P<key>secret|token|credential|api[_\-]?key|access[_\-]?key|auth[_\-]?key|"
    r"account[_\-]?key|app[_\-]?key|master[_\-]?key|private[_\-]?key|signing[_\-]?key|encryption[_\-]?key|"
    r"license[_\-]?key|webhook[_\-]?key|connection[_\-]?string|(?<=[_\-.])key(?![a-z])|(?-i:(?<=[a-z])Key(?![a-z]))|"
    r"jwt|(?<=[_\-.])salt(?![a-z])|_auth(?![a-z]))"
)
# What each of them has in it: a scan for these alone is thirty times as fast, and only names they are in are looked at.
_ROOTS = re.compile(r"pass|pwd|secret|token|credential|key|jwt|salt|_auth|connection")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
# What follows the word when the name speaks about a secret instead of holding one: password_policy, secretName, tokens.
_ABOUT = re.compile(
    r"(?i)(?:s?[_\-.]?(?:file|path|dir|name|names|id|ids|arn|url|uri|urn|ref|refs|type|field|fields|length|len|size|ttl|"
    r"age|expiry|expires|expiration|expires[_\-]?in|policy|header|count|limit|max|min|version|regex|pattern|prefix|"
    r"suffix|label|hint|placeholder|hash|sha|sha256|digest|checksum|fingerprint|algorithm|provider|store|manager|"
    r"namespace|scope|scopes|endpoint|issuer|audience|env|var|variable|rotation|enabled|required|schema|class|param|"
    r"parameter|column|input|output|index|format|description|title|message|error)s?|s|izer|ize|ization)$"
)
_PUBLIC_NAME = re.compile(
    r"(?i)public|publishable|partition|primary_key|sort_key|foreign|cache|object_key|s3_key|row_key"
)

_RESOURCE = re.compile(r"\b(?:arn|urn):[^\s\"'`,;]{0,100}$")
_AFTER_NAME = re.compile(r"[\w.\-]{0,40}")
_SEPARATOR = re.compile(
    r"[\"'\]]{0,2}[ \t]{0,16}"
    r"(?::=|=>|==?|:[-?]?(?!:)"
    # name and value as two fields, as Kubernetes and ECS write them
    r"|[ \t]{0,8}\n[ \t\-]{0,40}[\"']?value[\"']?[ \t]{0,8}[:=]|,[ \t]{0,8}\n?[ \t]{0,40}\"?[Vv]alue\"?[ \t]{0,4}[:=])"
    r"[ \t]{0,16}"
)
_DEFAULT = re.compile(r"\"[ \t]{0,4}\{[^{}]{0,400}?\bdefault[ \t]{0,8}=[ \t]{0,8}(?=\")")
_TAG = re.compile(r">(?=[^<\s][^<\n]{0,400}</)")
_SPACE = re.compile(r"[ \t]{1,4}(?=[^\s\-=:])")
_QUOTED = re.compile(r"[bfru]{0,2}\"([^\"\n]{1,1000})\"|[bfru]{0,2}'([^'\n]{1,1000})'|`([^`\n]{1,1000})`")
_PLAIN = re.compile(r"[^\s\"'`,;<>{}()\[\]]{1,600}")
_NAME_BEFORE = re.compile(
    r"([A-Za-z_][\w.\-]{0,63})[\"']?\s{0,4}(?::=|=>|[:=])\s{0,4}[\"'`]?(?:[Bb]earer |[Tt]oken )?$"
)

# --- values that are none -------------------------------------------------------------------------------------------

_REFERENCE = re.compile(
    r"(?i)^(?:[$%<{@!*&#]|process\.env|import\.meta|os\.(?:environ|getenv)|environ|env[\[(.]|getenv|vars?\.|local\.|"
    r"data\.|module\.|each\.|self\.|this\.|config\.|settings\.|secrets?\.|inputs?\.|steps\.|values\.|vault:|ref\+|op://|"
    r"arn:|projects/|https?://[^@]*$|file[(:]|/(?:run|var|etc|home|usr|opt|tmp|mnt|secrets?|app|data|vault)/|\./|\.\./|~/|enc\[|sha(?:1|256|384|512)[-:]|valuefrom|aws-sm:|gcp-sm:|"
    r"ssm:|azure-kv:|keyvault|secretsmanager|resolve:|kms:|null$|none$|nil$|undefined$)"
)
_INTERPOLATED = re.compile(r"\$\{|\$\(|\{\{|\}\}|<%|(?<![A-Za-z0-9])\$[A-Z_]{3,}|%\(|%[sd]\b|\([^)]{0,80}\|")
_EXPRESSION = re.compile(r"^[A-Za-z_]\w{0,63}(?:(?:\.[A-Za-z_]\w{0,63})|\[[^\[\]]{0,80}\]|\([^()]{0,200}\)?)+$")
_PLACEHOLDER = re.compile(
    r"(?i)example|placeholder|change[_\-. ]?(?:me|it|this)|replace[_\-. ]?(?:me|this|with)|your[_\-. ]|"
    r"(?:^|[_\-])my[_\-]|dummy|redacted|xxxx|\*\*\*|\.\.\.|todo|fixme|insert[_\-]|"
    r"<[a-z\-_ ]+>|not[_\-]?(?:a[_\-]?)?(?:real|secret)|"
    r"sample|foobar|lorem|abcdefgh|1234567|00000000|deadbeef|do[_\-]?not[_\-]?use|fake[_\-]|[_\-]fake|ci[_\-]only|"
    r"dev[_\-]?only|local[_\-]?(?:dev|only)|test[_\-]?(?:only|token|key|secret|password)|<secret"
)
_TRIVIAL_WORDS = (
    "password|passwort|passwd|pass|secret|token|admin|administrator|root|user|username|test|testing|guest|demo|default|"
    "postgres|postgresql|mysql|mariadb|mongo|mongodb|redis|rabbitmq|rabbit|minio|minioadmin|app|dev|development|staging|"
    "production|prod|local|localhost|docker|django|rails|wordpress|keycloak|string|hunter|qwerty|letmein|welcome|"
    "true|false|yes|no|on|off|null|none|nil|empty|required|optional|changeit|changeme|keyboard"
)
_TRIVIAL = re.compile(rf"(?i)^(?:(?:{_TRIVIAL_WORDS})[_\-.]?){{1,4}}[\d!@.]{{0,4}}$")
_SEGMENT = re.compile(r"^(?:[A-Z]{1,14}|[A-Z]?[a-z]{1,14}(?:[A-Z][a-z]{1,12}){0,4})\d{0,4}$|^v?\d{0,4}$")
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


def _entropy(value: str) -> float:
    """Shannon entropy in bits per character: 4 at most for hex, about 5 for forty random base64 characters."""
    size = len(value)
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values())


def _wordy(value: str) -> bool:
    """Words joined by separators, as names are, rather than random characters."""
    return all(_SEGMENT.match(segment) for segment in re.split(r"[-_./:@+ ]", value[:200]))


def _placeholder(value: str) -> bool:
    """A reference to a secret, or text that stands in for one."""
    return bool(
        _REFERENCE.match(value)
        or _INTERPOLATED.search(value)
        or _PLACEHOLDER.search(value)
        or _TRIVIAL.match(value)
        or len(set(value)) < 5
    )


def harmless(value: str) -> bool:
    """Whether a value that some scanner took for a secret is none: a placeholder, a reference, a development default.

    The one list of what is allowed; every scanner's findings go through it."""
    return _placeholder(value) or _stand_in(value) or len(value) < 4


def _plausible(value: str, *, password: bool) -> bool:
    """Whether the value of a name that announces a secret is one."""
    value = value[:160]  # as much as it takes to tell
    if len(value) < 8 or value.isdigit() or " " in value or _placeholder(value) or _EXPRESSION.match(value):
        return False
    letters = any(character.isalpha() for character in value)
    other = any(not character.isalpha() and character not in "-_./: " for character in value)
    if password:
        slug = _wordy(value) and any(separator in value for separator in "-_./:")
        return letters and other and not slug
    return len(value) >= 12 and letters and other and not _wordy(value) and _entropy(value) >= 3.0


def _announces(name: str) -> str:
    """`password` or `key` where a name announces a secret, else empty."""
    found = ""
    for match in _WORD.finditer(name):
        this = "password" if match["password"] else found or "key"
        found = "" if _ABOUT.fullmatch(name[match.end() :]) else this
    return "" if found and _PUBLIC_NAME.search(name) else found


def _slug(name: str) -> str:
    return re.sub(r"[^\w.\-]+", "_", name).strip("_.-")[:64]


def _name_of(text: str, start: int, kind: str) -> str:
    """The name the text gives the value that starts at `start`, or one made from its kind."""
    match = _NAME_BEFORE.search(text, max(0, start - 90), start)
    return (
        _slug(match[1]) if match and match[1].lower() not in ("value", "default", "http", "https") else _kind_name(kind)
    )


def _kind_name(kind: str) -> str:
    return kind.upper().replace("-", "_")


def _shaped(text: str) -> Iterator[Secret]:
    for kind in dict.fromkeys(kind for hint, kind in _HINTS if hint in text):
        for match in _shape(kind).finditer(text):
            if not _stand_in(match[0]):
                yield Secret(kind, match.start(), match.end(), _name_of(text, match.start(), kind))
    for kind, (hint, labelled) in _LABELLED.items():
        if hint in text:
            for match in labelled.finditer(text):
                if not _placeholder(match[1]) and _entropy(match[1]) >= 3.0 and not _wordy(match[1]):
                    yield Secret(kind, match.start(1), match.end(1), _kind_name(kind))


def _stand_in(value: str) -> bool:
    """A provider's shape filled with a stand-in, as documentation does."""
    return bool(_PLACEHOLDER.search(value)) or _entropy(value[4:]) < 2.5 or (value.isalpha() and value.isupper())


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
        if _placeholder(password) or password.lower() == user.lower() or len(password) < 4:
            continue
        if _RESERVED_HOST.match(host) and (len(password) < 16 or _wordy(password)):
            continue  # a development default: postgres:postgres@db
        before = _URL_NAME.search(text, max(0, match.start() - 120), match.start())
        name = _slug(before[1]) if before else "URL_PASSWORD"
        yield Secret("url-password", match.start(2), match.end(2), name)


def _aws_pairs(text: str) -> Iterator[Secret]:
    """The secret half of an AWS pair has no shape of its own, but stands near its key id."""
    if "AKIA" not in text and "ASIA" not in text:
        return
    for match in re.finditer(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])", text):
        for value in _AWS_SECRET.finditer(text, match.end(), min(len(text), match.end() + 200)):
            if _entropy(value[0]) >= 4.0 and not _placeholder(value[0]) and re.search(r"\d", value[0]):
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
        announced = _announces(name)
        if not announced:
            continue
        line = text[max(0, first - 80) : first].rpartition("\n")[2]
        separators = [_SEPARATOR, _DEFAULT] if line.lstrip().startswith("variable") else [_SEPARATOR]
        if text[last : last + 1] == ">":
            separators = [_TAG]
        if name.startswith("--") or re.match(r"\s*(?:ENV|ARG)\s+$", line) or line.strip().endswith("-e"):
            separators.append(_SPACE)
        for separator in separators:
            if (gap := separator.match(text, last)) is None:
                continue
            span = _value_at(text, gap.end(), plain=plain or separator in (_SPACE, _TAG))
            if span is not None and _plausible(text[slice(*span)], password=announced == "password"):
                aws = "aws" in name.lower() and span[1] - span[0] == 40
                kind = "aws-secret-key" if aws else "password" if announced == "password" else "generic-secret"
                yield Secret(kind, *span, _slug(name) or _kind_name(kind))
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


# --- .env files -----------------------------------------------------------------------------------------------------

_HARMLESS_ENV = re.compile(r"(?i)[._\-](?:example|sample|template|tmpl|dist|defaults?|schema|d\.ts)$")
_ENV_LINE = re.compile(r"^(\s*(?:#+\s*)?(?:export\s+)?)([A-Za-z_][\w.\-]*)\s*=[ \t]*(.*)$", re.S)


def env_file(path: str) -> bool:
    """Whether a file holds the values of an environment, so that only its names may be shown."""
    name = PurePosixPath(path).name.lower()
    if _HARMLESS_ENV.search(name):
        return False
    return name in (".env", ".envrc") or name.startswith(".env.") or name.endswith(".env")


def _env_lines(text: str) -> Iterator[tuple[str, str, str]]:
    """(what stands before the name, name, value) of each line; the name is empty where a line is no assignment."""
    lines = iter(text.splitlines())
    for line in lines:
        match = _ENV_LINE.match(line)
        if match is None:
            yield line, "", ""
            continue
        before, name, value = match.groups()
        if value[:1] in ('"', "'") and value.count(value[0]) == 1 and "#" not in before:
            opening = value[0]
            for more in lines:  # a value over several lines, as keys are
                value += "\n" + more
                if opening in more:
                    break
        yield before, name, _unquoted(value)


def _unquoted(value: str) -> str:
    if value[:1] in ('"', "'", "`") and (end := value.find(value[0], 1)) > 0:
        return value[1:end]
    return re.split(r"\s#", value, maxsplit=1)[0].strip()


def names_only(text: str) -> str:
    """An .env file as it may be shown: names with `<secret>` for what they hold, comments masked."""
    shown = []
    for before, name, value in _env_lines(text):
        if name:
            shown.append(f"{before}{name}={'<secret>' if value else ''}")
        elif not before.strip() or before.lstrip().startswith("#"):
            shown.append(Funnel().mask(before))
        else:
            shown.append("<secret>")  # whatever this is, it may be the rest of a value
    return "\n".join(shown) + ("\n" if text.endswith("\n") else "")


# --- masking --------------------------------------------------------------------------------------------------------

_MASK = re.compile(r"<secret(?::[\w.\-]+)?>")
_OPEN_VALUE = re.compile(
    r"(?i)^(?:[a-z][a-z0-9+.\-]*://[^@\s]*|[\d.,:%\s]+|[~.]{0,2}/[\w./\-]*|[\w\-]+(?:\.[\w\-]+)+(?::\d+)?)$"
)
_SIGNED = {"thinking": ("signature", "data"), "redacted_thinking": ("signature", "data")}


def contains_mask(text: str) -> bool:
    """Whether a text has a mask in it: such text must not be written to a file as if it were the value."""
    return _MASK.search(text) is not None


def looks_secret(name: str) -> bool:
    """Whether a name, of a variable or a field, announces a secret."""
    return bool(_announces(name))


class Funnel:
    """Masks secrets in everything that passes: known values first, then whatever `find` sees.

    A value keeps its mask for the life of the funnel, wherever it turns up later, even where nothing around it would
    give it away. May be used from several threads.
    """

    def __init__(self, environ: Mapping[str, str] | None = None, env_files: Iterable[Path] = ()) -> None:
        """`environ` gives the values of names that look secret; `env_files` all values that are not plainly public.

        A file that cannot be read gives nothing."""
        self._masks: dict[str, str] = {}
        self._names: Counter[str] = Counter()
        self._known: re.Pattern[str] | None = None
        self._lock = threading.RLock()
        for name, value in (environ or {}).items():
            if looks_secret(name):
                self._learn(name, value)
            for hit in find(value):
                self._learn(name, value[hit.start : hit.end])
        for file in env_files:
            try:
                text = file.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            for before, name, value in _env_lines(text):
                if not name or "#" in before:
                    continue
                for hit in find(value):
                    self._learn(name, value[hit.start : hit.end])
                if looks_secret(name) or not (_OPEN_VALUE.match(value) or _wordy(value)):
                    self._learn(name, value)

    def _learn(self, name: str, value: str) -> str:
        """The mask of a value; makes one, and knows the value from now on, where it is long enough to be told apart."""
        with self._lock:
            if value in self._masks:
                return self._masks[value]
            name = _slug(name) or "SECRET"
            trivial = len(value) < 8 or _TRIVIAL.match(value) or _REFERENCE.match(value) or value.isdigit()
            if trivial:
                return f"<secret:{name}>"
            self._names[name] += 1
            mask = f"<secret:{name}>" if self._names[name] == 1 else f"<secret:{name}-{self._names[name]}>"
            self._masks |= dict.fromkeys(_forms(value), mask)
            self._known = None
            return mask

    def _mask_known(self, text: str) -> str:
        with self._lock:
            if not self._masks:
                return text
            if self._known is None:
                longest_first = sorted(self._masks, key=len, reverse=True)
                self._known = re.compile("|".join(map(re.escape, longest_first)))
            return self._known.sub(lambda match: self._masks[match[0]], text)

    def mask(self, text: str) -> str:
        """The text with every secret replaced by `<secret:NAME>`. Masking twice changes nothing more."""
        text = self._mask_known(text)
        pieces, position = [], 0
        for hit in find(text):
            value = text[hit.start : hit.end]
            if not _MASK.search(value):
                pieces += [text[position : hit.start], self._learn(hit.name, value)]
                position = hit.end
        return "".join([*pieces, text[position:]])

    def mask_json(self, value: Any) -> Any:
        """A JSON value with every string in it masked.

        What the API signed stays byte for byte (`signature`, `data` of thinking blocks): it would be refused changed.
        """
        return self._mask_field("", value)

    def _mask_field(self, name: str, value: Any) -> Any:
        if isinstance(value, str):
            masked = self.mask(value)
            announced = _announces(name) if masked == value else ""
            return (
                self._learn(name, value)
                if announced and _plausible(value, password=announced == "password")
                else masked
            )
        if isinstance(value, dict):
            exact = _SIGNED.get(str(value.get("type")), ())
            return {
                self.mask(key) if isinstance(key, str) else key: item
                if key in exact
                else self._mask_field(str(key), item)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._mask_field(name, item) for item in value]
        return value


def _forms(value: str) -> set[str]:
    """The value, and how it reads inside JSON, a URL, base64, or line by line."""
    raw = value.encode("utf-8", "surrogateescape")
    forms = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], quote(raw, safe="")}
    forms.add(base64.b64encode(raw).decode())
    forms |= {line for line in value.splitlines() if len(line) >= 24 and "-----" not in line}
    return forms
