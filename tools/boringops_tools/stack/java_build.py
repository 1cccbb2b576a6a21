"""Build files of Java and Kotlin: pom.xml by an XML parser, Gradle's scripts by their text without comments."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from xml.etree import ElementTree

from boringops_tools.stack.facts import Claim, Source
from boringops_tools.stack.tree import Tree, join

_GRADLE_COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\')|//[^\n]*|/\*.*?\*/', re.DOTALL)
_COORDINATE = re.compile(r"""["']([\w.-]+):([\w.-]+)(?::[^"']*)?["']""")
_GRADLE_JAVA = (
    r"JavaLanguageVersion\.of\((\d+)\)",
    r"jvmToolchain\s*\(?\s*(\d+)",
    r"(?:options\.)?release(?:\.set\(|\s*=\s*)(\d+)",
    r"(?:source|target)Compatibility\s*=?\s*(?:JavaVersion\.VERSION_|['\"]?)(?:1[._])?(\d+)",
)


@dataclass
class Build:
    manager: str = ""
    file: str = ""
    name: str = ""
    dependencies: dict[str, Source] = field(default_factory=dict)
    """By artifact."""
    java: list[Claim] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    boot: bool = False
    layered: bool = True
    """Its Spring Boot takes the jar apart into layers."""
    runnable: bool = False
    """The build makes a jar that `java -jar` starts."""
    jar: str = ""
    wrapper: bool = False
    whole: bool = True
    """It builds without another build file of the repository that it takes its settings from."""
    manifests: list[str] = field(default_factory=list)

    def with_module(self, module: Build) -> Build:
        return replace(
            self,
            name=module.name or self.name,
            dependencies={**self.dependencies, **module.dependencies},
            java=module.java or self.java,
            boot=module.boot or (self.boot and not module.runnable),
            runnable=module.runnable,
            jar=module.jar,
        )


def read(tree: Tree, folder: str) -> Build:
    """What the build file in `folder` says, read once; Maven's before Gradle's, unless only Gradle has a wrapper."""
    known: dict[str, Build] = tree.memo.setdefault("java builds", {})
    if folder not in known:
        known[folder] = _read(tree, folder)
    return known[folder]


def _read(tree: Tree, folder: str) -> Build:
    maven = bool(tree.named(folder, "pom.xml"))
    if maven and not (tree.named(folder, "gradlew") and not tree.named(folder, "mvnw")):
        return _maven(tree, folder)
    return _gradle(tree, folder)


# --- Maven ------------------------------------------------------------------------------------------


def _maven(tree: Tree, folder: str) -> Build:
    path = join(folder, "pom.xml")
    project = _xml(tree.text(path))
    build = Build(manager="maven", file="pom.xml", wrapper=bool(tree.named(folder, "mvnw")))
    build.manifests = ["pom.xml", *(["mvnw", ".mvn"] if build.wrapper else [])]
    if project is None:
        return build
    properties = {element.tag: (element.text or "").strip() for element in _children(project, "properties")}

    def said(text: str | None) -> str:
        return re.sub(r"\$\{([\w.-]+)\}", lambda found: properties.get(found[1], found[0]), (text or "").strip())

    build.name = said(project.findtext("artifactId"))
    build.modules = [said(element.text) for element in _children(project, "modules")]
    build.whole = not _parent(tree, folder, project)
    for dependency in [*_children(project, "dependencies")]:
        artifact = said(dependency.findtext("artifactId"))
        if artifact and dependency.findtext("scope") != "test":
            build.dependencies[artifact] = Source(path=path, line=tree.line(path, f"<artifactId>{artifact}<"))
    plugins = {said(plugin.findtext("artifactId")): plugin for plugin in project.iterfind("build/plugins/plugin")}
    build.boot = "spring-boot-maven-plugin" in plugins
    starter = said(project.findtext("parent/artifactId")) == "spring-boot-starter-parent"
    stated = project.findtext("parent/version") if starter else properties.get("spring-boot.version")
    build.layered = not _older(said(stated))
    shading = {"maven-shade-plugin", "maven-assembly-plugin"} & plugins.keys()
    build.runnable = build.boot or "quarkus-maven-plugin" in plugins or bool(shading)
    for key in ("maven.compiler.release", "java.version", "maven.compiler.target", "maven.compiler.source"):
        if key in properties:
            build.java.append(
                Claim(text=said(properties[key]), source=Source(path=path, line=tree.line(path, f"<{key}>")))
            )
    compiler = plugins.get("maven-compiler-plugin")
    for key in ("release", "target", "source"):
        if compiler is not None and (value := said(compiler.findtext(f"configuration/{key}"))):
            build.java.append(Claim(text=value, source=Source(path=path, line=tree.line(path, f"<{key}>"))))
    version = said(project.findtext("version") or project.findtext("parent/version"))
    final = said(project.findtext("build/finalName")) or f"{build.name}-{version}"
    build.jar = f"target/{final}.jar" if "${" not in final else "target/*.jar"
    return build


def _parent(tree: Tree, folder: str, project: ElementTree.Element) -> bool:
    """Whether the project takes settings from another pom.xml of the repository."""
    parent = project.find("parent")
    if parent is None:
        return False
    place = parent.find("relativePath")
    named = "../pom.xml" if place is None else (place.text or "").strip()
    above = posixpath.normpath(join(folder, named))
    return bool(named) and bool({above, join(above, "pom.xml")} & set(tree.own("pom.xml")))


def _older(version: str | None) -> bool:
    """Whether a Spring Boot cannot take its jar apart yet (`-Djarmode=tools` came with 3.3)."""
    numbers = re.match(r"(\d+)\.(\d+)", version or "")
    return numbers is not None and (int(numbers[1]), int(numbers[2])) < (3, 3)


def _xml(text: str) -> ElementTree.Element | None:
    """The root of an XML document without its namespaces; None where it is broken or defines entities of its own."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        root = ElementTree.fromstring(text.encode())  # noqa: S314 - no entities: they are refused above
    except ElementTree.ParseError:
        return None
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    return root


xml = _xml


def _children(project: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    holder = project.find(name)
    yield from (child for child in (holder if holder is not None else []) if isinstance(child.tag, str))


# --- Gradle -----------------------------------------------------------------------------------------


def _gradle(tree: Tree, folder: str) -> Build:
    file = next(iter(tree.named(folder, "build.gradle.kts", "build.gradle")), "build.gradle")
    path = join(folder, file)
    text = _script(tree.text(path))
    settings = next(iter(tree.named(folder, "settings.gradle.kts", "settings.gradle")), "")
    setting = _script(tree.text(join(folder, settings))) if settings else ""
    catalog = tree.toml(join(folder, "gradle/libs.versions.toml"))
    build = Build(manager="gradle", file=file, wrapper=bool(tree.named(folder, "gradlew")), whole=bool(settings))
    build.manifests = [
        *tree.named(folder, "settings.gradle", "settings.gradle.kts", "gradle.properties", file),
        *(["gradlew", "gradle"] if build.wrapper else []),
    ]
    build.name = next(iter(re.findall(r"rootProject\.name\s*=\s*[\"']([^\"']+)", setting)), "")
    included = re.findall(r"\binclude\b\s*\(?((?:\s*[\"'][^\"']+[\"']\s*,?)+)", setting)
    build.modules = [
        name.strip(":").replace(":", "/") for group in included for name in re.findall(r"[\"']([^\"']+)", group)
    ]
    for artifact in [found[2] for found in _COORDINATE.finditer(text)] + _aliases(text, catalog):
        build.dependencies.setdefault(artifact, Source(path=path, line=tree.line(path, artifact)))
    plugins = set(re.findall(r"(?:\bid\b\s*\(?\s*|apply plugin:\s*)[\"']([\w.-]+)", text))
    plugins |= set(re.findall(r"alias\s*\(\s*libs\.plugins\.([\w.]+)", text))
    build.boot = any(re.search(r"org\.springframework\.boot|spring\.?boot", name, re.IGNORECASE) for name in plugins)
    build.layered = not _older(
        next(iter(re.findall(r"org\.springframework\.boot[\"']\)?\s+version\s*\(?[\"']([\d.]+)", text)), None)
    )
    shadow = any(re.search(r"shadow", name) for name in plugins)
    build.runnable = build.boot or shadow or "io.quarkus" in plugins or any("ktor.plugin" in name for name in plugins)
    build.jar = "build/libs/*-all.jar" if shadow or any("ktor" in name for name in plugins) else "build/libs/*.jar"
    for pattern in _GRADLE_JAVA:
        for found in re.finditer(pattern, text):
            build.java.append(Claim(text=found[1], source=Source(path=path, line=tree.line(path, found[0]))))
    return build


def _script(text: str) -> str:
    return _GRADLE_COMMENT.sub(lambda found: found[1] or " ", text)


def _aliases(text: str, catalog: dict[str, object]) -> list[str]:
    """Artifacts behind `libs.some.name` of the version catalog."""
    libraries = catalog.get("libraries")
    found = []
    for key, value in libraries.items() if isinstance(libraries, dict) else []:
        module = value.get("module") or value.get("name") if isinstance(value, dict) else value
        if isinstance(module, str) and re.search(rf"\blibs\.{re.escape(re.sub(r'[-_]', '.', key))}\b", text):
            found.append(module.split(":")[1] if ":" in module else module)
    return found
