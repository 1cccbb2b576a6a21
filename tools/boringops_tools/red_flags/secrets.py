"""Secrets in files, and files that are secrets."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from boringops.secrets import env_file, find, looks_secret
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag

_NEVER = "Commit AWS keys, passwords, or tokens to git"
_SECRET_FILES = lazy_pattern(
    r"(?:.*/)?(?:[^/]*\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk|p8|asc)|id_(?:rsa|dsa|ecdsa|ed25519)|[^/]*\.tfvars(?:\.json)?|"
    r"kubeconfig[^/]*|[^/]*\.kubeconfig|credentials\.json|service[-_]?account[^/]*\.json|\.netrc|\.pgpass|\.htpasswd|"
    r"\.git-credentials|\.aws/credentials|\.docker/config\.json|\.kube/config|secrets?\.(?:ya?ml|json|env))", re.I | re.S,
)  # fmt: skip
# Certificates and public halves carry no secret; values for tests of encrypted files are meant to be there.
_OPEN = lazy_pattern(
    r"-----BEGIN (?:CERTIFICATE|PUBLIC KEY|PGP PUBLIC KEY BLOCK|PGP SIGNATURE|CERTIFICATE REQUEST)-----"
)
_SEALED = lazy_pattern(
    r"(?m)^\$ANSIBLE_VAULT;|\bENC\[AES256_GCM,|^age-encryption\.org/|-----BEGIN PGP MESSAGE-----|-----BEGIN AGE ENC"
)
_ASSIGNED = lazy_pattern(r"(?m)^\s*(?:export\s+)?(?P<name>[\w.-]+)\s*=[ \t]*(?P<value>\S.*)$")
_FIELD = lazy_pattern(r"(?m)^\s*(?:- )?[\"']?(?P<name>[\w.-]+)[\"']?\s*:[ \t]*(?P<value>[^\s#>|].*?)[ \t]*,?$")
_STANDS_FOR = lazy_pattern(
    r"(?i)^[\"']?(?:[\"'$%<{@!*&\[]|change|replace|your|todo|example|placeholder|x{3}|null\b|~|true\b|false\b|\d*$)|\{\{|<%"
)
_OBJECT = lazy_pattern(r"(?m)^apiVersion:[\s\S]*?^kind:|^kind:[\s\S]*?^apiVersion:")
_TEMPLATED = lazy_pattern(r"\{\{|\$\{")
_NAMED_SECRETS = lazy_pattern(r"(?i)(?:^|/)secrets?\.(?:ya?ml|json)$")
_PLAIN_TFVARS = lazy_pattern(r"\.tfvars(?:\.json)?$", re.I)


def _values(path: str, text: str) -> Iterable[Hit]:
    for secret in find(text, path=path):
        yield Hit(
            text.count("\n", 0, secret.start) + 1,
            f"{secret.name} holds a secret ({secret.kind.replace('-', ' ')})",
            "Take it from a secrets manager or the environment, and rotate it: what was committed once is known.",
            rule=f"secret/{secret.kind}",
        )


def lines_told(path: str, text: str) -> frozenset[int]:
    """The lines that the rule `secret` speaks of, for rules that would say the same of them."""
    return frozenset(text.count("\n", 0, secret.start) + 1 for secret in find(text, path=path))


def _is_secret_file(path: str) -> bool:
    return bool(env_file(path) or _SECRET_FILES.fullmatch(path))


def _assigns_secret(assigned: re.Match[str]) -> bool:
    """A name that announces a secret, whatever is in it, or somebody's credentials in an address."""
    return looks_secret(assigned["name"]) or bool(re.search(r"://[^/\s:@]*:[^/\s@]+@", assigned["value"]))


def _holds_values(path: str, text: str) -> bool:
    """Whether what is named for secrets has a value in it, of whatever make, under a name that announces one."""
    if find(text, path=path):
        return True
    if _OBJECT.search(text) or path.startswith(".github/"):
        return False  # an ExternalSecret, say; a Secret's values are told where they stand
    return any(looks_secret(each["name"]) and not _STANDS_FOR.search(each["value"]) for each in _FIELD.finditer(text))


def _secret_file(path: str, text: str) -> Iterable[Hit]:
    if _SEALED.search(text) or (_OPEN.search(text) and "PRIVATE KEY" not in text):
        return
    if env_file(path) and not posixpath.basename(path).startswith(".env") and not find(text, path=path):
        return  # `report.env` may be mere settings; what is named `.env` is where secrets go by custom
    if env_file(path) and not re.search(r"(?m)^\s*(?:export\s+)?\w+\s*=\s*\S", text):
        return  # names alone
    name = posixpath.basename(path)
    if (
        env_file(path)
        and not any(_assigns_secret(each) for each in _ASSIGNED.finditer(text))
        and not find(text, path=path)
    ):
        yield Hit(
            None,
            f"no value in {name} looks secret now; files of this name are where secrets go",
            "Keep it out of git (.gitignore), or keep it to what everybody may read.",
            severity="info",
        )
        return
    if _TEMPLATED.search(text) and name.lower().startswith("kubeconfig") and not find(text, path=path):
        return  # it is filled in where it is rendered
    if _NAMED_SECRETS.search(path) and not _holds_values(path, text):
        return  # an ExternalSecret, a chart's template, a pipeline that is called so; values are told where they stand
    if _PLAIN_TFVARS.search(name) and not find(text, path=path):
        yield Hit(
            None,
            f"{name} is where secret variables are kept",
            "Commit an example; keep the values out of git.",
            severity="warning",
        )
        return
    yield Hit(
        None, f"{name} is a file of secrets", "Keep it out of git (.gitignore), commit an example without values."
    )


def _made(*parts: str) -> str:
    """An example's value put together here, so that no scanner takes this file for a leak."""
    return "".join(parts)


RED_FLAGS = (
    RedFlag(
        "secret", _NEVER, "error", "A secret in git is known to all who ever get the repository.",
        applies=lambda path: not env_file(path), check=_values,
        bad={
            "deploy.sh": _made("export AWS_ACCESS_KEY_ID=AK", "IA4RW7PQ3ZJ6TN5KXD\n"),
            "compose.yaml": _made("services:\n  db:\n    environment:\n      DB_PASSWORD: q7", "Rz!mW29tLk\n"),
            "main.tf": _made('provider "x" {\n  api_token = "9fK2', 'mQ7vXw4RtZ8pLs3D"\n}\n'),
        },
        good={
            "compose.yaml": "services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?}\n",
            ".env.example": "API_KEY=\nDB_PASSWORD=<use-secrets-manager>\n",
            ".github/workflows/ci.yml": "env:\n  TOKEN: ${{ secrets.TOKEN }}\n",
        },
    ),
    RedFlag(
        "secret-file", _NEVER, "error", "Files like this one hold secrets; they do not belong into git.",
        applies=_is_secret_file, check=_secret_file, reads_text=False,
        bad={".env": "A=1\n", "config/.env.production": "PORT=80\n", "certs/server.key": "x\n", "prod.tfvars": "size = 1\n", "id_rsa": "",
            "group_vars/secrets.yml": "database_password: letmein\n"},
        good={
            ".env.example": "A=\n", ".env": "A=\n", "ca.pem": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
            "prod.tfvars.example": "size = 1\n", "secrets.yaml": "password: ENC[AES256_GCM,data:x]\nsops: {}\n",
            "chart/templates/secret.yaml": "apiVersion: v1\nkind: Secret\nstringData:\n  password: {{ .Values.password | quote }}\n",
            "k8s/secret.yaml": "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec:\n  data:\n    - secretKey: url\n",
            "config/secrets.yml": "production:\n  secret_key_base: <%= ENV.fetch('SECRET_KEY_BASE') %>\n",
        },
    ),
)  # fmt: skip
