"""Commands of Dockerfiles that open an image: programs that make anybody root, and downloads that anybody on the way can change."""

from __future__ import annotations

import re
from collections.abc import Iterable

from boringops_tools.dockerfile import is_dockerfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.unsafe_commands import all_commands

_NEVER = "Disable security features for convenience"
_SETUID = lazy_pattern(r"[ug]*o?\+s|ug\+s|[24567][0-7]{3}|0[24567][0-7]{3}")
_PLAIN = lazy_pattern(r"[\"']?http://(?!localhost|127\.|0\.0\.0\.0|\[::1\]|host\.docker\.internal)[\w-]+(?:\.[\w-]+)+")


def _setuid(_: str, text: str) -> Iterable[Hit]:
    for command in all_commands("Dockerfile", text):
        if command.program == "chmod":
            mode = next((word for word in command.argv[1:] if _SETUID.fullmatch(word)), "")
            # On a folder the bit is the group's: what is made in it belongs to that.
            if mode and not re.fullmatch(r"g\+s|0?2[0-7]{3}", mode):
                yield Hit(command.line, f"`chmod {mode}`: whoever starts the program is its owner, as a rule root")


def _plain(_: str, text: str) -> Iterable[Hit]:
    for command in all_commands("Dockerfile", text):
        if command.program not in ("curl", "wget"):
            continue
        fetched = next((word for word in command.argv[1:] if _PLAIN.match(word)), "")
        compared = re.search(r"sha(?:256|512)sum|sha1sum|gpg\s+--(?:verify|batch)|shasum|md5sum", text)
        if fetched and not compared:
            yield Hit(
                command.line, "what is fetched over plain http, anybody on the way can change, and nothing compares it"
            )


RED_FLAGS = (
    RedFlag(
        "dockerfile/setuid",
        "Run containers as root user",
        "warning",
        "Give the program the one capability it needs (setcap), or do it before USER.",
        applies=is_dockerfile,
        check=_setuid,
        bad={
            "Dockerfile": "FROM a:1\nRUN chmod u+s /usr/bin/a\n",
            "b.Dockerfile": "FROM a:1\nRUN chmod 4755 /usr/bin/a && b\n",
        },
        good={
            "Dockerfile": "FROM a:1\nRUN chmod 0755 /usr/bin/a && chmod g+s /srv && chmod 2775 /srv && chmod 1777 /t && chmod u-s /bin/b\n"
        },
    ),
    RedFlag(
        "dockerfile/plain-download",
        _NEVER,
        "warning",
        "Fetch it over https, and compare its checksum.",
        applies=is_dockerfile,
        check=_plain,
        bad={
            "Dockerfile": "FROM a:1\nRUN wget -qO /usr/bin/a http://downloads.example.com/a\n",
            "b.Dockerfile": "FROM a:1\nRUN curl -sL http://example.com/a.tgz | tar xz\n",
        },
        good={
            "Dockerfile": "FROM a:1\nRUN curl -fsSLo /a https://example.com/a\nHEALTHCHECK CMD curl -f http://localhost/ && wget http://api:80/\n",
            "b.Dockerfile": "FROM a:1\nRUN curl -o a http://example.com/a && echo 'abc  a' | sha256sum -c\n",
        },
    ),
)
