"""Variables that a deployment leaves out or misnames, by what the code reads and by what `.env.example` lists."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from boringops_tools.checks import carriers
from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.deploys import workloads
from boringops_tools.checks.kubernetes import containers, is_whole, named, objects, pod_of
from boringops_tools.checks.terraform_ecs import definitions, is_terraform, resources
from boringops_tools.dockerfile import is_dockerfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import read
from boringops_tools.yaml_files import is_compose, is_yaml

_CODE = (
    ".py",
    ".js",
    ".mjs",
    ".cjs",
    ".ts",
    ".tsx",
    ".go",
    ".java",
    ".kt",
    ".rb",
    ".php",
    ".cs",
    ".rs",
    "application.yml",
    "application.yaml",
    "application.properties",
)
_MOST_SOURCES = 500
# Read in the code's own language, or in Spring's configuration; a second group is a default.
_JAVA_READS = lazy_pattern(
    r"System\.getenv\(\s*\"([A-Z][A-Z0-9_]+)\"\s*\)|@Value\(\s*\"\$\{([A-Z][A-Z0-9_]+)\}\"\s*\)|getProperty\(\s*\"([A-Z][A-Z0-9_]+)\"\s*\)"
)
_SPRING = lazy_pattern(r"\$\{([A-Z][A-Z0-9_]+)\}")
# In Python and Ruby a read by index ends the program where nothing is set; the others give nothing.
_PLAIN_READS = lazy_pattern(
    r"(?:os\.environ|\bENV\.fetch)[\[(][\"'](?P<must>[A-Z][A-Z0-9_]+)[\"'][\])]|"
    r"(?:os\.environ\.get|os\.getenv|getenv|os\.Getenv|os\.LookupEnv|env::var|\bENV)[\[(][\"'](?P<may>[A-Z][A-Z0-9_]+)[\"']"
)
_DEMANDED = lazy_pattern(r"(?<!\$)\$\{([A-Za-z_]\w*):?\?[^}]*\}")
_GIVEN = lazy_pattern(
    r"PORT|HOST|HOME|PATH|USER|TZ|LANG|CI|DEBUG|NODE_ENV|PYTHON\w+|GO[A-Z]*|JAVA_\w+|AWS_\w+|GOOGLE_\w+|POD_\w+|KUBERNETES_\w+|HOSTNAME"
)


def _sources(files: Files) -> list[str]:
    found = [
        each
        for each in files.all
        if each.endswith(_CODE) and not re.search(r"(?:^|/)(?:tests?|spec|__tests__|node_modules|vendor)/", each)
    ]
    return found if len(found) <= _MOST_SOURCES else []


def needed(files: Files) -> dict[str, bool]:
    """Variables that the one application of the repository reads without a default of its own, and whether it fails without."""
    found: dict[str, bool] = files.once(_needed)
    return found


def _needed(files: Files) -> dict[str, bool]:
    apps = files.stack.applications
    if not apps and _one_image(files):
        return _read_plainly(files)
    if len(apps) != 1 or not _sources(files):
        return {}
    found = {}
    for each in apps[0].env:
        read_by = [source.path for source in each.sources if source.path.endswith(_CODE)]
        listed_too = any("env" in posixpath.basename(source.path) for source in each.sources)
        if read_by and (each.required or (each.default is None or listed_too)) and not _GIVEN.fullmatch(each.name):
            found[each.name] = each.required
    for path in _sources(files):
        text = files.text(path)
        if path.endswith((".java", ".kt")):
            found |= {next(name for name in names if name): True for names in _JAVA_READS.findall(text)}
        elif "application" in posixpath.basename(path):
            found |= dict.fromkeys(_SPRING.findall(text), True)
    return {name: must for name, must in found.items() if not _GIVEN.fullmatch(name)}


def _one_image(files: Files) -> bool:
    return sum(is_dockerfile(each) for each in files.all) == 1


def _read_plainly(files: Files) -> dict[str, bool]:
    """The same of a program without a framework or a list of packages, which is the only one that an image is made of."""
    found: dict[str, bool] = {}
    for path in _sources(files):
        for match in _PLAIN_READS.finditer(files.text(path)):
            if name := next((match[key] for key in ("must", "may") if match[key]), ""):
                found[name] = found.get(name, False) or bool(match["must"])
    return {name: must for name, must in found.items() if not _GIVEN.fullmatch(name)}


def _told(files: Files, name: str) -> bool:
    """Whether anything in the code so much as contains the name."""
    return any(
        re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", files.text(each)) for each in _sources(files)
    )


def _meant(name: str, code: Mapping[str, bool], beside: set[str]) -> str:
    """The variable that a name must mean: one with a word more or less, or another at the end, that nothing else sets."""
    words = name.split("_")
    for each in code:
        own = each.split("_")
        short, long = sorted((words, own), key=len)
        # A word more at one end, or between: RATES_CURRENCY for RATES_BASE_CURRENCY.
        longer = len(short) >= 2 and any(short == long[:at] + long[at + 1 :] for at in range(len(long)))
        other = len(words) == len(own) >= 2 and words[:-1] == own[:-1] and len("".join(words[:-1])) >= 4
        squeezed = "".join(words) == "".join(own)
        if (longer or other or squeezed) and each != name and each not in beside:
            return each
    return ""


def _own(files: Files) -> bool:
    """Whether the repository has one application and runs one container, which is then the application's."""
    apps = len(files.stack.applications)
    return (apps == 1 or (apps == 0 and _one_image(files))) and len(workloads(files)) == 1


def _pods(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        found = list(containers(pod_of(thing))) if is_whole(thing) else []
        entries = [each for each in listed(found[0].get("env")) if isinstance(each, Mapping)] if len(found) == 1 else []
        beside = {str(each.get("name")) for each in entries}
        code = needed(files) if beside else {}
        if not code or not _own(files) or (not beside & set(code) and len(beside) < 2 and "envFrom" in found[0]):
            continue
        # What is known of a container by more than its being alone is told where all carriers are.
        carried = bool(carriers.of(files, path))
        told: set[str] = set()
        for each in entries:
            name = str(each.get("name"))
            meant = "" if name in code or _told(files, name) else _meant(name, code, beside)
            if meant and not (carried and code[meant]):
                told.add(meant)
                yield Hit(at((each, "name")), f"{named(thing)}: `{name}` is read nowhere; the code reads `{meant}`")
        lost = sorted(name for name, must in code.items() if must and name not in beside and name not in told)
        mounted = "volumeMounts" in found[0] and ".env" in str(found[0])
        if lost and not carried and "envFrom" not in found[0] and beside & set(code) and not mounted:
            yield Hit(
                at((found[0], "env")),
                f"{named(thing)} does not set {', '.join(f'`{each}`' for each in lost[:5])}, which the code needs",
            )


def _generated(files: Files, path: str) -> Iterator[Hit]:
    """Literals of a Kustomization's ConfigMap that the code reads under another name."""
    for document in files.documents(path)[:1]:
        for generator in listed(mapping(document).get("configMapGenerator")):
            literals = listed(mapping(generator).get("literals"))
            beside = {str(each).partition("=")[0] for each in literals}
            set_by_pod = {
                str(mapping(each).get("name"))
                for one in workloads(files)
                for c in containers(pod_of(one))
                for each in listed(c.get("env"))
            }
            for position, literal in enumerate(literals if _own(files) else []):
                name = str(literal).partition("=")[0]
                code = needed(files)
                meant = "" if name in code or _told(files, name) else _meant(name, code, beside | set_by_pod)
                if meant:
                    yield Hit(at((literals, position)), f"`{name}` is read nowhere; the code reads `{meant}`")


def _tasks(files: Files, path: str) -> Iterator[Hit]:
    for task in resources(read(files.text(path)), "aws_ecs_task_definition"):
        found = definitions(task) or []
        code = needed(files) if len(found) == 1 else {}
        entries = [each for key in ("environment", "secrets") for each in listed(found[0].get(key))] if code else []
        names = [each.get("name") for each in entries if isinstance(each, Mapping)]
        if not names or not all(isinstance(each, str) for each in names):
            continue
        for name in names:
            if (
                name not in code
                and not _told(files, str(name))
                and (meant := _meant(str(name), code, set(map(str, names))))
            ):
                yield Hit(
                    task.line_of("container_definitions"),
                    f"the task sets `{name}`, which is read nowhere; the code reads `{meant}`",
                )


def _examples(files: Files, path: str) -> Iterator[Hit]:
    """Variables that Compose demands and no example of an `.env` lists; an application of its own may have its own."""
    folder = posixpath.dirname(path)
    every = [
        each
        for name in (".env.example", ".env.sample", ".env.template", ".env.dist")
        for each in files.by_name.get(name, ())
    ]
    examples = [each for each in every if posixpath.dirname(each) == folder]
    listed = "\n".join(files.text(each) for each in every if examples)
    known = set(re.findall(r"(?m)^\s*#?\s*(?:export\s+)?([A-Za-z_]\w*)\s*=", listed))
    for number, line in enumerate(files.text(path).splitlines() if known else [], 1):
        for name in _DEMANDED.findall(line.split(" #")[0]):
            if name not in known:
                known.add(name)
                yield Hit(number, f"`{name}` has to be set, and {examples[0]} does not list it")


def _documents(files: Files, path: str) -> Iterator[Hit]:
    """Rows of a table of variables that name one which nothing but the table knows."""
    text = files.text(path)
    for number, line in enumerate(text.splitlines() if "|" in text else (), 1):
        row = re.match(r"\s*\|\s*`([A-Z][A-Z0-9_]{3,})`\s*\|", line)
        code = needed(files) if row else {}
        if row is None or not code or row[1] in code:
            continue
        whole = re.compile(rf"(?<![A-Za-z0-9_]){row[1]}(?![A-Za-z0-9_])")
        known = any(whole.search(files.text(each)) for each in files.all[:400] if each != path)
        if not known and (meant := _meant(row[1], code, set(re.findall(r"[A-Z][A-Z0-9_]+", text)))):
            yield Hit(number, f"`{row[1]}` is read nowhere; the code reads `{meant}`")


_APP = {
    "app.py": "import os\nfrom flask import Flask\napp = Flask(__name__)\nURL = os.environ['SHOP_DATABASE_URL']\nKEY = os.environ['SHOP_KEY']\n",
    "requirements.txt": "flask==3.1.2\ngunicorn==23.0.0\n",
}
_PLAIN = {"app/main.py": "import os\nX = os.environ['RATES_CURRENCY']\n", "Dockerfile": "FROM a:1\n"}
_P = (
    "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: 'a/b:1', env: [{}]}}]}}\n"
)
_KEY, _URL = "{name: SHOP_KEY, value: a}", "{name: SHOP_DATABASE_URL, value: a}"
_T = 'resource "aws_ecs_task_definition" "a" {{\n  container_definitions = jsonencode([{{ name = "a", environment = [{{ name = "{}", value = "a" }}] }}])\n}}\n'
_K = "configMapGenerator: [{{name: a, literals: [{}=a]}}]\n"
_C = "services:\n  a:\n    image: a:1\n    environment: {{A: '${{{}}}'}}\n"

RULES = (
    Rule("consistency/pod-variables", "warning", "Set every variable the code needs, under the name it reads.", "A variable that nothing reads has no effect, and one that is read and not set ends the program.", is_yaml, _pods,
         bad=({**_PLAIN, "k8s/a.yaml": _P.format("{name: RATES_BASE_CURRENCY, value: a}, {name: GREETING, value: a}")}, {**_APP, "k8s/a.yaml": _P.format(f"{_KEY}, {{name: DATABASE_URL, value: a}}")}, {**_APP, "k8s/a.yaml": _P.format(_KEY)}),
         good=({**_PLAIN, "k8s/a.yaml": _P.format("{name: RATES_CURRENCY, value: a}, {name: GREETING, value: a}")}, {**_PLAIN, "b/Dockerfile": "FROM a:1\n", "k8s/a.yaml": _P.format("{name: RATES_BASE_CURRENCY, value: a}")}, {**_APP, "k8s/a.yaml": _P.format(f"{_KEY}, {_URL}")}, {**_APP, "k8s/a.yaml": _P.format("{name: GREETING, value: a}")}, {**_APP, "k8s/a.yaml": _P.format(f"{_KEY}]" + ", envFrom: [{secretRef: {name: a}}")}, {"k8s/a.yaml": _P.format(_KEY)})),
    Rule("consistency/map-variables", "warning", "Set the variable under the name the code reads.", "A variable that nothing reads has no effect.", lambda path: posixpath.basename(path) in ("kustomization.yaml", "kustomization.yml"), _generated,
         bad=({**_APP, "k8s/a.yaml": _P.format(_KEY), "k8s/kustomization.yaml": _K.format("SHOP_DATABASE")},), good=({**_APP, "k8s/a.yaml": _P.format(_KEY), "k8s/kustomization.yaml": _K.format("SHOP_DATABASE_URL")}, {**_APP, "k8s/a.yaml": _P.format(_KEY), "k8s/kustomization.yaml": _K.format("OTHER")})),
    Rule("consistency/task-variables", "warning", "Set the variable under the name the code reads.", "A variable that nothing reads has no effect.", is_terraform, _tasks,
         bad=({**_APP, "main.tf": _T.format("SHOP_DATABASE_HOST")},), good=({**_APP, "main.tf": _T.format("SHOP_DATABASE_URL")}, {**_APP, "main.tf": _T.format("GREETING")})),
    Rule("consistency/document-variable", "warning", "Document the variable under the name the code reads.", "A variable that nothing reads has no effect.", lambda path: posixpath.basename(path).lower() == "readme.md", _documents,
         bad=({**_APP, "README.md": "| variable | |\n|---|---|\n| `SHOP_DATABASE` | where |\n"},), good=({**_APP, "README.md": "| `SHOP_DATABASE_URL` | where |\n| `GREETING` | what |\n"}, {"README.md": "| `SHOP_DATABASE` | where |\n"})),
    Rule("env/compose-demands", "warning", "List what has to be set: who starts it copies the example.", "Docker Compose, interpolation: ${NAME:?} ends with an error where it is not set.", is_compose, _examples,
         bad=({"compose.yaml": _C.format("DB_PASSWORD:?"), ".env.example": "DATABASE_PASSWORD=\n"},), good=({"compose.yaml": _C.format("DB_PASSWORD:?set it"), ".env.example": "DB_PASSWORD=\n"}, {"compose.yaml": _C.format("DB_PASSWORD:?"), ".env.example": "A=\n", "apps/web/.env.example": "DB_PASSWORD=\n"}, {"compose.yaml": _C.format("A:-b"), ".env.example": "B=\n"}, {"compose.yaml": _C.format("A:?")})),
)  # fmt: skip
