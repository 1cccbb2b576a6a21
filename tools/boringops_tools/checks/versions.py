"""Versions of a language: what the project demands, what its image brings and what its pipeline tests with."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.images import contexts
from boringops_tools.dockerfile import is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_workflow, is_yaml

# The tag of these images begins with the version; Red Hat's and distroless images have it in their names.
_JAVA_IMAGE = lazy_pattern(
    r"(?:^|/)(?:eclipse-temurin|openjdk|amazoncorretto|ibm-semeru-runtimes):(?:open-)?([1-9]\d?)(?![\d.]*\d{3})\b|/(?:openjdk-|java)([1-9]\d?)(?![\d])"
)
_JAVA = lazy_pattern(
    r"<(?:java\.version|maven\.compiler\.release|maven\.compiler\.target)>\s*(\d+)\s*<|JavaLanguageVersion\.of\((\d+)\)"
)
_JAR = lazy_pattern(r"target/([\w.-]+?)-(\d[\w.]*(?:-SNAPSHOT)?)\.jar")
_ANY_JAR = lazy_pattern(r"(?<![\w-])target/([\w.-]+)\.jar\b")
_SET_UP = lazy_pattern(
    r"(?m)^\s*(?:- )?(?:node-version|nodeVersion|versionSpec)[\"']?\s*:\s*[\"']?(\d+)(?:[.x*\w]*)[\"']?\s*$"
)
_LEAST = lazy_pattern(r"\s*(?:>=|\^|~)?\s*v?(\d+)(?:\.\d+|\.x)*\s*(?:<=?\s*v?\d+[.\d]*)?\s*")


def _near(files: Files, path: str, name: str) -> str | None:
    """The path of a project's file in the folder of a Dockerfile or above it."""
    places = [posixpath.join(place, name) for place in contexts(path)]
    return next((each for each in places if each in files.known), None)


def _go(files: Files, path: str) -> Iterator[Hit]:
    place = _near(files, path, "go.mod")
    wanted = re.search(r"(?m)^go (\d+)\.(\d+)", files.text(place)) if place else None
    for stage in parse(files.text(path)).stages if wanted and "GOTOOLCHAIN=auto" not in files.text(path) else ():
        has = re.search(r"(?:^|/)golang:(\d+)\.(\d+)", stage.image)
        builds = any(
            each.name == "RUN" and re.search(r"\bgo (?:build|install|mod|test)\b", each.value)
            for each in stage.instructions
        )
        if wanted and has and builds and (int(has[1]), int(has[2])) < (int(wanted[1]), int(wanted[2])):
            yield Hit(
                stage.instruction.line,
                f"{place} asks for Go {wanted[1]}.{wanted[2]}, and the image has {has[1]}.{has[2]}",
            )


def _java(files: Files, path: str) -> Iterator[Hit]:
    place = next(
        (each for name in ("pom.xml", "build.gradle", "build.gradle.kts") if (each := _near(files, path, name))), None
    )
    wanted = _JAVA.search(files.text(place)) if place else None
    stages = parse(files.text(path)).stages
    for stage in stages if wanted else ():
        has = _JAVA_IMAGE.search(stage.image)
        least = int((wanted and (wanted[1] or wanted[2])) or 0)
        if has and int(has[1] or has[2]) < least:
            yield Hit(
                stage.instruction.line, f"{place} compiles for Java {least}, and the image has {has[1] or has[2]}"
            )


def _jars(files: Files, path: str) -> Iterator[Hit]:
    """A jar that is copied by another version than the project says it has."""
    place = _near(files, path, "pom.xml")
    text = (
        re.sub(r"(?s)<(parent|dependencies|build|profiles|dependencyManagement)>.*?</\1>", "", files.text(place))
        if place
        else ""
    )
    name, version = (re.search(rf"<{key}>\s*([^<\s]+)\s*</{key}>", text) for key in ("artifactId", "version"))
    whole = files.text(place) if place else ""
    finals = set(re.findall(r"<finalName>\s*([^<\s]+)\s*</finalName>", whole))
    # Plugins that make further jars name them by suffixes of their own.
    plain = (
        not re.search(r"<classifier>|<module>|shade|assembly|quarkus|\$\{", "".join(finals) + whole)
        and len(finals) == 1
    )
    for stage in parse(files.text(path)).stages if plain else ():
        for each in stage.instructions:
            for made in _ANY_JAR.findall(each.value) if each.name in ("COPY", "ADD") else ():
                if made.removesuffix("-plain") not in finals:
                    yield Hit(each.line, f"`target/{made}.jar` is copied; {place} makes `{next(iter(finals))}.jar`")
    if not name or not version or "$" in version[1] or "<finalName>" in whole:
        return
    for stage in parse(files.text(path)).stages:
        for each in stage.instructions:
            for jar in _JAR.finditer(each.value) if each.name in ("COPY", "ADD") else ():
                if jar[1] == name[1] and jar[2] != version[1]:
                    yield Hit(each.line, f"`{jar[0]}` is copied; {place} makes version {version[1]}")


def _engine(files: Files, path: str) -> int | None:
    """The least major version of Node that the package in a folder or above it runs on."""
    place = _near(files, path, "package.json")
    try:
        engines = json.loads(files.text(place)).get("engines", {}) if place else {}
        match = _LEAST.fullmatch(str(engines.get("node", "")))
    except (ValueError, AttributeError, RecursionError):
        return None
    return int(match[1]) if match else None


def _node_images(files: Files, path: str) -> Iterator[Hit]:
    least = _engine(files, path)
    for stage in parse(files.text(path)).stages if least else ():
        has = re.search(r"(?:^|/)node:(\d+)\b", stage.image)
        if has and least and int(has[1]) < least:
            yield Hit(
                stage.instruction.line, f"package.json asks for Node {least} at least, and the image has {has[1]}"
            )


def _node_jobs(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    least = (
        _engine(files, "Dockerfile")
        if _SET_UP.search(text) and len(files.by_name.get("package.json", [])) == 1
        else None
    )
    for match in _SET_UP.finditer(text) if least else ():
        if least and int(match[1]) < least:
            yield Hit(
                text.count("\n", 0, match.start(1)) + 1,
                f"package.json asks for Node {least} at least, and the job has {match[1]}",
            )


def _is_pipeline(path: str) -> bool:
    return is_workflow(path) or (is_yaml(path) and posixpath.basename(path).startswith("azure-pipelines"))


_POM = "<project><parent><version>3.5.0</version></parent><artifactId>a</artifactId><version>1.2.0</version><properties><java.version>21</java.version></properties></project>\n"
_FINAL = (
    "<project><artifactId>a</artifactId><version>1.2.0</version><build><finalName>a</finalName></build></project>\n"
)
_GO = "FROM golang:{} AS b\nRUN go build -o /a .\nFROM scratch\n"
_RUN = "FROM maven:3.9-eclipse-temurin-21 AS b\nRUN mvn package\nFROM eclipse-temurin:{}-jre\nCOPY --from=b /b/target/a-{}.jar a.jar\n"
_NODE = "jobs:\n  a:\n    steps:\n      - uses: actions/setup-node@v6\n        with:\n          node-version: {}\n"
_PACKAGE = '{"name": "a", "engines": {"node": ">=22"}}\n'
_CI = ".github/workflows/ci.yml"

RULES = (
    Rule("consistency/go-version", "error", "The build stops: take an image with the version that go.mod asks for.", "Go toolchains: the official images set GOTOOLCHAIN=local, and an older Go refuses the module.", is_dockerfile, _go,
         bad=({"Dockerfile": _GO.format("1.21"), "go.mod": "module a\n\ngo 1.24\n"},), good=({"Dockerfile": _GO.format("1.24.4"), "go.mod": "module a\n\ngo 1.24\n"}, {"Dockerfile": _GO.format("1.25"), "go.mod": "module a\n\ngo 1.24.0\n"})),
    Rule("consistency/java-version", "error", "It does not start (UnsupportedClassVersionError): run it on the version it is compiled for.", "Java virtual machine specification: a class file of a later version is refused.", is_dockerfile, _java,
         bad=({"Dockerfile": _RUN.format(17, "1.2.0"), "pom.xml": _POM},), good=({"Dockerfile": _RUN.format(21, "1.2.0"), "pom.xml": _POM}, {"Dockerfile": _RUN.format(25, "1.2.0"), "pom.xml": _POM}, {"Dockerfile": "FROM ubi9/openjdk-25-runtime:1.24\n", "pom.xml": _POM}, {"Dockerfile": "FROM devcontainers/java:0-21\n", "pom.xml": _POM})),
    Rule("consistency/jar-version", "error", "The build stops there: copy the jar that is made, or any (target/*.jar).", "Maven: the jar is named artifactId-version.", is_dockerfile, _jars,
         bad=({"Dockerfile": _RUN.format(21, "1.1.0"), "pom.xml": _POM}, {"Dockerfile": _RUN.format(21, "service"), "pom.xml": _FINAL}),
         good=({"Dockerfile": _RUN.format(21, "1.2.0"), "pom.xml": _POM}, {"Dockerfile": _RUN.format(21, "*"), "pom.xml": _POM}, {"Dockerfile": _RUN.format(21, "service"), "pom.xml": _FINAL.replace(">a<", ">a-service<")}, {"Dockerfile": _RUN.format(21, "exec"), "pom.xml": _FINAL.replace("</build>", "<classifier>exec</classifier></build>")})),
    Rule("consistency/node-image", "warning", "Take an image with a version that package.json admits.", "npm, package.json: engines says which versions of Node it runs on.", is_dockerfile, _node_images,
         bad=({"Dockerfile": "FROM node:18\n", "package.json": _PACKAGE},), good=({"Dockerfile": "FROM node:22\n", "package.json": _PACKAGE}, {"Dockerfile": "FROM node:18\n", "package.json": _PACKAGE.replace(">=22", "18 || 20")})),
    Rule("consistency/node-job", "warning", "Test with a version that package.json admits.", "npm, package.json: engines says which versions of Node it runs on.", _is_pipeline, _node_jobs,
         bad=({_CI: _NODE.format(16), "package.json": _PACKAGE},), good=({_CI: _NODE.format("24.x"), "package.json": _PACKAGE}, {_CI: _NODE.format("${{ matrix.node }}"), "package.json": _PACKAGE})),
)  # fmt: skip
