"""Names that announce a secret: of variables, of fields, of flags."""

from __future__ import annotations

import re

_WORD = re.compile(
    r"(?i)(?P<password>passw(?:or)?d|passwort|passphrase|pwd|"
    r"(?-i:(?<![A-Za-z])PASS(?![A-Z])|PGPASS|(?<![a-z])pass(?![a-z])|(?<=[a-z])Pass(?![a-z])))|"
    r"(?P<key>secret|token|credential|api[_\-]?key|access[_\-]?key|auth[_\-]?key|"
    r"account[_\-]?key|app[_\-]?key|master[_\-]?key|private[_\-]?key|signing[_\-]?key|encryption[_\-]?key|"
    r"license[_\-]?key|webhook[_\-]?key|connection[_\-]?string|(?<=[_\-.])key(?![a-z])|(?-i:(?<=[a-z])Key(?![a-z]))|"
    r"jwt|(?<=[_\-.])salt(?![a-z])|_auth(?![a-z]))"
)
# What follows the word when the name speaks about a secret instead of holding one: password_policy, secretName, tokens.
_ABOUT = re.compile(
    r"(?i)(?:s?[_\-.]?(?:file|path|dir|name|names|id|ids|arn|url|uri|urn|ref|refs|type|field|fields|length|len|size|ttl|"
    r"age|expiry|expires|expiration|expires[_\-]?(?:in|at)|policy|header|count|limit|max|min|version|regex|pattern|prefix|"
    r"suffix|label|hint|placeholder|hash|sha|sha256|digest|checksum|fingerprint|algorithm|provider|store|manager|"
    r"namespace|scope|scopes|endpoint|(?:field[_\-]?)?selector|issuer|audience|env|var|variable|rotation|enabled|required|schema|class|param|"
    r"parameter|options?|opts|column|input|output|index|format|template|description|title|message|error)s?|s|izer|ize|ization|qc(?:[_\-.]\w*)?)$"
)
_PUBLIC_NAME = re.compile(
    r"(?i)public|publishable|hashed|^data-key$|protobuf_key|partition|primary_key|sort_key|foreign|cache|object_key|s3_key|row_key|unique_key|"
    # what a text is looked up by; what Phoenix signs with is secret_key_base, and the salt beside it is in every project
    r"translation|signing_salt|encryption_salt"
)


def announces(name: str) -> str:
    """`password` or `key` where a name announces a secret, else empty."""
    found = ""
    for match in _WORD.finditer(name):
        this = "password" if match["password"] else found or "key"
        found = "" if _ABOUT.fullmatch(name[match.end() :]) else this
    return "" if found and _PUBLIC_NAME.search(name) else found


def slug(name: str) -> str:
    return re.sub(r"[^\w.\-]+", "_", name).strip("_.-")[:64]


def kind_name(kind: str) -> str:
    """The name of a secret that the text gives none."""
    return kind.upper().replace("-", "_")


def looks_secret(name: str) -> bool:
    """Whether a name, of a variable or a field, announces a secret."""
    return bool(announces(name))
