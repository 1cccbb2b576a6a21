"""What speaks to other machines: transfer, remote shells, databases."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from boringops.commands import Judgement, Program, Rule, Unresolved, Verdict, options_and_operands

READ, REACH, DESTROY, UNKNOWN = Verdict.READ, Verdict.REACH, Verdict.DESTROY, Verdict.UNKNOWN

# Programs that bring text from elsewhere: piped into an interpreter, that text is run.
FETCHERS = frozenset(
    {"curl", "wget", "fetch", "nc", "ncat", "netcat", "socat", "http", "https", "aria2c", "ssh", "scp"}
)

_CURL_VALUED = (
    "-o --output -X --request -d --data --data-raw --data-binary --data-urlencode -H --header -u --user -A "
    "--user-agent -e --referer -F --form -T --upload-file -m --max-time --connect-timeout --retry --retry-delay -w "
    "--write-out -b --cookie -c --cookie-jar -x --proxy --cacert --cert --key --resolve -D --dump-header --url -r "
    "--output-dir --stderr --trace --trace-ascii"
)


def _curl(args: Sequence[str]) -> Judgement:
    if list(args) in (["--version"], ["-V"]):
        return Judgement(READ, "tells its version")
    options, operands = options_and_operands(args, _CURL_VALUED)
    names = {name for name, _ in options}
    written = {"-o", "--output", "-c", "--cookie-jar", "-D", "--dump-header", "--stderr", "--trace", "--trace-ascii"}
    targets = [value for name, value in options if name in written and value not in ("-", "/dev/null")]
    if any("--remote-name".startswith(name) and len(name) > 3 for name in names) or any(
        re.match(r"-[a-zA-Z]*[OJ]", name) for name in names
    ):
        targets += [operand.rstrip("/").rpartition("/")[2] for operand in operands]
    if any(name in ("-K", "--config") for name in names) or any(isinstance(word, Unresolved) for word in targets):
        return Judgement(UNKNOWN, "`curl` with options that are known only when it runs", tuple(targets))
    method = next((value for name, value in options if name in ("-X", "--request")), "")
    if method.upper() == "DELETE" or re.search(r"(?:^|\s)-[a-zA-Z]*XDELETE", " ".join(args)):
        return Judgement(DESTROY, "deletes something elsewhere", tuple(targets))
    return Judgement(REACH, "talks to another machine", tuple(targets))


def _wget(args: Sequence[str]) -> Judgement:
    if list(args) in (["--version"], ["-V"]):
        return Judgement(READ, "tells its version")
    options, operands = options_and_operands(args, "-O --output-document -P --directory-prefix -o --output-file -a")
    if any(name.startswith(("--use-askpass", "--execute", "-e", "-i", "--input")) for name, _ in options):
        return Judgement(UNKNOWN, "`wget` with options boringops does not know")
    targets = [value for name, value in options if name in ("-O", "--output-document", "-o", "-a", "-P")]
    targets = targets or [operand.rstrip("/").rpartition("/")[2] for operand in operands]
    return Judgement(REACH, "talks to another machine", tuple(target for target in targets if target != "-"))


_LOOKS = re.compile(r"\s*(?:select|show|explain|describe|desc|table|values|\\(?:d|l|dt|du|dn|conninfo)\S*)\b", re.I)
_CHANGES = re.compile(
    r"\b(?:drop|truncate|delete|update|insert|alter|grant|revoke|create|replace|merge|into|call|exec|execute|do|copy|"
    r"load|lock|set|vacuum|reindex|analyze|begin|pg_\w*(?:terminate|cancel|reload|write|read|ls)\w*|lo_\w+|setval|"
    r"nextval|dblink\w*|query_to_xml)\b|\\(?:!|copy|i|o|w|g|gexec)",
    re.I,
)


def _sql(*flags: str) -> Callable[[Sequence[str]], Judgement]:
    def judge(args: Sequence[str]) -> Judgement:
        if list(args) in (["--version"], ["-V"]):
            return Judgement(READ, "tells its version")
        options, operands = options_and_operands(args, " ".join(flags))
        statements = [value for name, value in options if name in flags]
        if not flags:
            statements = operands[1:]
        if any(isinstance(statement, Unresolved) for statement in statements) or not statements:
            return Judgement(UNKNOWN, "statements that cannot be seen from here")
        if any(_CHANGES.search(statement) for statement in statements):
            return Judgement(DESTROY, "changes a database")
        if all(_LOOKS.match(part) for text in statements for part in text.split(";") if part.strip()):
            return Judgement(REACH, "asks a database")
        return Judgement(UNKNOWN, "statements boringops does not know")

    return judge


_REDIS_LOOKS = {
    *("ping", "info", "get", "mget", "exists", "ttl", "pttl", "type", "strlen", "keys", "scan", "dbsize", "time"),
    *("hget", "hgetall", "hkeys", "hlen", "lrange", "llen", "smembers", "scard", "sismember", "zrange", "zcard"),
    *("zscore", "lastsave", "role", "memory", "latency", "command", "object", "xinfo", "xlen"),
}


def _redis(args: Sequence[str]) -> Judgement:
    _, operands = options_and_operands(args, "-h -p -a -n -u --user --pass -s --cert --key --cacert")
    if not operands or isinstance(operands[0], Unresolved):
        return Judgement(UNKNOWN, "statements that cannot be seen from here")
    word = operands[0].lower()
    if word in _REDIS_LOOKS:
        return Judgement(REACH, "asks a database")
    return Judgement(DESTROY, "changes a database")


def _copies(args: Sequence[str]) -> Judgement:
    if any(word.startswith(("--delete", "--remove-source", "--del")) for word in args):
        return Judgement(DESTROY, "deletes files elsewhere")
    if any(re.match(r"-[a-zA-Z]*[eS]|--rsh|--rsync-path|-oProxyCommand|-o$", word) for word in args):
        return Judgement(UNKNOWN, "copies through a program that it is given")
    _, operands = options_and_operands(args, "-e --rsh -i -P -o -F -J -l -S --exclude --include --filter")
    target = operands[-1:] if operands and ":" not in operands[-1] else []
    return Judgement(REACH, "copies to or from another machine", tuple(target))


PROGRAMS = (
    Program("curl", judge=_curl),
    Program("wget", judge=_wget),
    Program("http https xh aria2c fetch", (Rule("", REACH, "talks to another machine", match=("http x.com",)),)),
    Program("nc ncat netcat socat telnet ftp sftp lftp rclone s3cmd mail sendmail",
            (Rule("", DESTROY, "opens a channel to another machine", match=("nc -l 80",)),)),
    Program("scp rsync", judge=_copies),
    Program("ssh-keygen ssh-add ssh-copy-id ssh-agent gpg gpg2 pass security keyring",
            (Rule("", DESTROY, "opens or changes credentials", match=("ssh-keygen -t ed25519",)),)),
    Program("ping dig nslookup host traceroute whois ss netstat lsof getent nmap",
            (Rule("", REACH, "asks the network", match=("dig x.com", "ss -lt")),)),
    Program(
        "openssl",
        (
            Rule("version|x509|asn1parse|dgst|list|ciphers|verify|crl|help !-out|-engine|-provider|-sign|-signkey|-CAkey|-writerand",
                 READ, "only looks", match=("openssl x509 -in c.pem -noout -text",),
                 not_match=("openssl x509 -in c.pem -out d.pem", "openssl genrsa 2048")),
            Rule("s_client|s_time|ocsp", REACH, "asks the network", match=("openssl s_client -connect x:443",)),
            Rule("", DESTROY, "makes, opens or changes keys", match=("openssl genrsa 2048", "openssl enc -d -in x")),
        ),
    ),
    Program("psql", judge=_sql("-c", "--command")),
    Program("mysql mariadb", judge=_sql("-e", "--execute")),
    Program("sqlite3", judge=_sql()),
    Program("redis-cli valkey-cli", judge=_redis),
    Program("mongo mongosh mongorestore mongoimport",
            (Rule("", DESTROY, "runs code in a database", match=("mongosh x",)),)),
    Program("dropdb dropuser createdb createuser pg_restore mysqladmin mysqlimport flyway liquibase",
            (Rule("", DESTROY, "changes a database", match=("dropdb x",)),)),
    Program("pg_dump pg_dumpall mysqldump mongodump pg_isready",
            (Rule("", REACH, "reads a database", match=("pg_dump x",)),)),
)  # fmt: skip
