"""Made-up secrets in the shapes that their issuers give them, and things that only look like secrets.

Everything random comes from a seed and is made when it is asked for; no value of these shapes stands in the repository.
Shapes: the issuers' own documentation of their token formats; GitHub's and npm's end in a checksum, JSON Web Tokens carry JSON.
"""

from __future__ import annotations

import base64
import json
import string
import zlib
from collections.abc import Callable
from random import Random

_ALNUM = string.ascii_letters + string.digits
_UPPER = string.ascii_uppercase + string.digits
_LOWER = string.ascii_lowercase + string.digits
_BASE32 = string.ascii_uppercase + "234567"
_HEX = "0123456789abcdef"
_URL64 = _ALNUM + "-_"
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_WORDS = [
    "copper",
    "lantern",
    "orbit",
    "velvet",
    "thunder",
    "maple",
    "harbor",
    "cinder",
    "falcon",
    "ember",
    "quartz",
    "willow",
]


def _of(letters: str, count: int) -> Callable[[Random], str]:
    return lambda random: "".join(random.choices(letters, k=count))


def _checked(prefix: str) -> Callable[[Random], str]:
    """A token whose last six characters are the CRC-32 of the thirty before them, in base 62."""

    def make(random: Random) -> str:
        body, rest, tail = _of(_ALNUM, 30)(random), 0, ""
        rest = zlib.crc32(body.encode())
        for _ in range(6):
            rest, digit = divmod(rest, 62)
            tail = _BASE62[digit] + tail
        return f"{prefix}_{body}{tail}"

    return make


def _uuid(random: Random) -> str:
    text = _of(_HEX, 32)(random)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _password(random: Random) -> str:
    """As a password manager makes them: every class of character, none that a shell or YAML would read."""
    letters = [
        random.choice(each) for each in (string.ascii_lowercase, string.ascii_uppercase, string.digits, "%^+=_.")
    ]
    letters += random.choices(_ALNUM + "%^+=_.", k=16)
    return random.choice(string.ascii_letters) + "".join(random.sample(letters, len(letters))) + random.choice(_ALNUM)


def _human(random: Random) -> str:
    """As a person thinks one up."""
    first, second = random.sample(_WORDS, 2)
    return f"{first.title()}{second.title()}{random.randrange(10, 9999)}!"


def _jwt(random: Random) -> str:
    def part(value: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")

    head = part({"alg": "HS256", "typ": "JWT"})
    body = part({"sub": str(random.randrange(10**9)), "iss": "https://login.example.com", "iat": 1700000000})
    return f"{head}.{body}.{_of(_URL64, 43)(random)}"


def _pem(kind: str) -> Callable[[Random], str]:
    def make(random: Random) -> str:
        body = base64.b64encode(random.randbytes(800)).decode()
        lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
        return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----"

    return make


def _put(form: str, part: Callable[[Random], str]) -> Callable[[Random], str]:
    return lambda random: form.replace("@", part(random))


def _b64(count: int) -> Callable[[Random], str]:
    return lambda random: base64.b64encode(random.randbytes(count)).decode()


# kind: how a value is made, and a line as it stands in somebody's file
SECRETS: dict[str, tuple[Callable[[Random], str], str]] = {
    "aws-id": (_put("AK" + "IA@", _of(_BASE32, 16)), "aws_access_key_id = @"),
    "aws-secret": (_b64(30), "AWS_SECRET_ACCESS_KEY=@"),
    "aws-temporary": (_put("AS" + "IA@", _of(_BASE32, 16)), "access_key: @"),
    "github": (_checked("ghp"), "export GITHUB_TOKEN=@"),
    "github-oauth": (_checked("gho"), 'token: "@"'),
    "github-server": (_checked("ghs"), "GH_TOKEN=@"),
    "github-fine": (lambda random: f"github_pat_{_of(_ALNUM, 22)(random)}_{_of(_ALNUM, 59)(random)}", "token = '@'"),
    "gitlab": (_put("glpat-@", _of(_URL64, 20)), "GITLAB_TOKEN: @"),
    "gitlab-runner": (_put("glrt-@", _of(_URL64, 20)), 'token = "@"'),
    "slack-bot": (
        lambda random: f"xoxb-{random.randrange(10**11, 10**12)}-{random.randrange(10**12, 10**13)}-{_of(_ALNUM, 24)(random)}",
        "slack_token: @",
    ),
    "slack-webhook": (
        lambda random: f"https://hooks.slack.com/services/T{_of(_UPPER, 8)(random)}/B{_of(_UPPER, 10)(random)}/{_of(_ALNUM, 24)(random)}",
        "url: @",
    ),
    "stripe": (_put("sk_" + "live_@", _of(_ALNUM, 24)), "STRIPE_SECRET_KEY=@"),
    "stripe-restricted": (_put("rk_" + "live_@", _of(_ALNUM, 24)), 'stripe: "@"'),
    "google": (_put("AI" + "za@", _of(_URL64, 35)), "GOOGLE_API_KEY=@"),
    "gcp-oauth": (_put("ya29.@", _of(_URL64, 64)), "access_token: @"),
    "google-client": (_put("GOCSPX-@", _of(_URL64, 28)), "client_secret: @"),
    "npm": (_checked("npm"), "//npm.example.com/:_authToken=@"),
    "pypi": (_put("pypi-AgEIcHlwaS5vcmc@", _of(_URL64, 120)), "password = @"),
    "docker": (_put("dckr_pat_@", _of(_URL64, 27)), "DOCKER_PASSWORD=@"),
    "anthropic": (_put("sk-ant-api03-@AA", _of(_URL64, 93)), "ANTHROPIC_API_KEY=@"),
    "openai": (lambda random: f"sk-proj-{_of(_ALNUM, 74)(random)}T3BlbkFJ{_of(_ALNUM, 74)(random)}", "OPENAI_API_KEY=@"),
    "hugging-face": (_put("hf_@", _of(string.ascii_letters, 34)), "HF_TOKEN=@"),
    "sendgrid": (lambda random: f"SG.{_of(_URL64, 22)(random)}.{_of(_URL64, 43)(random)}", "SENDGRID_API_KEY=@"),
    "mailgun": (_put("key-@", _of(_HEX, 32)), "MAILGUN_API_KEY=@"),
    "twilio": (_of(_HEX, 32), "TWILIO_AUTH_TOKEN=@"),
    "datadog": (_of(_HEX, 32), "DATADOG_API_KEY=@"),
    "new-relic": (_put("NRAK-@", _of(_UPPER, 27)), "NEW_RELIC_API_KEY=@"),
    "digital-ocean": (_put("dop_v1_@", _of(_HEX, 64)), "DIGITALOCEAN_TOKEN=@"),
    "heroku": (_uuid, "HEROKU_API_KEY=@"),
    "terraform-cloud": (lambda random: f"{_of(_ALNUM, 14)(random)}.atlasv1.{_of(_ALNUM, 67)(random)}", 'token = "@"'),
    "vault": (_put("hvs.@", _of(_URL64, 92)), "VAULT_TOKEN=@"),
    "pulumi": (_put("pul-@", _of(_HEX, 40)), "PULUMI_ACCESS_TOKEN=@"),
    "grafana": (lambda random: f"glsa_{_of(_ALNUM, 32)(random)}_{_of(_HEX, 8)(random)}", "GRAFANA_TOKEN=@"),
    "azure-storage": (
        lambda random: f"DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={_b64(64)(random)};EndpointSuffix=core.windows.net",
        "AZURE_STORAGE_CONNECTION_STRING=@",
    ),
    "telegram": (lambda random: f"{random.randrange(10**8, 10**10)}:AA{_of(_URL64, 33)(random)}", "TELEGRAM_BOT_TOKEN=@"),
    "private-key": (_pem("RSA PRIVATE KEY"), "@"),
    "openssh-key": (_pem("OPENSSH PRIVATE KEY"), "@"),
    "jwt": (_jwt, "Authorization: Bearer @"),
    "basic-auth": (lambda random: base64.b64encode(f"deploy:{_password(random)}".encode()).decode(), "Authorization: Basic @"),
    "url-password": (_of(_ALNUM, 18), "DATABASE_URL=postgres://shop:@@db.internal.example.net:5432/shop"),
    "password": (_password, "db_password: @"),
    "human-password": (_human, 'password = "@"'),
    "generic-key": (_of(_ALNUM, 40), "api_key: @"),
    "age": (_put("AGE-SECRET-KEY-1@", _of("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)), "key: @"),
}  # fmt: skip

# lines that look like secrets, and are none
LOOK_ALIKES: dict[str, Callable[[Random], str]] = {
    "git commit": _put("ref: @", _of(_HEX, 40)),
    "pinned action": _put("- uses: actions/checkout@", _put("@ # v7.0.1", _put("@", _of(_HEX, 40)))),
    "image digest": lambda random: f"image: node@sha256:{_of(_HEX, 64)(random)}",
    "checksum": _put("checksum: sha256:@", _of(_HEX, 64)),
    "lock integrity": _put('"integrity": "sha512-@"', _b64(64)),
    "go.sum": _put("github.com/example/lib v1.2.3 h1:@", _b64(32)),
    "pip hash": _put("    --hash=sha256:@ \\", _of(_HEX, 64)),
    "uuid": _put("account_id: @", _uuid),
    "tenant": _put("AZURE_TENANT_ID=@", _uuid),
    "changeme": lambda _: "DB_PASSWORD=changeme",
    "change-me": lambda _: "SESSION_SECRET=change-me-please",
    "placeholder": lambda _: "API_KEY=your-api-key-here",
    "angle brackets": lambda _: "API_TOKEN=<your token here>",
    "stars": lambda _: "password: ********",
    "xs": lambda _: "api_key: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "empty": lambda _: "SECRET_KEY=",
    "terraform result": lambda _: "password = random_password.db.result",
    "terraform variable": lambda _: "  secret_key = var.stripe_secret_key",
    "terraform data": lambda _: "token = data.aws_secretsmanager_secret_version.token.secret_string",
    "actions secret": lambda _: "token: ${{ secrets.DEPLOY_TOKEN }}",
    "shell variable": lambda _: 'export PGPASSWORD="$DATABASE_PASSWORD"',
    "compose variable": lambda _: "POSTGRES_PASSWORD: ${DB_PASSWORD:?set it in .env}",
    "jinja": lambda _: 'password: "{{ vault_db_password }}"',
    "helm": lambda _: "password: {{ .Values.database.password | b64enc }}",
    "env in code": lambda _: 'secret = os.environ["STRIPE_SECRET_KEY"]',
    "node env": lambda _: "const apiKey = process.env.SENDGRID_API_KEY;",
    "file": lambda _: "password_file: /run/secrets/db_password",
    "arn": lambda random: f"secret_arn: arn:aws:secretsmanager:eu-central-1:{random.randrange(10**11, 10**12)}:secret:shop/db",
    "kms": _put("kms_key_id: arn:aws:kms:eu-west-1:111122223333:key/@", _uuid),
    "secret manager": lambda _: "valueFrom: projects/shop/secrets/db-password/versions/latest",
    "local database": lambda _: "DATABASE_URL=postgres://postgres:postgres@localhost:5432/app_test",
    "test url": lambda _: "url: http://user:pass@example.com/path",
    "public key": lambda random: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA{_b64(33)(random)} deploy@example.com",
    "certificate": _pem("CERTIFICATE"),
    "public pem": _pem("PUBLIC KEY"),
    "base64 image": lambda random: f'logo: "data:image/png;base64,{_b64(120)(random)}"',
    "stripe test": lambda _: "STRIPE_PUBLISHABLE_KEY=pk_test_replace_me",
    "publishable": _put("NEXT_PUBLIC_STRIPE_KEY=pk_live_@", _of(_ALNUM, 24)),
    "vault file": lambda random: f"$ANSIBLE_VAULT;1.1;AES256\n{_of(_HEX, 80)(random)}\n{_of(_HEX, 80)(random)}",
    "sops": lambda random: f"password: ENC[AES256_GCM,data:{_b64(12)(random)},iv:{_b64(32)(random)},tag:{_b64(16)(random)},type:str]",
    "bcrypt": lambda random: f"admin:$2y$10${_of(_ALNUM + './', 53)(random)}",
    "aws example": lambda _: "aws_access_key_id = AKIAIOSFODNN7" + "EXAMPLE",
    "trace": _put("traceparent: 00-@-b7ad6b7169203331-01", _of(_HEX, 32)),
    "etag": _put('etag: "@"', _of(_HEX, 32)),
    "token url": lambda _: "token_url: https://login.example.com/oauth2/token",
    "selector": lambda _: "secretKeyRef: {name: database, key: password}",
}  # fmt: skip


def fake(kind: str, seed: int = 0) -> str:
    """A made-up secret of this kind; the same for the same seed."""
    return SECRETS[kind][0](Random(f"{kind}/{seed}"))


def line(kind: str, seed: int = 0) -> str:
    """The secret in a line as it stands in somebody's file."""
    return SECRETS[kind][1].replace("@", fake(kind, seed), 1)


def look_alike(kind: str, seed: int = 0) -> str:
    """A line that looks like a secret and is none; the same for the same seed."""
    return LOOK_ALIKES[kind](Random(f"{kind}/{seed}"))
