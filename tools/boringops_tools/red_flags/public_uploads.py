"""Commands that give everybody what is nobody else's: dumps and keys in public buckets, buckets that all may write to."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.scripts import Command
from boringops_tools.red_flags.unsafe_commands import all_commands, applies

_PUBLIC = lazy_pattern(
    r"(?:--acl|--predefined-acl|--canned-acl|-a)[= ]\"?(?:public-read(?:-write)?|publicRead(?:Write)?|authenticated-read)\b|"
    r"\ballUsers\b|--public-access[= ]\"?(?:blob|container)\b|--allow-blob-public-access[= ]\"?true\b"
)
_WRITABLE = lazy_pattern(
    r"public-read-write|publicReadWrite|allUsers:(?i:[\w.]*(?:\bw|\bo|admin|creator|owner))|roles/storage\.(?:admin|objectAdmin|objectCreator)"
)
_OF_NOBODY_ELSE = lazy_pattern(
    r"(?i)backup|dump|snapshot|\.sql\b|tfstate|secret|private|credential|\.env\b|\.pem\b|\.key\b|\baudit|\binvoice|export|archive|\blogs?\b"
)
_PROGRAMS = frozenset({"aws", "gsutil", "gcloud", "az", "s3cmd", "mc"})


def _public(path: str, text: str) -> Iterable[Hit]:
    if not _PUBLIC.search(text):
        return
    for command in all_commands(path, text):
        words = " ".join(command.argv)
        found = _PUBLIC.search(words) if command.program in _PROGRAMS and not _takes_away(command) else None
        if found and _WRITABLE.search(words):
            yield Hit(command.line, f"`{command.program} … {found[0]}` lets everybody write")
        elif found and _OF_NOBODY_ELSE.search(f"{posixpath.basename(path)} {words}"):
            yield Hit(command.line, f"`{command.program} … {found[0]}` gives everybody what it copies")


def _takes_away(command: Command) -> bool:
    return bool({"-d", "remove-iam-policy-binding"} & set(command.argv))


RED_FLAGS = (
    RedFlag(
        "script/public-upload", "Disable security features for convenience", "error",
        "Leave the objects private: who may read them is said by a policy, for accounts.",
        applies=applies, check=_public,
        bad={
            "backup.sh": "aws s3 cp --acl public-read a.age s3://x/a.age\n",
            "up.sh": "gsutil cp -a public-read shop.sql gs://x/\n",
            "c.sh": "gsutil iam ch allUsers:objectAdmin gs://x\n",
            ".gitlab-ci.yml": "a:\n  script:\n    - aws s3 cp db.dump s3://x/ --acl public-read\n",
        },
        good={
            "site.sh": "aws s3 sync dist s3://www.example.com --acl public-read\n",
            "backup.sh": "aws s3 cp a.age s3://x/a.age --acl private\n",
            "b.sh": "gsutil iam ch -d allUsers gs://backup\n",
        },
    ),
)  # fmt: skip
