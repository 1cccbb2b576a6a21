"""Recall on secrets made up while the test runs (none is committed in clear), silence on what only looks like one."""

from __future__ import annotations

import base64
import json
import random
import string
import time
from pathlib import Path

import pytest

from boringops.secrets import Funnel, contains_mask, env_file, find, looks_secret, names_only

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
URLSAFE = ALNUM + "-_"


def fakes(seed: int) -> dict[str, tuple[str, str]]:
    """name: (a text with a secret in it, the secret)."""
    rng = random.Random(seed)

    def some(alphabet: str, size: int) -> str:
        """Random, with a digit and a letter in it where the alphabet has both: generators see to that too."""
        value = rng.choices(alphabet, k=size)
        for index, kind in enumerate((string.digits, string.ascii_letters)):
            if shared := sorted(set(kind) & set(alphabet)):
                value[size // 2 + index - 1] = rng.choice(shared)
        return "".join(value)

    shapes = {
        "AWS_ACCESS_KEY_ID": "AKIA" + some(string.ascii_uppercase + "234567", 16),
        "GITHUB_TOKEN": "ghp_" + some(ALNUM, 36),
        "GH_FINE": "github_pat_" + some(ALNUM, 22) + "_" + some(ALNUM, 59),
        "GITLAB_TOKEN": "glpat-" + some(URLSAFE, 20),
        "SLACK_BOT": f"xoxb-{some(string.digits, 12)}-{some(string.digits, 12)}-{some(ALNUM, 24)}",
        "STRIPE": "sk_live_" + some(ALNUM, 24),
        "GOOGLE": "AIza" + some(URLSAFE, 34) + "7",
        "AZURE_CLIENT": some(ALNUM, 3) + "8Q~" + some(ALNUM, 34),
        "NPM": "npm_" + some(ALNUM, 36),
        "PYPI": "pypi-AgEIcHlwaS5vcmc" + some(URLSAFE, 120),
        "DIGITALOCEAN": "dop_v1_" + some(HEX, 64),
        "SENDGRID": f"SG.{some(URLSAFE, 22)}.{some(URLSAFE, 43)}",
        "TWILIO": "SK" + some(HEX, 32),
        "OPENAI": "sk-proj-" + some(URLSAFE, 60),
        "OPENAI_OLD": "sk-" + some(ALNUM, 20) + "T3BlbkFJ" + some(ALNUM, 20),
        "ANTHROPIC": "sk-ant-api03-" + some(URLSAFE, 93) + "AA",
        "HUGGINGFACE": "hf_" + some(ALNUM, 34),
        "DATABRICKS": "dapi" + some(HEX, 32),
        "GRAFANA": f"glsa_{some(ALNUM, 32)}_{some(HEX, 8)}",
        "VAULT": "hvs." + some(ALNUM, 24),
        "TFC": f"{some(ALNUM, 14)}.atlasv1.{some(ALNUM, 67)}",
        "DOCKER": "dckr_pat_" + some(URLSAFE, 27),
        "SHOPIFY": "shpat_" + some(HEX, 32),
        "NEWRELIC": "NRAK-" + some(string.ascii_uppercase + string.digits, 27),
        "TELEGRAM": some("123456789", 9) + ":AA" + some(ALNUM, 33),
        "JWT": f"eyJ{some(ALNUM, 30)}.eyJ{some(ALNUM, 60)}.{some(URLSAFE, 43)}",
    }
    made = {f"shape {name}": (f"echo {value} | cat", value) for name, value in shapes.items()}

    def named(label: str, template: str, value: str) -> None:
        made[label] = (template.replace("@@", value), value)

    named(
        "slack webhook",
        "url: https://@@",
        f"hooks.slack.com/services/T{some(ALNUM, 9)}/B{some(ALNUM, 9)}/{some(ALNUM, 24)}",
    )
    named("aws secret", "aws_secret_access_key = @@", some(ALNUM + "+/", 40))
    named("aws secret, json", '{"AWS_SECRET_ACCESS_KEY": "@@"}', some(ALNUM + "+/", 40))
    named("aws pair", f"AKIA{some(string.ascii_uppercase, 14)}72,@@", some(ALNUM, 38) + "7z")
    named("azure storage", "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=@@;", some(ALNUM, 86) + "==")
    named("url, database", "DATABASE_URL=postgresql://app:@@@db.prod.acme.io:5432/app", some(ALNUM, 12))
    named("url, redis", "url: redis://:@@@cache.acme.io:6379", some(ALNUM, 16))
    named("url, strong at a service name", "DATABASE_URL=postgres://app:@@@db/app", some(ALNUM, 24))
    named("url, git", "git clone https://ci:@@@git.acme.io/x.git", some(ALNUM, 20))
    named("datadog", "DD_API_KEY: @@", some(HEX, 32))
    named("datadog app", "DD_APP_KEY=@@", some(HEX, 40))
    named("twilio auth", "TWILIO_AUTH_TOKEN=@@", some(HEX, 32))
    named("human password", 'password = "@@"', "Tr0ub4dor" + some("&%!", 1) + some(string.digits, 2))
    named("human password, yaml", "    db_password: @@", "Sommer" + some(string.digits, 4) + "!" + some(ALNUM, 2))
    named("password in compose", "      POSTGRES_PASSWORD: @@", some(ALNUM, 12))
    named("list in compose", "      - MYSQL_ROOT_PASSWORD=@@", some(ALNUM, 14))
    named("kubernetes env", "        - name: DB_PASSWORD\n          value: @@\n", some(ALNUM, 16))
    named("ecs env", '{"name": "API_TOKEN", "value": "@@"}', some(ALNUM, 32))
    named("dockerfile env", "ENV API_KEY @@", some(ALNUM, 32))
    named("dockerfile arg", "ARG NPM_TOKEN=@@", some(ALNUM, 32))
    named("command line", "mytool --api-key @@ --verbose", some(ALNUM, 32))
    named("command line =", "mysql --password=@@", some(ALNUM, 13))
    named("terraform", '  master_password = "@@"', some(ALNUM, 16))
    named("terraform default", 'variable "db_password" {\n  type = string\n  default = "@@"\n}', some(ALNUM, 16))
    named("javascript", "const config = { apiKey: '@@' }", some(ALNUM, 32))
    named("python", 'SECRET_KEY = "@@"', some(ALNUM + "!$%&*", 50).lstrip("$%&*"))
    named("camel", '"clientSecret": "@@"', some(ALNUM, 40))
    named("xml", "<password>@@</password>", some(ALNUM, 12))
    named("npmrc", "//registry.acme.io/:_authToken=@@", some(ALNUM, 40))
    named("bearer", 'curl -H "Authorization: Bearer @@" https://api.acme.io', some(ALNUM, 40))
    named("basic", "Authorization: Basic @@", base64.b64encode(f"ci:{some(ALNUM, 16)}".encode()).decode())
    named(
        "docker config",
        '{"auths": {"r.acme.io": {"auth": "@@"}}}',
        base64.b64encode(f"u:{some(ALNUM, 20)}".encode()).decode(),
    )
    named("rails", "SECRET_KEY_BASE=@@", some(HEX, 128))
    named("encryption", "ENCRYPTION_KEY=@@", some(HEX, 64))
    named("groovy", "environment { SONAR_TOKEN = '@@' }", some(HEX, 40))
    for label, template in {
        "python": 'TOKEN = os.environ.get("SHOP_TOKEN", "@@")', "python, over lines": 'x = os.getenv(\n    "SHOP_API_KEY",\n    "@@",\n)',
        "django-environ": "KEY = env('SECRET_KEY', default='@@')", "decouple": 'KEY = config("SECRET_KEY", default="@@")',
        "node": "const key = process.env.STRIPE_SECRET || '@@';", "node, index": "const key = process.env['API_TOKEN'] ?? \"@@\"",
        "ruby": "ENV.fetch('API_TOKEN', '@@')", "ruby, or": 'ENV["API_TOKEN"] || "@@"', "go": 'getEnv("JWT_SECRET", "@@")',
        "java": 'System.getenv().getOrDefault("API_TOKEN", "@@")', "php": "getenv('API_TOKEN') ?: '@@'",
    }.items():  # fmt: skip
        named(f"fallback, {label}", template, some(ALNUM, 32))
    body = "\n".join(some(ALNUM + "+/", 64) for _ in range(8))
    for label in ("RSA ", "", "OPENSSH ", "EC "):
        named(
            f"key {label}", "x = @@\n", f"-----BEGIN {label}PRIVATE KEY-----\n{body}\n-----END {label}PRIVATE KEY-----"
        )
    named("pgp", "@@", f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{body}\n-----END PGP PRIVATE KEY BLOCK-----")
    named(
        "service account", '{"private_key": "@@"}',
        "-----BEGIN PRIVATE KEY-----\\n" + body.replace("\n", "\\n") + "\\n-----END PRIVATE KEY-----\\n",
    )  # fmt: skip
    return made


LOOK_ALIKES = """
password: <use-secrets-manager>
password: changeme
password: change-me-please
POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?set it}
POSTGRES_PASSWORD: password
POSTGRES_PASSWORD=postgres
MYSQL_ROOT_PASSWORD: root
DATABASE_URL=postgresql://postgres:postgres@db:5432/app
DATABASE_URL=postgresql://postgres:password@db:5432/myapp
url: https://user:pass@localhost:8080/
url: http://test:test1234@localhost:3000
url: postgres://$USER:$PASSWORD@db.acme.io/x
url: postgres://user:${DB_PASSWORD}@db.acme.io/x
url: https://user:password@example.com
api_key = process.env.API_KEY
token = os.environ.get("SHOP_TOKEN", "")
token = os.environ.get("SHOP_TOKEN", "change-me-in-production")
const token = process.env.API_TOKEN || 'your-token-here'
names = ["SHOP_TOKEN", "q8Zr41mXw0bTn2Lk7Vd5"]
const token = process.env.GITHUB_TOKEN;
token: ${{ secrets.GITHUB_TOKEN }}
api_key: {{ .Values.apiKey }}
api_key: "{{ vault_api_key }}"
password = random_password.db.result
password = var.db_password
password = data.aws_secretsmanager_secret_version.db.secret_string
master_password = aws_secretsmanager_secret_version.db.secret_string
API_KEY=xxxxxxxxxxxxxxxxxxxxxxxx
API_KEY=your-api-key-here
API_KEY=YOUR_API_KEY_GOES_HERE_1
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
image: node@sha256:3f6ba5a4e0a2c4dcd4b6c0d27a8f8a7e0f9c2b1d4e5f60718293a4b5c6d7e8f9
uses: actions/create-github-app-token@d72941d797fd3113feb6b93fd0dec494b13a2547
"integrity": "sha512-5Rr4gbTlmJMAKSDQv5ZSQqN3QJzzC0hQoTpnSXv4oFTcfCNHBh8oIQ5kX5bKFGzLK3gk2yhgqkfk0Uw8W7Wx2Q=="
token_url: https://auth.acme.io/oauth2/token
tokenEndpoint: https://auth.acme.io/v1/token2
secretName: app-tls-2024-cert
secret_name = "prod/app1/database2"
secretKeyRef: {name: db-credentials-v2, key: password}
        secretName: my-registry-credentials-01
password_policy: minimum-length-12-upper1
passwordField: "user_password_input_1"
"type": "password", "label": "Password (min 12 chars)"
max_tokens: 128000
token_type: Bearer1234abcd
TOKEN_FILE=/run/secrets/api_token_v1
POSTGRES_PASSWORD_FILE: /run/secrets/db_password
password: !vault |
password: ENC[AES256_GCM,data:p673w==,iv:YY=,aad:UQ=,tag:A=]
secret: op://vault/item9/field
secret: arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf
cache-key: v1-deps-{{ checksum "package-lock.json" }}
key: ${{ runner.os }}-build-${{ hashFiles('**/lock') }}
key: npm-linux-node20-v3
hash_key = "LockID"
range_key = "created_at_2024"
automountServiceAccountToken: false
id-token: write
public_key: MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA7
NEXT_PUBLIC_API_KEY=pkabc123def456ghi789
if "-----BEGIN RSA PRIVATE KEY-----" in text:
password = get_password_from_vault("db1")
commit: 9f7b0f9c3d3c42e5aac5ba805825da76410c1812
checksum: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
uuid: 123e4567-e89b-12d3-a456-426614174000
tokenizer: gpt2-large-cased-v1
secret: <secret:DB_PASSWORD>
password: "********"
Authorization: Bearer <token>
Authorization: Bearer ${ACCESS_TOKEN}
ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 user@host
PASS=$(aws secretsmanager get-secret-value --secret-id x1)
SECRET_KEY_BASE_DUMMY=1
os_auth_pam_passwdqc_options: min=disabled,disabled,16,12,8
url = "https://{}:x-oauth-basic@github.com/user/{}/archive/master.zip"
token: eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0.c2lnbmF0dXJlb2ZhdG9rZW4x
""".strip().splitlines()


@pytest.mark.parametrize("seed", [7, 99, 20261123])
def test_every_made_up_secret_is_found_whole(seed: int) -> None:
    missed = {}
    for label, (text, secret) in fakes(seed).items():
        text = f"# service\nname: web\n{text}\nport: 80\n"
        if not any(
            text[hit.start : hit.end].strip("/") in secret and len(text[hit.start : hit.end]) > 0.8 * len(secret)
            for hit in find(text)
        ):
            missed[label] = (text, [text[hit.start : hit.end] for hit in find(text)])
    assert not missed


@pytest.mark.parametrize("line", LOOK_ALIKES)
def test_what_only_looks_like_a_secret_is_left_alone(line: str) -> None:
    assert [(hit.kind, line[hit.start : hit.end]) for hit in find(f"a: 1\n{line}\nb: 2\n")] == []


def made(size: int = 24) -> str:
    rng = random.Random(size)
    return "".join(rng.choices(ALNUM, k=size - 2)) + "x7"


def test_names_and_kinds_come_from_the_text() -> None:
    text = f'DB_PASSWORD="{made()}"\nurl: postgres://app:{made(20)}@db.acme.io/x\nDATABASE_URL=mysql://a:{made(22)}@h.acme.io\n'
    assert [(hit.kind, hit.name) for hit in find(text)] == [
        ("password", "DB_PASSWORD"), ("url-password", "url"), ("url-password", "DATABASE_URL"),
    ]  # fmt: skip


def test_lock_files_and_source_code_are_read_for_what_they_are() -> None:
    value = made(40)
    assert not find(f'"secret": "{value}"', path="web/package-lock.json")
    assert find(f'"t": "ghp_{value}"', path="package-lock.json")
    assert not find(f"password = {value}", path="app.py")
    assert find(f'password = "{value}"', path="app.py")


@pytest.mark.parametrize(
    "hostile",
    [
        "eyJ" * 40_000, "password" * 20_000, "-----BEGIN PRIVATE KEY-----\n" * 5_000, "://a:" * 40_000, "AKIA" * 40_000,
        "token=" * 8_000, "secret: a." * 20_000, "a" * 200_000, "password=" + "a(" * 50_000, "sk-" * 60_000,
        "AKIAABCDEFGHIJKLMN12," * 8_000,
        "password:" + " " * 100_000, "token" + "\n" * 100_000, "key=" + "aA" * 100_000, "glpat-" * 40_000, "_key" * 50_000,
        'variable "password" {' * 8_000, "https://user:pass" * 10_000,
    ],
    ids=lambda text: text[:12].strip(),
)  # fmt: skip
def test_hostile_text_costs_linear_time(hostile: str) -> None:
    started = time.process_time()
    find(hostile)
    assert time.process_time() - started < 2.5


def test_a_value_keeps_its_mask_and_a_second_one_gets_a_number() -> None:
    funnel = Funnel()
    first, second = made(20), made(30)
    assert funnel.mask(f"DB_PASSWORD={first}") == "DB_PASSWORD=<secret:DB_PASSWORD>"
    assert funnel.mask(f"DB_PASSWORD={second}") == "DB_PASSWORD=<secret:DB_PASSWORD-2>"
    assert funnel.mask(f"it said {first}, then {second}") == "it said <secret:DB_PASSWORD>, then <secret:DB_PASSWORD-2>"


@pytest.mark.parametrize("seed", [1, 2])
def test_masking_leaves_nothing_and_is_done_after_once(seed: int) -> None:
    funnel = Funnel()
    for label, (text, secret) in fakes(seed).items():
        masked = funnel.mask(text)
        assert contains_mask(masked), label
        assert secret[10:] not in masked, label
        assert funnel.mask(masked) == masked, label
        assert find(masked) == [], label


def test_a_mask_is_never_taken_for_a_secret() -> None:
    funnel = Funnel()
    masked = funnel.mask(f"SERVICE_KEY_V2B9X4: '{made(18)}'")
    assert masked == "SERVICE_KEY_V2B9X4: '<secret:SERVICE_KEY_V2B9X4>'" == funnel.mask(masked)
    assert find("x: <secret:A1B2C3D4E5F6-2>") == []


def test_known_values_are_masked_in_every_form() -> None:
    value = 'p"w/ +&ü' + made(12)
    funnel = Funnel({"APP_SECRET": value, "HOME": "/home/someone", "TOKEN_TTL": "36000000"})
    for form in (
        value,
        json.dumps(value),
        json.dumps(value, ensure_ascii=False),
        base64.b64encode(value.encode()).decode(),
    ):
        assert "APP_SECRET" in funnel.mask(f"x {form} y") and made(12) not in funnel.mask(f"x {form} y")
    assert funnel.mask("/home/someone 36000000") == "/home/someone 36000000"


@pytest.mark.parametrize("value", ["true", "1", "localhost", "development", "short7", "postgres", "${OTHER}", ""])
def test_trivial_values_are_not_masked_everywhere(value: str) -> None:
    funnel = Funnel({"DB_PASSWORD": value})
    assert funnel.mask(f"a {value} b") == f"a {value} b"


def test_values_of_env_files_are_known(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    opaque = made(18)
    file.write_text(
        f"# PORT\nAPI_URL=https://api.acme.io/v1\nexport OPAQUE='{opaque}'\nNODE_ENV=development\nDATABASE_URL=redis://:{made(16)}@h.io\n"
    )
    funnel = Funnel(env_files=[file, tmp_path / "none"])
    assert funnel.mask(f"{opaque} {made(16)}") == "<secret:OPAQUE> <secret:DATABASE_URL>"
    assert funnel.mask("https://api.acme.io/v1 development") == "https://api.acme.io/v1 development"


def test_json_is_masked_deep_but_what_was_signed_stays() -> None:
    secret = made(32)
    funnel = Funnel({"API_TOKEN": secret})
    value = {
        "content": [
            {"type": "thinking", "thinking": f"use {secret}", "signature": secret},
            {"type": "redacted_thinking", "data": secret},
            {"type": "text", "text": secret, "signature": secret, "n": 3, "none": None},
        ],
        "input": {"password": made(14)},
    }
    before = json.dumps(value)
    masked = funnel.mask_json(value)
    thinking, redacted, text = masked["content"]
    assert (thinking["signature"], redacted["data"]) == (secret, secret)
    assert thinking["thinking"] == "use <secret:API_TOKEN>"
    assert text == {
        "type": "text",
        "text": "<secret:API_TOKEN>",
        "signature": "<secret:API_TOKEN>",
        "n": 3,
        "none": None,
    }
    assert masked["input"] == {"password": "<secret:password>"}
    assert json.dumps(value) == before


def test_which_files_are_read_as_names() -> None:
    assert all(map(env_file, [".env", "a/.env.production", "prod.env", ".envrc", ".env.local"]))
    assert not any(
        map(env_file, [".env.example", ".env.sample", "environment.py", "x.env.example", "envoy.yaml", ".env.template"])
    )


def test_env_files_are_shown_as_names() -> None:
    text = f'# the database\nexport DB_PASSWORD={made()}\nEMPTY=\nQUOTED="two words" # why\n# OLD={made()}\n'
    text += f'KEY="-----BEGIN\n{made(60)}\n-----END"\n{made(40)}\n\nB = 1\n'
    assert names_only(text) == (
        "# the database\nexport DB_PASSWORD=<secret>\nEMPTY=\nQUOTED=<secret>\n# OLD=<secret>\nKEY=<secret>\n<secret>\n\nB=<secret>\n"
    )


@pytest.mark.parametrize(
    "name", ["DB_PASSWORD", "apiKey", "GITHUB_TOKEN", "client_secret", "AWS_SECRET_ACCESS_KEY", "PGPASS", "x-api-key"]
)
def test_names_that_announce_a_secret(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name", ["PATH", "tokenizer", "max_tokens", "POSTGRES_PASSWORD_FILE", "secretName", "KEYBOARD", "compass", "monkey"]
)
def test_names_that_do_not(name: str) -> None:
    assert not looks_secret(name)
