"""Programs that look: text tools, listings, shell builtins without effect."""

from __future__ import annotations

import re
from collections.abc import Sequence

from boringops.commands import Judgement, Program, Rule, Unresolved, Verdict, options_and_operands

READ, CHANGE, UNKNOWN = Verdict.READ, Verdict.CHANGE, Verdict.UNKNOWN


def _sed(args: Sequence[str]) -> Judgement:
    """sed edits files with -i, writes them with `w` and runs programs with `e`, which its script may hide anywhere."""
    if any(isinstance(word, Unresolved) and word.may_be_option for word in args):
        return Judgement(UNKNOWN, "what `sed` does depends on words that are known only when it runs")
    options, operands = options_and_operands(args, "-e -f -l --expression --file --line-length")
    names = [name for name, _ in options]
    scripts = [value for name, value in options if name in ("-e", "--expression")]
    if not scripts and operands:
        scripts, operands = operands[:1], operands[1:]
    in_place = [name for name in names if "--in-place".startswith(name) or re.match(r"-[nErszu]*i", name)]
    known = {"-e", "--quiet", "--silent", "--regexp-extended", "--expression", "--separate", "--null-data"}
    if any(not (n in known or n in in_place or re.fullmatch(r"-[nErszu]+", n)) for n in names):
        return Judgement(UNKNOWN, "`sed` with options boringops does not know")
    if any(isinstance(script, Unresolved) or not _harmless_sed(script) for script in scripts):
        return Judgement(UNKNOWN, "a `sed` script that may write files or run programs")
    if in_place:
        return Judgement(CHANGE, "`sed -i` rewrites files", tuple(operands))
    return Judgement(READ, "`sed` prints")


_ADDRESS = r"(?:(?:\d+|\$|/(?:[^/\\\n]|\\.)*/)(?:[,~](?:[+~]?\d+|\$|/(?:[^/\\\n]|\\.)*/))?)?\s*!?\s*"
_SED_COMMAND = re.compile(
    rf"\s*{_ADDRESS}"
    r"(?:[pdqQ=gGhHxnNDPl]"
    r"|s([/|#,@:~!%])(?:(?!\1)[^\\\n]|\\.)*\1(?:(?!\1)[^\\\n]|\\.)*\1[gpIiM0-9]*"
    r"|y/(?:[^/\\\n]|\\.)*/(?:[^/\\\n]|\\.)*/"
    r"|[aic]\s*\\?[^\n]*)\s*(?:[;\n]|$)"
)


def _harmless_sed(script: str) -> bool:
    """Whether every command of the script is one that neither writes files nor runs programs."""
    at = 0
    while at < len(script):
        found = _SED_COMMAND.match(script, at)
        if found is None or found.end() == at:
            return not script[at:].strip()
        at = found.end()
    return True


def _awk(args: Sequence[str]) -> Judgement:
    """awk writes files with `>` and runs programs with `|` and system(); a program without these only prints."""
    options, operands = options_and_operands(args, "-F -v")
    if any(name not in ("-F", "-v") for name, _ in options) or any(
        isinstance(word, Unresolved) and word.may_be_option for word in args
    ):
        return Judgement(UNKNOWN, "`awk` with options boringops does not know")
    script = operands[0] if operands else ""
    # A quote inside a regular expression would make code look like a string: then strings are not taken out.
    code = script if "/" in script else re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', script)
    if (
        isinstance(script, Unresolved)
        or re.search(r"system|getline|@", script)
        or re.search(r"\||print[^;}\n]*>", code.replace("||", ""))
    ):
        return Judgement(UNKNOWN, "an `awk` program that may write files or run programs")
    return Judgement(READ, "`awk` prints")


def _printf(args: Sequence[str]) -> Judgement:
    if args and (args[0].startswith("-v") or isinstance(args[0], Unresolved)):
        return Judgement(UNKNOWN, "`printf -v` sets a variable by name")
    return Judgement(READ, "`printf` prints")


def _test(args: Sequence[str]) -> Judgement:
    """`-v` evaluates array subscripts, which may hold substitutions."""
    if "-v" in args or any("$(" in word or "`" in word for word in args if not isinstance(word, Unresolved)):
        return Judgement(UNKNOWN, "a test that evaluates its operand")
    return Judgement(READ, "tests a condition")


PROGRAMS = (
    Program(
        "cat head tail wc grep egrep fgrep ls dir pwd basename dirname realpath readlink stat cut tr paste comm nl tac "
        "rev fold expand unexpand column fmt od hexdump md5sum sha1sum sha256sum sha512sum cksum sum b2sum "
        "seq true false : echo sleep id whoami groups uname arch nproc uptime df du lscpu lsblk tty "
        "which whereis type jq diff cmp strings locale getconf cal expr factor tsort "
        "numfmt ps pgrep pstree wait return break continue shift exit printenv base32 base64 "
        "hadolint shellcheck yamllint actionlint jactionlint dotenv-linter",
        (
            Rule(
                "",
                READ,
                "only looks",
                match=("cat a.txt", "grep -rn TODO .", "ls -la", "jq .name package.json", "head -n 5 $FILE"),
            ),
        ),
    ),
    Program("sed", judge=_sed),
    Program("awk gawk mawk nawk", judge=_awk),
    Program("printf", judge=_printf),
    Program("test [", judge=_test),
    Program(
        "sort",
        (
            Rule(
                "!-o|--output|-T|--temporary-directory|--compress-program",
                READ,
                "only looks",
                match=("sort -u a", "sort --key=2 -n a"),
                not_match=("sort -o a a", "sort -uo a a", "sort --outp=x a", "sort $ARGS"),
            ),
            Rule("!--compress-program", CHANGE, "writes a file", match=("sort -o a a",)),
        ),
    ),
    Program(
        "uniq",
        (
            Rule("* $", READ, "only looks", match=("uniq a",), not_match=("uniq a b",)),
            Rule("$", READ, "only looks", match=("uniq -c",)),
            Rule("* *", CHANGE, "writes its second operand", match=("uniq a b",)),
        ),
        flags="-c -d -D -u -i -z",
    ),
    Program(
        "rg",
        (
            Rule(
                "!--pre|--hostname-bin|-z|--search-zip",
                READ,
                "only looks",
                match=("rg -n TODO",),
                not_match=("rg --pre sh x",),
            ),
        ),
    ),
    Program(
        "less more",
        (
            Rule(
                "!-o|-O|--log-file|--LOG-FILE|-k|--lesskey-file|+*",
                READ,
                "only looks",
                match=("less a.txt",),
                not_match=("less +!sh a", "less -o out a"),
            ),
        ),
    ),
    Program("top", (Rule("-b*", READ, "only looks", match=("top -bn1",), not_match=("top",)),)),
    Program(
        "free vmstat iostat history",
        (Rule("!-c|-d|-w|-a", READ, "only looks", match=("free -m", "history"), not_match=("history -c",)),),
    ),
    Program(
        "gitleaks trufflehog",
        (
            Rule(
                "!-r|--report-path|-c|--config|--log-opts",
                READ,
                "only looks",
                match=("gitleaks detect --no-git",),
                not_match=("gitleaks detect -r out.json",),
            ),
            Rule("", Verdict.REACH, "runs git with options, or writes a report", match=("gitleaks detect -r out",)),
        ),
    ),
    Program("kubeval", (Rule("!--schema-location|-s", Verdict.REACH, "fetches schemas", match=("kubeval a.yml",)),)),
    Program(
        "tree",
        (
            Rule("!-o|--output", READ, "only looks", match=("tree -L 2",), not_match=("tree -o out",)),
            Rule("", CHANGE, "writes a file", match=("tree -o out",)),
        ),
    ),
    Program(
        "file",
        (Rule("!-C|--compile|-z|-Z|-S", READ, "only looks", match=("file a.bin",), not_match=("file -C -m x",)),),
    ),
    Program(
        "date",
        (
            Rule("$ !-s|--set", READ, "tells the time", match=("date -u",), not_match=("date -s 12:00",)),
            Rule("+* $ !-s|--set", READ, "tells the time", match=("date -u +%F", "date -d yesterday +%F")),
            Rule("", Verdict.DESTROY, "sets the clock", match=("date -s 12:00", "date 0101120026")),
        ),
        valued="-d --date -r --reference",
        flags="-u --utc -R -I",
    ),
    Program(
        "hostname",
        (
            Rule("$ !-F|--file|-b", READ, "tells the name", match=("hostname", "hostname -f")),
            Rule("", Verdict.DESTROY, "renames the machine", match=("hostname x",)),
        ),
    ),
    Program(
        "yq",
        (
            Rule(
                "!-i|--inplace|--in-place|-s|--split-exp|--split-exp-file",
                READ,
                "only looks",
                match=("yq .a x.yml",),
                not_match=("yq -i .a=1 x.yml",),
            ),
            Rule("", CHANGE, "rewrites files", match=("yq -i .a=1 x.yml",)),
        ),
    ),
    Program(
        "xxd",
        (
            Rule("* $ !-r", READ, "only looks", match=("xxd a",), not_match=("xxd a b",)),
            Rule("", CHANGE, "writes its second operand", match=("xxd a b", "xxd -p a b")),
        ),
        flags="-p -u",
    ),
    Program(
        "set",
        (
            Rule(
                "!-k|-a",
                READ,
                "sets options of the shell",
                match=("set -euo pipefail", "set -x"),
                not_match=("set -a",),
            ),
        ),
    ),
    Program("umask ulimit", (Rule("", READ, "changes this shell only", match=("umask 022",)),)),
    Program("cd pushd popd", (Rule("", READ, "changes this shell's directory", match=("cd infra",)),)),
    Program(
        "tflint kubeconform check-jsonschema",
        (
            Rule(
                "!--init|--fix|-schema-location|--schemafile|--cache",
                READ,
                "only looks",
                match=("tflint --format json", "kubeconform -strict k8s"),
                not_match=("tflint --init", "tflint --fix"),
            ),
            Rule("!--fix", Verdict.REACH, "may fetch what it checks against", match=("tflint --init",)),
            Rule("", CHANGE, "rewrites files", match=("tflint --fix",)),
        ),
    ),
)
