"""Values that are no secrets: references to one, placeholders, names, words that everybody tries first."""

from __future__ import annotations

import math
import re
from collections import Counter

REFERENCE = re.compile(
    r"(?i)^(?:[$%<{@!*&#]|\[\w+(?:\(|\]$)|phc_|\d{4}-\d\d-\d\d(?:T|$)|process\.env|import\.meta|os\.(?:environ|getenv)|environ|env[\[(.]|getenv|vars?\.|local\.|"
    r"data\.|module\.|each\.|self\.|this\.|config\.|settings\.|secrets?\.|inputs?\.|steps\.|values\.|vault:|ref\+|op://|"
    r"arn:|projects/|https?://[^@]*$|file[(:]|/(?:run|var|etc|home|usr|opt|tmp|mnt|secrets?|app|data|vault)/|\./|\.\./|~/|enc\[|sha(?:1|256|384|512)[-:]|valuefrom|aws-sm:|gcp-sm:|"
    r"ssm:|azure-kv:|keyvault|secretsmanager|resolve:|kms:|null$|none$|nil$|undefined$)"
)
_INTERPOLATED = re.compile(
    r"\$\{|\$\(|\{\{|\}\}|<%|(?<![A-Za-z0-9])\$[A-Z_]{3,}|%\(|%[sd]\b|\([^)]{0,80}\||"
    # what code fills in ({url}, {0}), calls inside of strings, pieces of JSON
    r"\{[A-Za-z_0-9.]{0,40}\}|[A-Za-z]{4,}\(|\\#?\(|\"[:,}]|"
    # patterns of values
    r"^\.\*|\[\^?[Aa0]-[Zz9]"
)
_EXPRESSION = re.compile(r"^[A-Za-z_]\w{0,63}(?:(?:\.[A-Za-z_]\w{0,63})|\[[^\[\]]{0,80}\]|\([^()]{0,200}\)?)+$")
PLACEHOLDER = re.compile(
    r"(?i)example|placeholder|change[_\-. ]?(?:me|it|this)|replace[_\-. ]?(?:me|this|with)|your[_\-. ]|"
    r"(?:^|[_\-])my[_\-]|dummy|redacted|xxxx|\*\*\*|\.\.\.|todo|fixme|insert[_\-]|"
    r"<[a-z\-_ ]+>|not[_\-]?(?:a[_\-]?)?(?:real|secret)|"
    r"sample|foobar|lorem|abcdefgh|123456|(?:some|job|invalid|fake|test|dummy)[_\-]?(?:token|secret|pass(?:word)?|key)|00000000|deadbeef|do[_\-]?not[_\-]?use|fake[_\-]|[_\-]fake|ci[_\-]only|"
    r"dev[_\-]?only|local[_\-]?(?:dev|only)|test[_\-]?(?:only|token|key|secret|password)|<secret"
)
_TRIVIAL_WORDS = (
    "password|passwort|passwd|pass|secret|token|admin|administrator|root|user|username|test|testing|guest|demo|default|"
    "postgres|postgresql|mysql|mariadb|mongo|mongodb|redis|rabbitmq|rabbit|minio|minioadmin|app|dev|development|staging|"
    "production|prod|local|localhost|docker|django|rails|wordpress|keycloak|string|hunter|qwerty|letmein|welcome|"
    "true|false|yes|no|on|off|null|none|nil|empty|required|optional|changeit|changeme|keyboard"
)
TRIVIAL = re.compile(rf"(?i)^(?:(?:{_TRIVIAL_WORDS})[_\-.]?){{1,4}}[\d!@.]{{0,4}}$")
# The name and the number of the token that explains what a JSON Web Token is (jwt.io), as it is written in one.
_SPECIMEN = "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lI"
# The password that GitHub takes beside a token that is the user: a fixed word of its documentation.
_FIXED_WORDS = frozenset({"x-oauth-basic", "x-access-token"})
# The account of Azure's storage emulator, whose key Microsoft's documentation gives.
_EMULATOR = "AccountName=devstoreaccount1;"
# k8s, s3 and i18n are words too
_SEGMENT = re.compile(
    r"^(?:[A-Z]{1,14}|[A-Z]?[a-z]{1,14}(?:[A-Z][a-z]{1,12}){0,4})\d{0,4}$|^v?\d{0,6}$|^[A-Za-z]{1,2}\d{1,2}[a-z]{1,8}$"
)
_FOREIGN = re.compile(r"[\u0370-\u1cff\u2e80-\uffef]")


def entropy(value: str) -> float:
    """Shannon entropy in bits per character: 4 at most for hex, about 5 for forty random base64 characters."""
    size = len(value)
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values())


def wordy(value: str) -> bool:
    """Words joined by separators, as names are, rather than random characters."""
    return all(_SEGMENT.match(segment) for segment in re.split(r"[-_./:@+ ,=|#]", value[:200]))


def prose(value: str) -> bool:
    """Writing in a script other than Latin, some of which have no spaces: a translation rather than a secret."""
    return len(_FOREIGN.findall(value)) * 2 > sum(character.isalpha() for character in value)


def placeholder(value: str) -> bool:
    """A reference to a secret, or text that stands in for one."""
    return bool(
        REFERENCE.match(value)
        or _INTERPOLATED.search(value)
        or PLACEHOLDER.search(value)
        or TRIVIAL.match(value)
        or value in _FIXED_WORDS
        or _SPECIMEN in value
        or _EMULATOR in value
        or len(set(value)) < 5
    )


def plausible(value: str, *, password: bool) -> bool:
    """Whether the value of a name that announces a secret is one."""
    # As much as it takes to tell: where code stands in a string, what is behind an escaped line break is another line.
    value = re.split(r"\\[nrt]", value[:160])[0].rstrip(";,)}]")
    if (
        len(value) < 8
        or value.isdigit()
        or " " in value
        or placeholder(value)
        or _EXPRESSION.match(value)
        or prose(value)
    ):
        return False
    letters = any(character.isalpha() for character in value)
    other = any(not character.isalpha() and character not in "-_./: " for character in value)
    if password:
        slug = wordy(value) and any(separator in value for separator in "-_./:|")
        return letters and other and not slug
    return len(value) >= 12 and letters and other and not wordy(value) and entropy(value) >= 3.0


def stand_in(value: str) -> bool:
    """A provider's shape filled with a stand-in, as documentation does."""
    return (
        _SPECIMEN in value
        or bool(PLACEHOLDER.search(value))
        or entropy(value[4:]) < 2.5
        or (value.isalpha() and value.isupper())
    )


def harmless(value: str) -> bool:
    """Whether a value that some scanner took for a secret is none: a placeholder, a reference, a development default.

    The one list of what is allowed; every scanner's findings go through it."""
    return placeholder(value) or stand_in(value) or len(value) < 4
