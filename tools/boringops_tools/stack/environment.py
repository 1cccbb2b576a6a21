"""Environment variables: which are secret, what .env.example says, and merging what several places read."""

from __future__ import annotations

import re
from collections.abc import Iterable

from boringops_tools.stack.facts import EnvVar, Source
from boringops_tools.stack.tree import Tree, join

EXAMPLES = (
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    "env.example",
    "example.env",
    ".env.local.example",
    ".example.env",
)
BEGIN, END = "# boringops:begin", "# boringops:end"
"""Around what we wrote into an example ourselves: detection does not take its own words for the repository's."""

_SECRET = re.compile(
    r"(SECRET|PASSWORD|PASSWD|PASSPHRASE|TOKEN|PRIVATE|CREDENTIAL|SALT|API_?KEY|ACCESS_?KEY|SIGNING_?KEY|ENCRYPTION_?KEY|"
    r"SERVICE_?ROLE_?KEY|AUTH_?KEY|APP_KEY|WEBHOOK|_PASS$|^PASS$|_PWD$|_DSN$|_KEY$)"
)
_URL = re.compile(
    r"(DATABASE|POSTGRES|MYSQL|MONGO|REDIS|AMQP|RABBITMQ|CELERY_BROKER|DB|BROKER|JDBC).*(URL|URI|CONNECTION|DSN)"
)
_NOT_SECRET = re.compile(
    r"(EXPIR|ALGORITHM|_TTL|LIFETIME|MINUTES|HOURS|DAYS|SECONDS|_URL$|PUBLIC|PUBLISHABLE|_NAME$|_LENGTH|_HEADER|_FILE$|_PATH$|_ID$|"
    r"TIMEOUT|_PREFIX$|_TABLE$|_BROKER$|_DRIVER$|_ROUNDS$|_TYPE$|_HOST$|_PORT$|_REGION$|_ENABLED$|_COUNT$|_LIMIT$|_SIZE$)"
)
_HOOK = re.compile(r"(SLACK|DISCORD|TEAMS|MATTERMOST)\w*WEBHOOK_?UR[LI]$")
"""Addresses that whoever knows them may write to."""
_CHOICE = re.compile(r"(CACHE|QUEUE|LOCK|SESSION)_CONNECTION$")
"""Laravel's names for one of several connections that are set up elsewhere."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$")

PLATFORM = {
    "NODE_ENV", "PATH", "HOME", "PWD", "CI", "TZ", "LANG", "USER", "SHELL", "TERM", "TMPDIR", "HOSTNAME", "DEBUG_COLORS",
    "PYTHONPATH", "VIRTUAL_ENV", "DJANGO_SETTINGS_MODULE", "GOPATH", "NEXT_RUNTIME", "npm_package_version", "VERCEL_URL",
    "VERCEL_ENV", "VERCEL", "NEXT_PUBLIC_VERCEL_URL", "NEXT_PUBLIC_VERCEL_ENV", "DYNO", "IS_HEROKU_APP", "GITHUB_ACTIONS",
    "RAILS_ENV", "RACK_ENV", "MIX_ENV", "BUNDLE_GEMFILE", "LISTEN_PID", "LISTEN_FDS", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
    "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT",
}  # fmt: skip
"""Set by what runs the program, never by the people who deploy it."""


def is_secret(name: str) -> bool:
    """Whether a variable's name says that its value must not be seen. A database URL carries a password."""
    upper = name.upper()
    if is_public(upper):
        return False  # everybody who loads the page reads it
    if _HOOK.search(upper):
        return True
    address = _URL.search(upper) and not _CHOICE.search(upper)
    return bool(address) or bool(_SECRET.search(upper) and not _NOT_SECRET.search(upper))


def _chooses(variable: EnvVar) -> bool:
    """Whether the default shows a name where an address would be a secret: `DB_CONNECTION` that falls back to `mysql`."""
    return variable.name.upper().endswith("_CONNECTION") and bool(re.fullmatch(r"[a-z]+", variable.default or ""))


_OTHERS = re.compile(
    r"(STRIPE|AWS|GITHUB|GITLAB|GOOGLE|WEBHOOK|CLIENT|CONSUMER|FACEBOOK|TWITTER|AZURE|SUPABASE|OAUTH|PAYPAL|BRAINTREE|RAZORPAY|SHOPIFY|MAILGUN|"
    r"(^|_)SES_|SPARKPOST|SENDGRID|POSTMARK|TWILIO|PUSHER|SLACK|DISCORD|AUTH0|OKTA|PLAID|SENTRY|CLOUDINARY|ALGOLIA|CAPTCHA|TURNSTILE|"
    r"DROPBOX|LINKEDIN|APPLE|MICROSOFT|(^|_)(S3|R2)_|MINIO)"
)


def is_own_secret(name: str) -> bool:
    """Whether a secret is the application's own key, which somebody makes up, and not another party's."""
    return bool(
        re.search(r"(^|_)(SECRET|SECRET_KEY|SECRET_KEY_BASE|JWT_SECRET|SESSION_SECRET|AUTH_SECRET)$|^APP_KEY$", name)
    ) and not _OTHERS.search(name)


_PUBLIC = ("NEXT_PUBLIC_", "VITE_", "REACT_APP_", "GATSBY_", "PUBLIC_", "VUE_APP_", "EXPO_PUBLIC_")


def is_public(name: str) -> bool:
    """Whether a bundler writes the variable into what browsers load, while it builds."""
    return name.startswith(_PUBLIC)


def is_example(path: str) -> bool:
    """Whether a file documents variables for people."""
    return path.rpartition("/")[2] in EXAMPLES


def example_file(tree: Tree, folder: str) -> str | None:
    """The example environment file the application has, as a path of the repository."""
    found = tree.named(folder, *EXAMPLES)
    return join(folder, found[0]) if found else None


def documented(tree: Tree, folder: str) -> list[EnvVar]:
    """Variables that people wrote into the application's example file. Values are kept for harmless names only."""
    path = example_file(tree, folder)
    found, ours = [], False
    for number, line in enumerate(tree.text(path).splitlines() if path else [], 1):
        ours = line.startswith(BEGIN) or (ours and not line.startswith(END))
        match = _ASSIGNMENT.match(line)
        if ours or not match or not path:
            continue
        name, value = match[1], match[2].split(" #")[0].strip().strip("\"'")
        plain = (
            value
            if value and not is_secret(name) and not re.search(r"[<>{}$\s]|your|xxx|changeme", value, re.I)
            else None
        )
        found.append(EnvVar(name=name, sources=[Source(path=path, line=number)], secret=is_secret(name), default=plain))
    return found


def merged(variables: Iterable[EnvVar]) -> list[EnvVar]:
    """One entry a name, sorted; the first default wins, and one reader that insists makes it required."""
    by_name: dict[str, EnvVar] = {}
    for variable in variables:
        if variable.name in PLATFORM or not _NAME.fullmatch(variable.name):
            continue
        known = by_name.get(variable.name)
        if known is None:
            by_name[variable.name] = variable
            continue
        default = known.default if known.default is not None else variable.default
        by_name[variable.name] = known.model_copy(
            update={
                "sources": [*known.sources, *(source for source in variable.sources if source not in known.sources)],
                "default": default,
                "required": (known.required or variable.required) and default is None,
            }
        )
    return [
        variable.model_copy(update={"secret": False})
        if _chooses(variable)
        else variable.model_copy(update={"default": None})
        if variable.secret
        else variable
        for _, variable in sorted(by_name.items())
    ]
