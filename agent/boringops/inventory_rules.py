"""What the inventory knows: which files are of which kind, and which versions and environments they state.

`RULES` is the whole of it: globs, what in a file proves its kind where the name does not, and where its versions stand.
Reading is light on purpose, regular expressions and no parser: it says where to look, and validators judge.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from boringops.globs import Buckets

MAX_VERSIONS = 30
"""Versions taken from one file, and twice as many characters of one version."""

Pairs = Iterator[tuple[str, str]]
Extract = Callable[[str], Pairs]


# --- versions ------------------------------------------------------------------------------------------


@cache
def _multiline(regex: str) -> re.Pattern[str]:
    """Compiled when first needed: a repository needs a few of the many."""
    return re.compile(regex, re.MULTILINE)


_PLAIN = re.compile(r"[\w.*^~<>=!/@:+,|() -]{1,60}")


def _keys(names: str) -> Extract:
    """What stands at keys whose whole name matches: `key: value`, `key: [a, b]`, or `key:` over a list."""
    line = rf"""^[ \t]*(?:-[ \t]+)?["']?({names})["']?[ \t]*[:=][ \t]*([^\n]*)((?:\n[ \t]*- [^\n]*)*)"""

    def extract(text: str) -> Pairs:
        for key, inline, below in _multiline(line).findall(text):
            value = re.sub(r"(^|\s)#.*", "", inline).strip().rstrip(",")
            listed = value[1:-1].split(",") if value[:1] == "[" else [value] if value else below.split("\n")
            for each in listed:
                plain = each.strip().removeprefix("- ").strip(" '\"")
                if _PLAIN.fullmatch(plain):
                    yield key, plain

    return extract


def _found(regex: str) -> Extract:
    """Name and version as the two groups of a regular expression."""
    return lambda text: ((name, version) for name, version in _multiline(regex).findall(text))


def _image(reference: str) -> Pairs:
    """Name and tag of an image. A digest is shortened: enough to see that it is pinned."""
    reference = re.sub(r"\$\{\w+:?-([^}]*)\}", r"\1", reference)
    name, _, digest = reference.partition("@")
    folder, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    if not _PLAIN.fullmatch(folder + slash + last):
        return
    if tag and not _PLAIN.fullmatch(tag):
        tag = "(variable)"
    pin = f"@{digest[:19]}" if digest else ""
    yield folder + slash + last, tag + pin or "(no tag)"


_IMAGE = re.compile(
    r"""^(?:[ \t-]*|[^#\n]*\{[ \t]*)["']?image["']?(?:[ \t]*:[ \t]*|[ \t]+)["']?([^\s"'#,&{]+[^\s"',]*)""", re.MULTILINE
)


def _images(text: str) -> Pairs:
    for reference in _IMAGE.findall(text):
        yield from _image(reference)


_FROM = re.compile(r"^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)(?:[ \t]+AS[ \t]+(\S+))?", re.MULTILINE | re.IGNORECASE)


def _dockerfile(text: str) -> Pairs:
    """Base images, with the defaults of ARG filled in; other stages of the same file are no images."""
    defaults = dict(re.findall(r"""^ARG[ \t]+(\w+)=["']?([^\s"']+)""", text, re.MULTILINE))
    stages = {"scratch"}
    for reference, stage in _FROM.findall(text):
        image = re.sub(r"\$\{?(\w+)\}?", lambda m: defaults.get(m[1], m[0]), reference)
        if image.lower() not in stages:
            yield from _image(image)
        stages.add(stage.lower())


_USES = re.compile(r"""^[ \t-]*uses:[ \t]*["']?([^\s"'@#]+)@([^\s"'#]+)["']?(?:[ \t]+#[ \t]*(\S+))?""", re.MULTILINE)


def _uses(text: str) -> Pairs:
    for action, ref, comment in _USES.findall(text):
        pinned = re.fullmatch(r"[0-9a-f]{40}", ref)
        yield action, f"{comment} ({ref[:7]})".strip() if pinned else ref


def _manifests(text: str) -> Pairs:
    for document in re.split(r"^---", text, flags=re.MULTILINE):
        version = re.search(r"^apiVersion:[ \t]*[\"']?([\w./-]+)", document, re.MULTILINE)
        kind = re.search(r"^kind:[ \t]*[\"']?(\w+)", document, re.MULTILINE)
        if version and kind:
            yield kind[1], version[1]


_NAMED_VERSION = (
    r"""^[ \t]*-[ \t]*name:[ \t]*["']?([\w./-]+)["']?[ \t]*\n(?:[ \t]+\w+:.*\n)*?[ \t]+%s:[ \t]*["']?([^\s"']+)"""
)

_WORKFLOW = (_uses, _keys(r"\w[\w-]*-version|runs-on"), _images)
_KUBERNETES = (_manifests, _images)
_TERRAFORM = (
    _found(r"""["']?(required_version)["']?\s*[=:]\s*"([^"]+)"""),
    _found(r"""^[ \t]*([\w-]+)[ \t]*=[ \t]*\{[^{}]*?\bversion\s*=\s*"([^"]+)"""),
    _found(r"""^[ \t]*((?:module|provider)[ \t]+"[\w-]+")[ \t]*\{[^{}]*?\bversion\s*=\s*"([^"]+)"""),
)

# --- environments --------------------------------------------------------------------------------------

# Names that say an environment wherever they stand as a word, and those that do only where an environment is expected:
# a workflow called test.yml says nothing.
_SURE = "dev|development|qa|uat|stg|staging|preprod|prd|prod|production"
_LIKELY = f"{_SURE}|local|test|testing|stage|preview|sandbox|demo"
_IN_FOLDER = re.compile(
    rf"(?:^|/)(?:environments|envs|overlays|inventories)/(?!(?:group|host)_vars/)([\w.-]+)/|(?:^|/)({_SURE})/",
    re.IGNORECASE,
)


def _in_name(names: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|[./_-])({names})(?=[._-][^/]*$|$)", re.IGNORECASE)


_NAMED_SURE, _NAMED_LIKELY = _in_name(_SURE), _in_name(_LIKELY)
_ENVIRONMENT = (
    _keys("environment"),
    _found(r"""^[ \t-]*(environment):[ \t]*(?:#.*\n|\n|\{)[ \t]*name:[ \t]*["']?([\w.-]+)"""),
)
_NAMESPACE = (_found(rf"""^[ \t]*(namespace):[ \t]*["']?(?:[a-z0-9]+-)*({_LIKELY})\b"""),)
_WORKSPACE = (
    _found(r"""(terraform\.workspace)\s*==\s*"([\w-]+)"""),
    _found(r"""^[ \t]*([Ee]nvironment|env|stage)[ \t]*=[ \t]*"([\w-]+)"[ \t]*$"""),
)
_STAGE = (_keys("stage"),)


# --- what is what --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """Files of one kind. The first rule whose glob and sniff fit a file decides."""

    kind: str
    tool: str
    globs: str
    """Separated by spaces; `globs.py` says how they match."""
    sniff: tuple[str, ...] = ()
    """Regular expressions (`^` is the start of a line) that must all be found in the file."""
    versions: tuple[Extract, ...] = ()
    environments: tuple[Extract, ...] = ()
    named: re.Pattern[str] = _NAMED_SURE
    """How the file's name tells an environment."""

    def reads(self) -> bool:
        """Whether the file has to be opened."""
        return bool(self.sniff or self.versions or self.environments)

    def fits(self, text: str) -> bool:
        return all(_multiline(regex).search(text) for regex in self.sniff)

    def versions_in(self, text: str) -> dict[str, str]:
        """Versions by name; a name stated with several keeps them all, in the file's order."""
        found: dict[str, dict[str, None]] = {}
        for extract in self.versions:
            for name, version in extract(text):
                if len(found) < MAX_VERSIONS or name in found:
                    found.setdefault(name[: 2 * MAX_VERSIONS], {})[version[: 2 * MAX_VERSIONS]] = None
        return {name: ", ".join(versions) for name, versions in found.items()}

    def environments_in(self, path: str, text: str) -> list[str]:
        """Environments that the file's folders, its name and its text tell."""
        folders = [name for groups in _IN_FOLDER.findall(path) for name in groups if name]
        stated = [value for extract in self.environments for _, value in extract(text)]
        return sorted({name.lower() for name in [*folders, *self.named.findall(path), *stated]})


_YAML = "*.{yml,yaml}"
_API = r"^apiVersion:[ \t]*[\"']?"
_KIND = r"^kind:[ \t]*[\"']?\w"

RULES: tuple[Rule, ...] = (
    # Files of variables hold values, secret ones too. First, so that no rule below opens them.
    Rule("env-file", "dotenv", ".env .env[._-]* *.env .envrc", named=_NAMED_LIKELY),
    Rule("terraform", "Terraform", "*.tfvars *.tfvars.json", named=_NAMED_LIKELY),
    Rule("ansible", "Ansible", "**/{group_vars,host_vars}/** **/inventories/**/{hosts,*.ini,*.yml,*.yaml}"),
    # Containers
    Rule("dockerignore", "Docker", ".dockerignore *.dockerignore .containerignore"),
    Rule("dockerfile", "Docker", "{D,d}ockerfile Dockerfile.* *.{D,d}ockerfile", versions=(_dockerfile,)),
    Rule("dockerfile", "Podman", "Containerfile Containerfile.* *.Containerfile", versions=(_dockerfile,)),
    Rule("compose", "Docker Compose", "{docker-,}compose{.*,-*,}.{yml,yaml} docker-stack*.{yml,yaml}",
         versions=(_found(r"""^(version):[ \t]*["']?([\d.]+)"""), _images), named=_NAMED_LIKELY),
    Rule("bake", "Docker Buildx", "docker-bake*.{hcl,json}"),
    Rule("devcontainer", "Dev Containers", "devcontainer.json .devcontainer.json", versions=(_images,)),
    # Continuous integration
    Rule("github-actions", "GitHub Actions", ".github/workflows/*.{yml,yaml}", versions=_WORKFLOW,
         environments=_ENVIRONMENT),
    Rule("github-actions", "GitHub Actions", "action.{yml,yaml}", sniff=(r"^runs:",), versions=_WORKFLOW),
    Rule("github-actions", "Gitea Actions", "{.gitea,.forgejo}/workflows/*.{yml,yaml}", versions=_WORKFLOW,
         environments=_ENVIRONMENT),
    Rule("dependabot", "Dependabot", ".github/dependabot.{yml,yaml}"),
    Rule("renovate", "Renovate", "renovate.json{,5} .renovaterc{,.json,.json5} .github/renovate.json{,5}"),
    Rule("gitlab-ci", "GitLab CI", ".gitlab-ci.{yml,yaml} *.gitlab-ci.{yml,yaml} .gitlab/**/*.{yml,yaml}",
         versions=(_images,), environments=_ENVIRONMENT),
    Rule("circleci", "CircleCI", ".circleci/**/*.{yml,yaml}",
         versions=(_images, _found(r"^[ \t]+[\w-]+:[ \t]*([\w-]+/[\w-]+)@([\w.]+)"))),
    Rule("jenkins", "Jenkins", "Jenkinsfile* *.jenkinsfile", versions=(_images,), environments=_ENVIRONMENT),
    Rule("azure-pipelines", "Azure Pipelines", "azure-pipelines*.{yml,yaml} .azure{-,}pipelines/**/*.{yml,yaml}",
         versions=(_keys("vmImage|versionSpec"), _found(r"^[ \t-]*task:[ \t]*(\w+)@(\d+)")), environments=_ENVIRONMENT),
    Rule("bitbucket-pipelines", "Bitbucket Pipelines", "bitbucket-pipelines.{yml,yaml}", versions=(_images,),
         environments=(_keys("deployment"),)),
    Rule("travis", "Travis CI", ".travis.{yml,yaml}", versions=(_keys("dist|node_js|python|go|rvm|php|jdk"),)),
    Rule("drone", "Drone", ".drone.{yml,yaml,jsonnet,star}", versions=(_images,)),
    Rule("woodpecker", "Woodpecker CI", ".woodpecker.{yml,yaml} .woodpecker/**/*.{yml,yaml}", versions=(_images,)),
    Rule("buildkite", "Buildkite", ".buildkite/**/*.{yml,yaml} buildkite.{yml,yaml}"),
    Rule("cloud-build", "Google Cloud Build", "cloudbuild*.{yml,yaml,json}"),
    Rule("aws-code", "AWS CodeBuild, CodeDeploy", "buildspec*.{yml,yaml} appspec.{yml,yaml}"),
    # Infrastructure as code
    Rule("terraform", "Terraform", "*.tf *.tf.json *.tofu *.tftest.hcl", versions=_TERRAFORM, environments=_WORKSPACE),
    Rule("terraform", "Terraform", ".terraform.lock.hcl",
         versions=(_found(r"""^provider "(?:[^"/]+/)?([^"]+)" \{\s*version\s*=\s*"([^"]+)"""),)),
    Rule("terragrunt", "Terragrunt", "{terragrunt,root,terragrunt.stack}.hcl", sniff=(
        r"^[ \t]*(?:terraform|include|remote_state|inputs|dependency|unit|stack|locals)\b",), versions=_TERRAFORM),
    Rule("packer", "Packer", "*.pkr.{hcl,json}", versions=_TERRAFORM),
    Rule("pulumi", "Pulumi", "Pulumi.{yml,yaml} Pulumi.*.{yml,yaml}", versions=(_keys("runtime"),),
         named=re.compile(r"Pulumi\.([\w-]+)\.ya?ml$")),
    Rule("sam", "AWS SAM", "samconfig.{toml,yaml}"),
    Rule("cdk", "AWS CDK", "cdk.json"),
    Rule("serverless", "Serverless Framework", "serverless*.{yml,yaml,json,ts,js}",
         versions=(_keys("frameworkVersion|runtime"),), environments=_STAGE),
    Rule("ansible", "Ansible", "ansible.cfg ansible-navigator.{yml,yaml} **/roles/*/{tasks,handlers,defaults,vars,meta}"
         "/**/*.{yml,yaml}"),
    Rule("vagrant", "Vagrant", "Vagrantfile"),
    Rule("nomad", "Nomad", "*.nomad *.nomad.hcl"),
    # Kubernetes
    Rule("kustomize", "Kustomize", "kustomization.{yml,yaml} Kustomization", environments=_NAMESPACE,
         versions=(_manifests, _found(_NAMED_VERSION % "newTag"))),
    Rule("helm", "Helm", "Chart.{yml,yaml} Chart.lock", versions=(
        _found(r"""^(version|appVersion|kubeVersion):[ \t]*["']?([^\s"']+)"""), _found(_NAMED_VERSION % "version"))),
    Rule("helm", "Helm", "values*.{yml,yaml} values.schema.json", named=_NAMED_LIKELY, versions=(
        _images, _found(r"""^[ \t]+repository:[ \t]*["']?([\w./-]+)["']?\n[ \t]+tag:[ \t]*["']?([\w.-]+)"""))),
    Rule("helm", "Helm", "**/templates/**/*.{yml,yaml,tpl,txt}",
         sniff=(r"\{\{", r"\.(?:Values|Release|Chart)\b|\{\{-?\s*define\b"), versions=(_manifests,)),
    Rule("helm", "Helmfile", "helmfile.{yml,yaml,yaml.gotmpl}", versions=(_found(_NAMED_VERSION % "version"),)),
    Rule("skaffold", "Skaffold", "skaffold*.{yml,yaml}", versions=(_keys("apiVersion"),)),
    Rule("tilt", "Tilt", "Tiltfile"),
    # Platforms
    Rule("procfile", "Procfile", "Procfile Procfile.*"),
    Rule("fly", "Fly.io", "fly.toml fly.*.toml"),
    Rule("render", "Render", "render.{yml,yaml}", sniff=(r"^(?:services|databases|envVarGroups):",)),
    Rule("railway", "Railway", "railway.{json,toml}"),
    Rule("vercel", "Vercel", "vercel.json"),
    Rule("netlify", "Netlify", "netlify.toml", versions=(_keys("NODE_VERSION"),)),
    Rule("app-engine", "Google App Engine", "app*.{yml,yaml}", sniff=(r"^runtime:",), versions=(_keys("runtime"),)),
    Rule("elastic-beanstalk", "AWS Elastic Beanstalk", ".ebextensions/*.config Dockerrun.aws.json"),
    # Serving
    Rule("nginx", "nginx", "nginx*.conf nginx*.conf.template **/nginx/**/*.{conf,conf.template}"),
    Rule("nginx", "nginx", "*.conf", sniff=(r"^[ \t]*(?:server|http|upstream\s+[\w.-]+)\s*\{",)),
    Rule("caddy", "Caddy", "Caddyfile Caddyfile.* *.Caddyfile"),
    Rule("systemd", "systemd", "*.{service,timer,socket,mount,path}", sniff=(r"^\[(?:Unit|Service|Timer|Socket)\]",)),
    # Watching
    Rule("alertmanager", "Alertmanager", _YAML, sniff=(r"^route:", r"^receivers:")),
    Rule("prometheus", "Prometheus", _YAML, sniff=(r"^(?:scrape_configs|rule_files|alerting):",)),
    Rule("prometheus", "Prometheus", "*.{yml,yaml,rules}", sniff=(
        r"^groups:", r"^[ \t-]*(?:alert|record):", r"^[ \t-]*expr:")),
    Rule("prometheus", "Prometheus", _YAML, sniff=(_API + r"monitoring\.coreos\.com/",), versions=(_manifests,),
         environments=_NAMESPACE),
    Rule("grafana", "Grafana", "**/*{grafana,dashboard}*/**/*.json *{grafana,dashboard}*.json",
         sniff=(r'"panels"\s*:', r'"(?:schemaVersion|templating|gridPos)"\s*:')),
    Rule("grafana", "Grafana", _YAML, sniff=(r"^apiVersion:[ \t]*1\b", r"^(?:datasources|providers):")),
    Rule("otel-collector", "OpenTelemetry Collector", _YAML, sniff=(r"^exporters:", r"^service:")),
    # Cloud templates and manifests, which only their content tells
    Rule("sam", "AWS SAM", "*.{yml,yaml,template}", sniff=(r"AWS::Serverless-",), environments=_STAGE),
    Rule("cloudformation", "CloudFormation",
         "*.{yml,yaml,template,template.json} *{stack,cloudformation,cfn}*.json "
         "**/{cloudformation,cfn,infra,infrastructure,stacks}/**/*.json",
         sniff=(r"""AWSTemplateFormatVersion|^[ \t]+["']?Type["']?[ \t]*:[ \t]*["']?AWS::[A-Z]""",)),
    Rule("argocd", "Argo CD", _YAML, sniff=(
        _API + r"argoproj\.io/", r"^kind:[ \t]*(?:Application|ApplicationSet|AppProject)\b"),
         versions=(_manifests, _keys("targetRevision")), environments=_NAMESPACE),
    Rule("flux", "Flux", _YAML, sniff=(_API + r"\w+\.toolkit\.fluxcd\.io/", _KIND), versions=_KUBERNETES,
         environments=_NAMESPACE),
    Rule("tekton", "Tekton", _YAML, sniff=(_API + r"[\w.]*tekton\.dev/", _KIND), versions=_KUBERNETES,
         environments=_NAMESPACE),
    Rule("kubernetes", "Kubernetes", _YAML, sniff=(_API + r"(?!backstage\.io/)[\w.-]+", _KIND), versions=_KUBERNETES,
         environments=_NAMESPACE),
    Rule("ansible", "Ansible", _YAML, sniff=(
        r"^(?:- |  )hosts:", r"^(?:- |  )(?:tasks|roles|pre_tasks|post_tasks|handlers|become|gather_facts|vars):")),
    Rule("compose", "Docker Compose", _YAML, sniff=(r"^services:[ \t]*$", r"^[ \t]+(?:image|build):"),
         versions=(_images,), named=_NAMED_LIKELY),
    # Around them
    Rule("sops", "SOPS", ".sops.{yml,yaml}"),
    Rule("make", "Make", "{M,m}akefile GNUmakefile"),
    Rule("task-runner", "Task, just", "Taskfile.{yml,yaml} {J,j}ustfile"),
    Rule("pre-commit", "pre-commit", ".pre-commit-config.{yml,yaml}",
         versions=(_found(r"^[ \t-]*repo:[ \t]*\S*?([\w.-]+)/?[ \t]*\n[ \t]+rev:[ \t]*[\"']?([\w.-]+)"),)),
    Rule("policy", "Linters and scanners", ".hadolint.{yml,yaml} .tflint.hcl .checkov.{yml,yaml} .trivyignore "
         "trivy.yaml .gitleaks.toml .yamllint{,.yml,.yaml}"),
    Rule("runbook", "", "{runbook,RUNBOOK,Runbook}*.md docs/**/*runbook*.md **/runbooks/**/*.md"),
)  # fmt: skip


@cache
def _buckets() -> Buckets:
    return Buckets(rule.globs.split() for rule in RULES)


def rules_for(path: str) -> list[Rule]:
    """The rules whose globs match, in their order."""
    return [RULES[position] for position in _buckets().matching(path)]
