"""What an environment is given of a variable's default: debugging stays on the developer's machine, and so does localhost."""

from __future__ import annotations

import re
from typing import Literal

Environment = Literal["development", "staging", "production"]

_SAFE = re.compile(r"[\w./:@,+*?&=%;~!()\[\]#-](?:[\w./:@,+*?&=%;~!()\[\]# -]{0,198}[\w./:@,+*?&=%;~!()\[\]#-])?")
"""What means itself in YAML's and HCL's quotes, in Compose's `${NAME:-...}` and in a line of a ConfigMap."""
_LOCAL = re.compile(r"(?<![\w.-])(?:localhost|127\.0\.0\.1|host\.docker\.internal|\[::1\])(?![\w.-])|^::1$")
_SWITCH = re.compile(
    r"(?:^|_)(?:DEBUG|DEBUG_MODE|RELOAD|AUTO_RELOAD|SQL_ECHO|ECHO_SQL|DEV_MODE|DEBUGGER|DEBUG_TOOLBAR|PROFILER)$"
)
_ON = {"true": "false", "1": "0", "yes": "no", "on": "off"}
_OFF = frozenset({*_ON.values(), ""})
_MODE = re.compile(r"(?:^|_)(?:ENV|ENVIRONMENT|ENV_NAME|PROFILES_ACTIVE|STAGE|MODE)$")
_DEVELOPING = frozenset({"dev", "develop", "development", "local", "debug", "test", "testing"})
_LEVEL = re.compile(r"(?:^|_)(?:LOG_?LEVEL|LOGGING_LEVEL|LOG_VERBOSITY)$|^RUST_LOG$")
_BOUND = re.compile(
    r"(?:(?:APP|SERVER|HTTP|API|WEB|NUXT|NITRO|UVICORN|FLASK|FLASK_RUN|ROCKET|SERVICE)_)?"
    r"(?:HOST|HOSTNAME|BIND|BIND_ADDRESS|BIND_HOST|LISTEN_ADDR|LISTEN_ADDRESS|LISTEN_HOST|ADDRESS)"
)
_OPTIONAL = re.compile(
    r"(?:\w+_)?(?:MAIL|SMTP|EMAIL|MEMCACHED?|BEANSTALKD?|PUSHER|REVERB|MEILISEARCH|TYPESENSE|ELASTIC\w*|OPENSEARCH|STATSD|GRAPHITE|JAEGER|"
    r"OTEL|ZIPKIN|REDIS|DB|DATABASE|MYSQL|POSTGRES|PG|MONGO|RABBITMQ|AMQP|DYNAMODB)_(?:\w+_)?(?:HOSTS?|SERVERS?|ADDRESS|ENDPOINT|URL)"
)


def is_plain(value: str) -> bool:
    """Whether a value can stand in every carrier without being read as anything else."""
    return bool(_SAFE.fullmatch(value))


def carried(name: str, default: str | None, where: Environment) -> str | None:
    """What a plain variable is set to; null where the code's own default does, or where people have to decide."""
    if default is None or not is_plain(default):
        return None
    if where == "development":
        return default
    if _SWITCH.search(name):
        return _switched_off(default)
    if _LEVEL.search(name):
        return re.sub(r"(?i)\b(?:debug|trace)\b", "INFO" if default.isupper() else "info", default)
    return None if is_local(default) or is_mode(name, default) else default


def only_local(name: str, default: str | None) -> bool:
    """Whether a default is for a developer's machine alone, so that every other one needs a value.

    A client of a mail server or a cache that no dependency shows is an offer of the framework, not a need."""
    return is_mode(name, default) or (is_local(default) and not _OPTIONAL.fullmatch(name))


def is_local(default: str | None) -> bool:
    """Whether a default leads to the machine that it is read on."""
    return default is not None and bool(_LOCAL.search(default))


def fixed(name: str, default: str | None, port: int | None) -> str | None:
    """What every container is given: the port that is published, and an address that can be reached from outside of it."""
    if name == "PORT":
        return str(port) if port else None
    bound = default is not None and _BOUND.fullmatch(name) and re.fullmatch(r"localhost|127\.0\.0\.1|::1", default)
    return "0.0.0.0" if bound else None  # noqa: S104 - inside its container it has to be reached


def is_mode(name: str, default: str | None) -> bool:
    """Whether a default says that this is a developer's machine."""
    return default is not None and bool(_MODE.search(name)) and default.lower() in _DEVELOPING


def _switched_off(default: str) -> str | None:
    """`default`, or its opposite in the same spelling; null where it is neither on nor off."""
    lower = default.lower()
    off = lower if lower in _OFF else _ON.get(lower)
    if off is None:
        return None
    return off.upper() if default.isupper() else off.capitalize() if default[:1].isupper() else off
