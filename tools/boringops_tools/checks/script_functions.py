"""Shell scripts that call a function by a name that is nearly the one it has."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.scripts import Script, commands, is_script, written

_FUNCTION = lazy_pattern(
    r"(?m)(?:^|[;{]|\bthen|\bdo)[ \t]*(?:function\s+([\w:.-]+)\s*(?:\(\s*\))?|([\w:.-]+)\s*\(\s*\))\s*(?:\n\s*)?[{(]"
)
_SOURCED = lazy_pattern(r"(?m)(?:^|[;&|]|\bthen|\bdo)[ \t]*(?:source|\.)[ \t]+(.+?)[ \t]*(?:$|[;&|])")
_ALIAS = lazy_pattern(r"\balias\s+([\w-]+)=|\b(?:eval|complete|autoload|unset\s+-f)\b")
# Programs and words of the shell: one of them is called, not a function that is nearly so called.
_KNOWN = frozenset(
    """alias apt ar at awk base64 basename bash bc bg bind break builtin bunzip2 bzip2 caller case cat cd chgrp chmod chown chroot cksum clear
    cmp column comm command compgen continue cp cpio cron crontab csplit curl cut date dd declare df diff dig dir dirname dirs disown dnf
    docker du echo ed egrep enable env eval exec exit expand expect export expr false fc fg fgrep file find fmt fold free function fuser
    gawk getent getopt getopts git go gpg grep groups gunzip gzip hash head helm help history host hostname iconv id info install ip jobs
    join jq kill killall last less let link ln local locale log logger login logname logout look ls lsof make man mapfile md5sum mkdir
    mkfifo mknod mktemp more mount mv nc netstat nice nl node nohup npm nproc nslookup od openssl passwd paste patch pgrep ping pip pkill
    popd pr printenv printf ps pushd pwd python python3 read readarray readlink readonly realpath reboot reset return rev rm rmdir rsync
    run ruby scp sed select seq service set sftp sh sha256sum shift shopt shred shuf shutdown sleep sort source split ssh stat strings
    stty su sudo sum suspend sync systemctl tac tail tar tee telnet test tests time timeout times top touch tput tr trap true truncate tsort
    tty type typeset ulimit umask umount unalias uname uniq unlink unset until unzip uptime useradd usermod users uuidgen vi vim wait
    watch wc wget whatis which who whoami xargs xz yarn yes yum zcat zip""".split()  # noqa: SIM905
)
_CALL = lazy_pattern(r"[A-Za-z_][\w:-]{2,}")
_NEAR = 0.82


def _functions(text: str) -> set[str]:
    return {each[1] or each[2] for each in _FUNCTION.finditer(text)}


def _brought(files: Files, path: str, text: str) -> set[str] | None:
    """The functions of what a script sources; null where a part of that is not here."""
    found: set[str] = set()
    for each in _SOURCED.finditer(text):
        name = posixpath.basename(each[1].strip().strip("\"'").split()[-1].strip("\"'"))
        there = [one for one in files.by_name.get(name, []) if one != path]
        if not there:
            return None
        for one in there:
            inner = files.text(one)
            if _SOURCED.search(inner) or _ALIAS.search(inner):
                return None
            found |= _functions(inner)
    return found


def _undefined(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path) if is_script(path) else ""
    own = _functions(text)
    if not own or _ALIAS.search(text):
        return
    brought = _brought(files, path, text)
    script: Script | None = next(iter(written(path, text)), None)
    if brought is None or script is None:
        return
    known = own | brought | _KNOWN
    for command in commands(script):
        name = command.argv[0] if command.argv else ""
        if name in known or not _CALL.fullmatch(name) or name in files.by_name or command.sudo:
            continue
        near = difflib.get_close_matches(name, own | brought, 1, _NEAR)
        if near and abs(len(near[0]) - len(name)) <= 2:
            yield Hit(command.line, f"nothing defines `{name}`; there is the function `{near[0]}`")


_LOG = '#!/bin/sh\nlog() {\n  echo "$*" >&2\n}\n'

RULES = (
    Rule("script/undefined-function", "error", "Call it by its name: as it is, the shell finds no such command.", "POSIX, Command Search and Execution: a name that is no builtin, function or program ends with status 127.", is_script, _undefined,
         bad=({"bin/a.sh": _LOG + "logg done\n"}, {"a.sh": "#!/bin/bash\nfunction send_alert {\n  echo \"$1\"\n}\nif true; then\n  send_alerts x\nfi\n"}, {"a.sh": "#!/bin/bash\n. ./lib.sh\nb() { :; }\nconfrim x\n", "lib.sh": "confirm() {\n  :\n}\n"}),
         good=({"a.sh": _LOG + "log a\nlogger b\n"}, {"a.sh": _LOG + ". ./gone.sh\nlogg done\n"}, {"a.sh": "#!/bin/sh\ntests() {\n  test -f a\n}\ntests\n"}, {"a.sh": _LOG + "eval \"$x\"\nlogg a\n"}, {"a.sh": _LOG + "logs a\n", "logs": "#!/bin/sh\n"})),
)  # fmt: skip
