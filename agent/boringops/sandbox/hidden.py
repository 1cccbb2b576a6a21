"""Where people and programs keep what is nobody else's, and what builds need from a home all the same."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

# In a home. Named one by one for a work tree that is the home itself, and for toolchains that keep a token inside.
_HOME_SECRETS = (
    ".ssh", ".aws", ".gnupg", ".azure", ".kube", ".docker", ".config/gcloud", ".config/gh", ".config/glab-cli",
    ".config/doctl", ".config/op", ".config/rclone", ".config/helm", ".config/containers", ".config/google-chrome",
    ".config/chromium", ".mozilla", ".netrc", ".git-credentials", ".config/git/credentials", ".pgpass", ".my.cnf",
    ".vault-token", ".terraform.d", ".terraformrc", ".npmrc", ".yarnrc.yml", ".pypirc", ".gem/credentials",
    ".cargo/credentials", ".cargo/credentials.toml", ".m2/settings.xml", ".m2/settings-security.xml",
    ".gradle/gradle.properties", ".password-store",
    ".local/share/keyrings", ".bash_history", ".zsh_history", ".python_history", ".node_repl_history", ".psql_history",
    ".claude", ".claude.json", ".codex", ".config/anthropic", ".config/pulumi", ".pulumi/credentials.json",
)  # fmt: skip
_SYSTEM_SECRETS = (
    "/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers", "/etc/sudoers.d", "/etc/ssl/private",
    "/etc/kubernetes", "/etc/rancher", "/etc/krb5.keytab", "/etc/wireguard", "/etc/letsencrypt", "/etc/boto.cfg",
    "/etc/NetworkManager/system-connections", "/var/lib/kubelet", "/var/lib/docker", "/var/lib/containerd",
    "/var/run/secrets", "/var/backups", "/var/mail", "/var/spool/cron", "/boot",
)  # fmt: skip

SCRATCH = ("/tmp", "/var/tmp")  # noqa: S108 - these are the ones that are covered
HOMES = ("/home", "/root")

# Programs and what they downloaded, in a home: read, never written. What is written goes to the empty home over it.
_TOOLCHAINS = (
    ".pyenv", ".nvm", ".volta", ".asdf", ".rbenv", ".nodenv", ".goenv", ".sdkman", ".deno", ".bun", ".rustup", ".cargo",
    ".tfenv", ".tenv", ".krew", ".poetry", ".juliaup", ".ghcup", ".dotnet", ".nuget/packages", ".m2", ".gradle/wrapper",
    ".local/bin", ".local/lib", ".local/pipx", ".local/share/uv", ".local/share/pipx", ".local/share/pnpm",
    ".local/share/mise", ".local/share/fnm", ".local/share/virtualenvs", ".local/share/gem", ".npm-global", ".yarn",
    "go", "bin", "miniconda3", "anaconda3", "miniforge3", ".linuxbrew",
    ".cache/pre-commit", ".cache/helm", ".cache/pypoetry/virtualenvs", ".cache/ms-playwright",
)  # fmt: skip
_POINTING = (
    "VIRTUAL_ENV", "CONDA_PREFIX", "PYENV_ROOT", "GOPATH", "GOROOT", "GOMODCACHE", "CARGO_HOME", "RUSTUP_HOME",
    "NVM_DIR", "PNPM_HOME", "JAVA_HOME", "MAVEN_HOME", "GEM_HOME", "TF_PLUGIN_CACHE_DIR", "PRE_COMMIT_HOME",
)  # fmt: skip


def home(env: Mapping[str, str]) -> Path:
    """The home a command is told of; the account's own where it is told of none."""
    return Path(os.path.realpath(env.get("HOME") or Path.home()))


def covered(env: Mapping[str, str]) -> list[Path]:
    """Folders that are replaced by empty ones: temporary files, sockets of services, homes. Real, existing, outermost."""
    named = [*map(Path, (*SCRATCH, *HOMES, "/run")), home(env), Path.home()]
    real = sorted({Path(os.path.realpath(path)) for path in named if present(path) and path.is_dir()})
    return [path for path in real if path != Path("/") and not any(path.is_relative_to(o) and path != o for o in real)]


def toolchains(env: Mapping[str, str]) -> list[Path]:
    """What lies in covered folders and builds need: where PATH leads, version managers, this Python."""
    at = home(env)
    wanted = [at / name for name in _TOOLCHAINS]
    wanted += [Path(env[name]) for name in _POINTING if env.get(name)]
    wanted += [Path(sys.prefix), Path(sys.base_prefix)]
    for entry in env.get("PATH", "").split(os.pathsep):
        folder = Path(entry)
        # A folder of links needs what they lead to, which is mostly beside it.
        wanted.append(folder.parent if folder.name in {"bin", "shims", "sbin", "condabin"} else folder)
    hiding = covered(env)
    real = {Path(os.path.realpath(path)) for path in wanted if path.is_absolute() and present(path) and path.is_dir()}
    real = {path for path in real if any(path.is_relative_to(over) and path != over for over in hiding)}
    # Never a whole home, nor a folder that has one inside.
    real = {path for path in real if not at.is_relative_to(path)}
    return [path for path in sorted(real) if not any(path.is_relative_to(o) and path != o for o in real)]


def secrets(env: Mapping[str, str], shown: Iterable[Path]) -> list[Path]:
    """Credential files and folders that would be seen although homes are covered. `shown`: what is bound over those."""
    at = home(env)
    system = [Path(path) for path in _SYSTEM_SECRETS] + sorted(Path("/etc/ssh").glob("ssh_host_*_key"))
    mine = [at / name for name in _HOME_SECRETS]
    shown = list(shown)
    visible = [path for path in mine if any(path.is_relative_to(over) for over in shown)]
    hiding = covered(env)
    visible += [
        path for path in system if not any(Path(os.path.realpath(path)).is_relative_to(over) for over in hiding)
    ]
    return [path for path in visible if present(path)]


def sockets() -> list[Path]:
    """Unix sockets in the file system that somebody listens on, as far as this process can see: each is a way out."""
    try:
        lines = Path("/proc/net/unix").read_text(errors="replace").splitlines()[1:]
    except OSError:
        return []
    paths = {line.split(maxsplit=7)[7] for line in lines if line.count(" /") and len(line.split(maxsplit=7)) == 8}
    return [Path(path) for path in sorted(paths) if path.startswith("/") and _is_socket(Path(path))]


def present(path: Path) -> bool:
    """Whether it exists, as far as can be seen: what cannot be looked into, a command cannot look into either."""
    try:
        return path.exists()
    except OSError:
        return False


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return False
