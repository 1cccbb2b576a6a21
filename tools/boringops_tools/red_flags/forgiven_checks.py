"""Checksums and signatures that are looked at, or made, and whose failure stops nobody."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterable

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.scripts import Command
from boringops_tools.red_flags.unsafe_commands import all_commands, applies

_NEVER = "Disable security features for convenience"
_SUMS = lazy_pattern(r"(?:sha(?:1|224|256|384|512)?|md5|b2|b3)sum|shasum")


def _verifies(command: Command) -> bool:
    words = command.argv[1:]
    if _SUMS.fullmatch(command.program):
        return any(word == "--check" or re.fullmatch(r"-\w*c\w*", word) for word in words)
    if command.program in ("gpg", "gpg2"):
        return "--verify" in words
    if command.program == "minisign":
        return any(re.fullmatch(r"-\w*V\w*", word) for word in words)
    if command.program in ("gpgv", "slsa-verifier"):
        return True
    if command.program in ("cosign", "notation", "signify", "gh"):
        return any(word.startswith("verify") for word in words[:2])
    return command.program == "openssl" and words[:1] == ("dgst",) and "-verify" in words


def _signs(command: Command) -> bool:
    words = command.argv[1:]
    if command.program == "cosign":
        return words[:1] in (("sign",), ("sign-blob",), ("attest",), ("attest-blob",))
    if command.program == "docker":
        return words[:2] == ("trust", "sign")
    if command.program in ("notation", "rpmsign", "debsign", "signtool", "codesign", "jarsigner"):
        return command.program != "notation" or words[:1] == ("sign",)
    if command.program == "gh":
        return words[:2] == ("attestation", "sign")
    return command.program in ("gpg", "gpg2") and bool({"--detach-sign", "--clearsign", "--sign", "-b"} & set(words))


def _forgiven(path: str, text: str) -> Iterable[Hit]:
    seen = set()
    for command in all_commands(path, text):
        if command.forgiven and command.line not in seen and _verifies(command):
            seen.add(command.line)
            yield Hit(command.line, f"`{command.program}` may find that it is another one, and nobody is stopped")
        elif command.forgiven and command.line not in seen and _signs(command):
            seen.add(command.line)
            yield Hit(
                command.line, f"`{command.program}` may fail to sign, and what has no signature goes out all the same"
            )


def _any_mask(path: str, text: str) -> Iterable[Hit]:
    for command in all_commands(path, text):
        if (
            command.program == "umask"
            and not re.search(r"(?:^|/)tests?/", path)
            and any(re.fullmatch(r"0{1,4}", word) for word in command.argv[1:])
        ):
            yield Hit(command.line, "what is written from here on everybody may change (umask 0)")


_SUM = '#!/bin/sh\nset -eu\necho "$SUM  a.tgz" | sha256sum --check{}\n'

RED_FLAGS = (
    RedFlag(
        "script/forgiven-checksum", _NEVER, "warning", "Let it stop: what is not signed, or not what it was signed as, is not to be run.",
        applies=applies, check=_forgiven,
        bad={"a.sh": _SUM.format(" || true"), "b.sh": "#!/bin/sh\ngpg --verify a.asc a || echo 'not signed'\n", "c.sh": "#!/bin/sh\ncosign sign --yes \"$A@$B\" || true\n", "Dockerfile": "FROM a:1\nRUN sha512sum -c a.sum || true; tar xf a\n"},
        good={"a.sh": _SUM.format(""), "b.sh": "#!/bin/sh\nsha256sum a || true\ngpg --verify a.asc a || exit 1\nif ! sha256sum -c x; then exit 1; fi\n"},
    ),
    RedFlag(
        "script/open-mask", _NEVER, "warning", "Write `umask 077`, or 027 where a group reads along.",
        applies=applies, check=_any_mask,
        bad={"a.sh": "#!/bin/sh\numask 000\n"}, good={"a.sh": "#!/bin/sh\numask 022\numask 077\n"},
    ),
)  # fmt: skip
