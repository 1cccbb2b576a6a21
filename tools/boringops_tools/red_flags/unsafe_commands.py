"""Commands that switch a protection off, in pipelines, Dockerfiles and shell scripts alike."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from boringops_tools.dockerfile import is_dockerfile
from boringops_tools.jenkins_files import is_jenkinsfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags import pipelines
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.scripts import Command, commands, is_script, is_unit, written
from boringops_tools.yaml_files import documents, is_compose, is_workflow, line_of, walk

_NEVER = "Disable security features for convenience"
_LEAK = "Commit AWS keys, passwords, or tokens to git"
_HERE = lazy_pattern(r"https?://(?:localhost|127\.|0\.0\.0\.0|\[::1\]|host\.docker\.internal)")
_FETCHERS = frozenset({"curl", "wget"})
_INTERPRETERS = frozenset({"sh", "bash", "dash", "zsh", "ash", "ksh", "python", "python3", "perl", "ruby", "node"})
_OPEN_MODE = lazy_pattern(r"0?[0-7]?777|0?[0-7]?666|(?:a|ugo)?\+rwx|a=rwx|o\+w|a\+w|o\+rwx")


def all_commands(path: str, text: str) -> Iterator[Command]:
    """Every command of a file, wherever in it."""
    if pipelines.may_run(path):
        for pipeline in pipelines.read(path, text):
            for job in pipeline.jobs:
                for step in job.steps:
                    yield from step.commands
    else:
        for script in written(path, text):
            yield from commands(script)


def applies(path: str) -> bool:
    return pipelines.may_run(path) or is_dockerfile(path) or is_script(path) or is_unit(path)


def _each(judge: Callable[[Command], str]) -> Callable[[str, str], Iterable[Hit]]:
    """A check that asks about one command at a time; an empty answer is no hit."""

    def check(path: str, text: str) -> Iterable[Hit]:
        seen = set()
        for command in all_commands(path, text):
            if (message := judge(command)) and (command.line, message) not in seen:
                seen.add((command.line, message))
                yield Hit(command.line, message)

    return check


# --- TLS --------------------------------------------------------------------------------------------------------------

# program: options that switch the check off.
_TLS_OPTIONS: dict[str, tuple[str, ...]] = {
    "curl": ("-k", "--insecure", "--proxy-insecure"),
    "wget": ("--no-check-certificate",),
    "helm": ("--insecure-skip-tls-verify", "--kube-insecure-skip-tls-verify"),
    "kubectl": ("--insecure-skip-tls-verify",),
    "oc": ("--insecure-skip-tls-verify",),
    "argocd": ("--insecure",),
    "skopeo": ("--src-tls-verify=false", "--dest-tls-verify=false", "--tls-verify=false"),
    "podman": ("--tls-verify=false",),
    "buildah": ("--tls-verify=false",),
    "executor": ("--skip-tls-verify", "--skip-tls-verify-pull", "--insecure", "--insecure-pull"),  # kaniko
    "aws": ("--no-verify-ssl",),
    "pip": ("--trusted-host",),
    "pip3": ("--trusted-host",),
    "apt-get": ("--allow-unauthenticated", "--force-yes"),
    "apt": ("--allow-unauthenticated", "--force-yes"),
    "apk": ("--allow-untrusted",),
    "yum": ("--nogpgcheck",),
    "dnf": ("--nogpgcheck",),
    "rpm": ("--nosignature",),
    "trivy": ("--insecure",), "crane": ("--insecure",), "mc": ("--insecure",), "conda": ("--insecure",),
    "oras": ("--insecure",), "cosign": ("--allow-insecure-registry", "--insecure-ignore-tlog"),
    "flux": ("--insecure-skip-tls-verify",), "velero": ("--insecure-skip-tls-verify",),
    "vault": ("-tls-skip-verify", "--tls-skip-verify"), "nomad": ("-tls-skip-verify", "--tls-skip-verify"),
    "rclone": ("--no-check-certificate",), "aria2c": ("--check-certificate=false",),
    "ansible-galaxy": ("--ignore-certs", "-c"), "hg": ("--insecure",), "svn": ("--trust-server-cert",),
    "grpcurl": ("-insecure",), "http": ("--verify=no", "--verify=false"), "https": ("--verify=no", "--verify=false"),
}  # fmt: skip
# name: values that switch the check off.
_TLS_VARIABLES: dict[str, re.Pattern[str]] = {
    "NODE_TLS_REJECT_UNAUTHORIZED": lazy_pattern("0"),
    "GIT_SSL_NO_VERIFY": lazy_pattern("(?i)1|true"),
    "PYTHONHTTPSVERIFY": lazy_pattern("0"),
    "NPM_CONFIG_STRICT_SSL": lazy_pattern("(?i)false"),
    "COMPOSER_DISABLE_TLS": lazy_pattern("1"),
    "VAULT_SKIP_VERIFY": lazy_pattern("(?i)1|true"),
    "ANSIBLE_HOST_KEY_CHECKING": lazy_pattern("(?i)0|false|no"),
    "GOINSECURE": lazy_pattern(r"\*"),
}
# Grafana's, Vault's and others' settings as variables.
_SKIPS = lazy_pattern(
    r"\w+_(?:INSECURE_SKIP_(?:TLS_)?VERIFY|TLS_SKIP_VERIFY(?:_INSECURE)?|SKIP_TLS_VERIFY)|GF_SMTP_SKIP_VERIFY"
)
_TRUE = lazy_pattern("(?i)1|true|yes|on")


def _variable(name: str, value: object) -> str:
    pattern = _TLS_VARIABLES.get(name.upper()) or (_TRUE if _SKIPS.fullmatch(name.upper()) else None)
    given = str(value).strip("\"' ")
    what = "the check of host keys" if "HOST_KEY" in name.upper() else "certificate checks"
    return f"{name}={given} switches {what} off" if pattern and pattern.fullmatch(given) else ""


def _tls(command: Command) -> str:
    words = command.argv[1:]
    for name, value in (*command.variables.items(), *(_exported(command))):
        if message := _variable(name, value):
            return message
    off = _TLS_OPTIONS.get(command.program, ())
    short = command.program == "curl" and any(re.fullmatch(r"-[a-zA-Z]*k[a-zA-Z]*", word) for word in words)
    # The value of an option such as -H may start with a dash too; none that does also ends like one of these.
    given = next((word for word in words if word in off or word.removesuffix("=true") in off), "-k" if short else "")
    if given and not any(_HERE.match(word) for word in words):
        return f"`{command.program} {given}` accepts any certificate or signature"
    text = " ".join(words)
    if command.program == "git" and re.search(r"(?i)http\.(?:\S+\.)?sslverify(?:=| )(?:false|0)", text):
        return "git is told not to check certificates (http.sslVerify=false)"
    if command.program in ("npm", "yarn", "pnpm") and re.search(r"(?i)strict-ssl(?:=| )false", text):
        return f"{command.program} is told not to check certificates (strict-ssl false)"
    if command.program in ("ssh", "scp", "sftp", "rsync", "autossh") and re.search(
        r"(?i)StrictHostKeyChecking[= ]\"?(?:no|off)\b", text
    ):
        return "the server's key is not checked (StrictHostKeyChecking=no)"
    return ""


def _exported(command: Command) -> Iterator[tuple[str, str]]:
    if command.program in ("export", "declare"):
        for word in command.argv[1:]:
            name, equals, value = word.partition("=")
            if equals:
                yield name, value


def _tls_commands_and_variables(path: str, text: str) -> Iterable[Hit]:
    if applies(path):
        yield from _each(_tls)(path, text)
    if is_jenkinsfile(path):
        plain = pipelines.plain_groovy(text)
        for match in re.finditer(r"(?m)^\s*(?:env\.)?(\w+)\s*=\s*(['\"])([^'\"\n]*)\2", plain):
            if message := _variable(match[1], match[3]):
                yield Hit(plain.count("\n", 0, match.start(1)) + 1, message)
    if is_dockerfile(path):
        from boringops_tools.dockerfile import assignments, instructions

        for each in instructions(text):
            if each.name in ("ENV", "ARG"):
                for name, value in assignments(each.value).items():
                    if message := _variable(name, value):
                        yield Hit(each.line, message)
    elif is_compose(path) or (pipelines.is_pipeline(path) and path.endswith((".yml", ".yaml"))):
        for document in documents(text):
            for parent, key, value in walk(document):
                name, given = (
                    str(value).split("=", 1) if isinstance(key, int) and "=" in str(value) else (str(key), value)
                )
                if not isinstance(value, Mapping | list) and (message := _variable(name, given)):
                    yield Hit(line_of(parent, key), message)


# --- the others -------------------------------------------------------------------------------------------------------


def _piped(command: Command) -> str:
    source = command.piped_from
    program = command.program or ("sh" if command.sudo and source else "")
    if program in _INTERPRETERS and source and source[0] in _FETCHERS:
        # `python -c`, `node -e`, `python -m json.tool`: a filter that reads, not a program that is read
        if any(re.fullmatch(r"-[cme]|-n?e|-p?e", word) for word in command.argv[1:2]):
            return ""
        return f"what {source[0]} gets from the network is run unseen"
    if command.program in ("sh", "bash", "eval", "source", ".", "zsh"):
        inner = " ".join(command.argv[1:])
        if re.match(r"(?:-\w+\s+)?[\"']?(?:\$\(|<\(|`)\s*(?:sudo\s+)?(?:curl|wget)\s", inner):
            return "what is fetched from the network is run unseen"
    return ""


def _password(command: Command) -> str:
    words = command.argv
    if command.program in ("docker", "podman", "helm", "buildah", "skopeo", "crane", "oras") and "login" in words[:4]:
        for word in words:
            if word == "-p" or word == "--password" or word.startswith("--password="):
                return f"`{command.program} login {word.split('=')[0]}` shows the password to every process and log"
    if command.program == "az" and words[1:2] == ("login",) and command.has("-p", "--password"):
        return "`az login --password` shows the password to every process and log"
    if command.program == "sshpass" and any(word.startswith("-p") for word in words[1:]):
        return "`sshpass -p` shows the password to every process and log"
    return ""


def _root_login(command: Command) -> str:
    target = next((word for word in command.argv[1:] if re.match(r"root@[\w.$\{-]", word)), "")
    return (
        f"`{command.program} {target}` works on a server by hand, as root"
        if command.program == "ssh" and target
        else ""
    )


def _open_mode(command: Command) -> str:
    words = command.argv[1:]
    if command.program in ("install", "mkdir"):
        words = tuple(word for option, word in itertools.pairwise(words) if option in ("-m", "--mode"))
    elif command.program != "chmod":
        return ""
    mode = next((word for word in words if _OPEN_MODE.fullmatch(word)), "")
    return f"`{command.program} {mode}` lets everybody write" if mode else ""


def _sudo(path: str, text: str) -> Iterable[Hit]:
    for command in all_commands(path, text):
        if command.sudo:
            yield Hit(
                command.line, "sudo in a Dockerfile: builds are root already, and the image keeps a way to become it"
            )


def _free_sudo(_: str, text: str) -> Iterable[Hit]:
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"NOPASSWD:\s*ALL", line) and not line.lstrip().startswith("#"):
            yield Hit(number, "whoever gets in as this user is root: sudo asks for no password")


def _wf(run: str, extra: str = "") -> str:
    return (
        f"on: push\npermissions: {{}}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: {run}\n{extra}"
    )


_CI = ".github/workflows/ci.yml"
RED_FLAGS = (
    RedFlag(
        "tls/not-verified", _NEVER, "error", "Trust the right certificate (a CA bundle, known_hosts) instead of any.",
        applies=lambda path: applies(path) or is_compose(path), check=_tls_commands_and_variables,
        bad={
            _CI: _wf("curl -fsSLk https://acme.io/x"),
            ".gitlab-ci.yml": "deploy:\n  script:\n    - git -c http.sslVerify=false clone https://acme.io/x\n",
            "a/.gitlab-ci.yml": "variables:\n  NODE_TLS_REJECT_UNAUTHORIZED: '0'\ntest:\n  script: [npm test]\n",
            "Dockerfile": "FROM a:1\nRUN apk add x && \\\n  wget --no-check-certificate https://acme.io/x\n",
            "b.Dockerfile": "FROM a:1\nENV NODE_TLS_REJECT_UNAUTHORIZED=0\n",
            "deploy.sh": "ssh -o StrictHostKeyChecking=no deploy@acme.io restart\n",
            "compose.yaml": "services:\n  a:\n    environment:\n      - NODE_TLS_REJECT_UNAUTHORIZED=0\n",
            "run.sh": "run() {\n  echo \"$*\"\n  \"$@\"\n}\nrun curl -k https://acme.io/x\n",
            "docker-compose.yml": "services:\n  a:\n    environment: {GF_AUTH_GENERIC_OAUTH_TLS_SKIP_VERIFY_INSECURE: 'true'}\n",
            "kept.sh": "args=(-fsS)\nif [ -n \"$X\" ]; then\n  args+=(--insecure)\nfi\ncurl \"${args[@]}\" https://acme.io/x\n",
            "first.sh": "CURL=\"curl -k\"\n$CURL https://acme.io/x\n",
            "retry.sh": "retry() {\n  local n=$1\n  shift\n  \"$@\" || \"$@\"\n}\nretry 3 curl -k https://acme.io/x\n",
            "units/a.service": "[Service]\nExecStart=-/usr/bin/curl --silent \\\n  --insecure https://acme.io/x\n",
            "b.jenkinsfile": "pipeline {\n  environment {\n    ANSIBLE_HOST_KEY_CHECKING = 'false'\n  }\n}\n",
            "ci/test.yml": "parameters:\n- {name: a}\njobs:\n- job: t\n  steps:\n  - script: npm config set strict-ssl false\n",
            "Jenkinsfile": "pipeline { stages { stage('Get') { steps {\n sh 'curl --insecure https://acme.io/x'\n} } } }\n",
        },
        good={
            _CI: _wf("curl -fsSL https://acme.io/k && curl -k https://localhost:8443/healthz && echo curl -k"),
            "deploy.sh": "# curl -k https://x\nssh -o StrictHostKeyChecking=accept-new a@b\ncurl -o k.json https://acme.io\n",
            "Dockerfile": "FROM a:1\nENV NODE_TLS_REJECT_UNAUTHORIZED=1\n",
            "compose.yaml": "services:\n  a:\n    environment:\n      NODE_ENV: '0'\n",
            "Jenkinsfile": "pipeline {\n  environment {\n    ANSIBLE_HOST_KEY_CHECKING = 'true'\n    // VAULT_SKIP_VERIFY = '1'\n  }\n}\n",
        },
    ),
    RedFlag(
        "script/curl-pipe-shell", _NEVER, "warning", "Download, compare the checksum, then run; or take the package.",
        # GitHub workflows have a rule of their own for it
        applies=lambda path: applies(path) and not is_workflow(path), check=_each(_piped),
        bad={
            "Dockerfile": "FROM a:1\nRUN curl -fsSL https://get.acme.io | sh -s -- -y\n",
            ".gitlab-ci.yml": "a:\n  script:\n    - wget -qO- https://get.acme.io | sudo bash\n",
            ".circleci/config.yml": "jobs:\n  a:\n    steps:\n      - run: bash -c \"$(curl https://get.acme.io)\"\n"
            "workflows:\n  w:\n    jobs: [a]\n",
            "setup.sh": "curl https://get.acme.io |\n  python3 -\n",
        },
        good={
            "Dockerfile": "FROM a:1\nRUN curl -fsSL https://acme.io/key | gpg --dearmor -o /k.gpg\n",
            "x.sh": "curl https://acme.io/x.json | python3 -m json.tool\ncurl https://acme.io/x | python -c 'import sys'\n",
        },
    ),
    RedFlag(
        "script/password-argument", _LEAK, "warning", "Pipe it in: `--password-stdin`.",
        applies=applies, check=_each(_password),
        bad={_CI: _wf("docker login -u ci -p \"$TOKEN\" ghcr.io"), "push.sh": "helm registry login x --password=$P\n",
             "azure-pipelines.yml": "steps:\n- bash: az login --service-principal -u a -p $SECRET\n"},
        good={_CI: _wf("echo \"$TOKEN\" | docker login -u ci --password-stdin ghcr.io && mkdir -p x")},
    ),
    RedFlag(
        "script/root-login", "Manually SSH into servers to fix issues (use automation)", "warning",
        "Let the automation that built the server change it, with an account of its own.",
        applies=is_script, check=_each(_root_login),
        bad={"fix.sh": "ssh -p 22 root@www.acme.io 'systemctl restart web'\n"},
        good={"fix.sh": "ssh deploy@www.acme.io true\nscp a root@b:/c\necho ssh root@x\n"},
    ),
    RedFlag(
        "script/open-permissions", _NEVER, "warning", "Give the one user that needs it the right, e.g. `COPY --chown`.",
        applies=applies, check=_each(_open_mode),
        bad={"Dockerfile": "FROM a:1\nRUN mkdir /d && chmod -R 777 /d\n", "a.sh": "sudo chmod a+rwx /srv\n",
             "b.sh": "install -m 0777 a /usr/bin/a\n"},
        good={"Dockerfile": "FROM a:1\nRUN chmod 1755 /d && chmod +x 777\nRUN chmod u+rwx /x\n".replace("+x 777", "+x /b777")},
    ),
    RedFlag(
        "dockerfile/sudo-for-all", "Run containers as root user", "warning",
        "Leave sudo out of the image: what needs root is done before USER.",
        applies=lambda path: is_dockerfile(path) and ".devcontainer" not in path, check=_free_sudo,
        bad={"Dockerfile": "FROM a:1\nRUN echo 'app ALL=(ALL) NOPASSWD:ALL' >> /etc/sudoers\nUSER app\n"},
        good={"Dockerfile": "FROM a:1\n# NOPASSWD:ALL\nRUN adduser app\n"},
    ),
    RedFlag(
        "dockerfile/sudo", "Run containers as root user", "warning", "Do what root has to before USER, and leave sudo out.",
        applies=is_dockerfile, check=_sudo,
        bad={"Dockerfile": "FROM a:1\nRUN sudo apt-get update\n"},
        good={"Dockerfile": "FROM a:1\nRUN echo sudo && apk add sudoku\n"},
    ),
)  # fmt: skip
