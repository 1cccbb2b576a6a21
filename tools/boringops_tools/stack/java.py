"""Java and Kotlin applications: Maven and Gradle; Spring Boot, Quarkus, Ktor and plain jars."""

from __future__ import annotations

import re
from typing import Literal

from boringops_tools.stack import java_build, java_source, make, versions
from boringops_tools.stack.facts import Application, Choice, Claim, Command, Commands, EnvVar, Jvm, Route, Source
from boringops_tools.stack.found import application
from boringops_tools.stack.java_build import Build
from boringops_tools.stack.java_source import JvmFound
from boringops_tools.stack.tree import Tree, folder_of, join

MANIFESTS = ("pom.xml", "build.gradle", "build.gradle.kts")
SETTINGS = ("settings.gradle", "settings.gradle.kts")
Layout = Literal["boot", "quarkus", "jar"]
_FRAMEWORKS = (
    ("quarkus", re.compile(r"^quarkus-(rest|resteasy|vertx-http|reactive-routes)")),
    ("spring-boot", re.compile(r"^spring-boot-starter-(web|webflux|webmvc|jersey|data-rest)$")),
    ("micronaut", re.compile(r"^micronaut-http-server")),
    ("ktor", re.compile(r"^ktor-server-(netty|cio|jetty|tomcat|core)")),
    ("javalin", re.compile(r"^javalin")),
    ("spark", re.compile(r"^spark-core$")),
)
_VERSION_FILES = {
    ".tool-versions": r"^java\s+(?:[a-z-]+)?(\d[\d.]*)",
    ".java-version": r"^(?:[a-z-]+)?(\d[\d.]*)",
    ".sdkmanrc": r"^java\s*=\s*(\d[\d.]*)",
    "system.properties": r"^java\.runtime\.version\s*=\s*(\d[\d.]*)",
}


def detect(tree: Tree, folder: str, nested: list[str]) -> Application:
    """The application that the build file in `folder` makes."""
    build = java_build.read(tree, folder)
    sources = list(tree.below(folder, ".java", ".kt", skip=[] if build.modules else nested))
    found = java_source.read(tree, folder, sources)
    framework, module = _framework(tree, folder, build)
    if module:
        build = build.with_module(java_build.read(tree, join(folder, module)))
    _framework_facts(found, framework, build)
    claims = versions.in_files(tree, folder, _VERSION_FILES, "java") + build.java
    main = found.main
    layout: Layout = "boot" if build.boot else "quarkus" if framework == "quarkus" else "jar"
    reason = ""
    if not framework and found.listens is None:
        reason = "a library or a command: nothing in it listens on a port"
    elif layout == "jar" and not build.runnable:
        reason = "its build makes no jar that runs by itself (no shade, assembly or Spring Boot plugin)"
    elif build.modules and not module and framework:
        reason = "several modules, and which of them is the application is not certain"
    jar = build.jar if layout != "quarkus" else ""
    others = [name for name in tree.named(folder, *MANIFESTS) if name != build.file]
    lost = [
        Choice(fact="package manager", value=build.manager, source=Source(path=join(folder, build.file)),
               lost=[Claim(text=name, source=Source(path=join(folder, name))) for name in others])
    ] if others else []  # fmt: skip
    return application(
        tree,
        folder,
        "java",
        found,
        build.dependencies,
        8080,
        reason,
        name=build.name,
        version=versions.choose("java", [_plain(claim) for claim in claims]),
        manager=build.manager,
        lockfile=None,
        framework=framework or ("http" if found.listens else ""),
        entry=main,
        command=_command(layout),
        choices=lost,
        commands=_commands(tree, folder, build),
        jvm=Jvm(wrapper=build.wrapper, module=module, jar=jar, layout=layout, manifests=build.manifests),
    )


def _plain(claim: Claim) -> Claim:
    """`1.8` is what Java 8 was called."""
    return claim.model_copy(update={"text": re.sub(r"^1\.(\d)$", r"\1", claim.text)})


def _framework(tree: Tree, folder: str, build: Build) -> tuple[str, str]:
    """The web framework, and in which module of a multi-module build it is."""
    for name, pattern in _FRAMEWORKS:
        if any(pattern.match(artifact) for artifact in build.dependencies):
            return name, ""
    having = []
    for module in build.modules:
        other = java_build.read(tree, join(folder, module))
        having += [
            (name, module)
            for name, pattern in _FRAMEWORKS
            if any(pattern.match(artifact) for artifact in other.dependencies) and (other.boot or other.runnable)
        ][:1]
    return having[0] if len(having) == 1 else (having[0][0], "") if having else ("", "")


def _framework_facts(found: JvmFound, framework: str, build: Build) -> None:
    """Health routes and variables that a framework brings along with a dependency."""
    said = found.settings
    dependencies = build.dependencies
    if framework == "spring-boot":
        actuator = dependencies.get("spring-boot-starter-actuator")
        if actuator and "management.server.port" not in said:
            base = said.get("management.endpoints.web.base-path", "/actuator")
            context = said.get("server.servlet.context-path", said.get("spring.webflux.base-path", ""))
            found.routes.append(Route(path=f"{context.rstrip('/')}{base.rstrip('/')}/health", source=actuator))
        client = next(
            (
                dependencies[name]
                for name in ("postgresql", "mysql-connector-j", "mysql-connector-java")
                if name in dependencies
            ),
            None,
        )
        written = said.get("spring.datasource.url", "")
        if (
            client is not None
            and "${" not in written
            and any(
                (name.startswith("spring-boot-starter-") and "jdbc" in name) or "jpa" in name for name in dependencies
            )
        ):
            found.env += [
                EnvVar(
                    name=f"SPRING_DATASOURCE_{part}",
                    sources=[client],
                    secret=part != "USERNAME",
                    required=True,
                    deployed=True,
                )
                for part in ("URL", "USERNAME", "PASSWORD")
            ]
    elif framework == "quarkus" and (health := dependencies.get("quarkus-smallrye-health")):
        found.routes.append(Route(path="/q/health/live", source=health))


def _command(layout: str) -> list[str]:
    if layout == "boot":
        return ["java", "-jar", "app.jar"]
    return ["java", "-jar", "quarkus-run.jar" if layout == "quarkus" else "app.jar"]


def _commands(tree: Tree, folder: str, build: Build) -> Commands:
    source = Source(path=join(folder, build.file))
    tested = any("/src/test/" in f"/{path}" for path in tree.all_below(folder))
    own = make.commands(tree, folder)
    if build.manager == "maven":
        tool = "./mvnw" if build.wrapper else "mvn"
        test, whole = (
            f"{tool} --batch-mode --no-transfer-progress verify",
            f"{tool} --batch-mode --no-transfer-progress package -DskipTests",
        )
    else:
        tool = "./gradlew" if build.wrapper else "gradle"
        test, whole = f"{tool} --no-daemon check", f"{tool} --no-daemon assemble"
    return Commands(
        lint=own.lint,
        test=own.test or ([Command(run=test, source=source)] if tested else []),
        build=[Command(run=whole, source=source)],
    )


def members(tree: Tree) -> set[str]:
    """Folders that are modules of a build above them: they are parts, not applications."""
    found = set()
    for path in tree.own(*MANIFESTS, *SETTINGS):
        folder = folder_of(path)
        found |= {join(folder, module) for module in java_build.read(tree, folder).modules}
    return found
