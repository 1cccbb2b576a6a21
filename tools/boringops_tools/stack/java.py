"""Java and Kotlin applications: Maven and Gradle; Spring Boot, Quarkus, Ktor and plain jars."""

from __future__ import annotations

import re
from typing import Literal

from boringops_tools.stack import java_build, java_source, make, versions
from boringops_tools.stack.facts import (
    Application,
    Choice,
    Claim,
    Command,
    Commands,
    EnvVar,
    Jvm,
    Route,
    Source,
    Workspace,
)
from boringops_tools.stack.found import application, inner
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
    top = _tops(tree).get(folder, folder)
    build = java_build.read(tree, top)
    shared = [] if top == folder else [join(top, name) for name in build.modules if join(top, name) not in _tops(tree)]
    parts = [folder, *shared]
    sources = [
        path for part in parts for path in tree.below(part, ".java", ".kt", skip=[] if build.modules else nested)
    ]
    found = java_source.read(tree, folder, sources)
    framework, module, several = _framework(tree, top, build)
    if top != folder:
        module = inner(top, folder)
        framework, several = {name: kind for kind, name in _serving(tree, top, build)}[module], []
    if module:
        build = build.with_module(java_build.read(tree, join(top, module)))
    _framework_facts(found, framework, build)
    claims = versions.in_files(tree, folder, _VERSION_FILES, "java") + build.java
    main = found.main
    layout: Layout = "boot" if build.boot else "quarkus" if framework == "quarkus" else "jar"
    reason = ""
    if not framework and found.listens is None:
        reason = "a library or a command: nothing in it listens on a port"
    elif layout == "jar" and not build.runnable:
        reason = "its build makes no jar that runs by itself (no shade, assembly or Spring Boot plugin)"
    elif several:
        reason = f"a build of several applications ({', '.join(several)}), each of them one by itself"
    elif build.modules and not module and framework:
        reason = "several modules, and which of them is the application is not certain"
    jar = build.jar if layout != "quarkus" else ""
    others = [name for name in tree.named(top, *MANIFESTS) if name != build.file]
    lost = [
        Choice(fact="package manager", value=build.manager, source=Source(path=join(top, build.file)),
               lost=[Claim(text=name, source=Source(path=join(top, name))) for name in others])
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
        commands=_commands(tree, folder, build) if top == folder else _of_module(top, build, module),
        workspace=Workspace(root=top, folders=[module]) if top != folder else None,
        jvm=Jvm(
            wrapper=build.wrapper,
            module=module,
            jar=jar,
            layout=layout,
            layered=build.layered,
            manifests=build.manifests,
        ),
    )


def _plain(claim: Claim) -> Claim:
    """`1.8` is what Java 8 was called."""
    return claim.model_copy(update={"text": re.sub(r"^1\.(\d)$", r"\1", claim.text)})


def _framework(tree: Tree, folder: str, build: Build) -> tuple[str, str, list[str]]:
    """The web framework, in which module of a multi-module build it is, and the modules where it is in several."""
    for name, pattern in _FRAMEWORKS:
        if any(pattern.match(artifact) for artifact in build.dependencies):
            return name, "", []
    having = _serving(tree, folder, build)
    if len(having) == 1:
        return *having[0], []
    return (having[0][0] if having else "", "", [module for _, module in having])


def _serving(tree: Tree, folder: str, build: Build) -> list[tuple[str, str]]:
    """(framework, module) of every module that makes an application of its own."""
    having = []
    for module in build.modules:
        other = java_build.read(tree, join(folder, module))
        having += [
            (name, module)
            for name, pattern in _FRAMEWORKS
            if any(pattern.match(artifact) for artifact in other.dependencies)
            and (other.boot or other.runnable)
            and not other.modules
        ][:1]
    return having


def _tops(tree: Tree) -> dict[str, str]:
    """Folder of each module that is one application among several, to the folder of the build above it."""
    if "java" not in tree.memo:
        found: dict[str, str] = {}
        for folder in sorted({folder_of(path) for path in tree.own(*MANIFESTS, *SETTINGS)}):
            build = java_build.read(tree, folder)
            serving = [join(folder, module) for _, module in _serving(tree, folder, build)]
            if len(serving) > 1:
                found |= {module: folder for module in serving if not java_build.read(tree, module).whole}
        tree.memo["java"] = found
    known: dict[str, str] = tree.memo["java"]
    return known


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
        root = said.get("quarkus.http.root-path", "").strip("/")
        aside = said.get("quarkus.http.non-application-root-path", "q")
        if said.get("quarkus.management.enabled") != "true":  # which answers at a port of its own
            base = aside if aside.startswith("/") else f"{root}/{aside}"
            found.routes.append(Route(path=f"/{base.strip('/')}/health/live", source=health))


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


def _of_module(top: str, build: Build, module: str) -> Commands:
    """How one module is built; the whole build's tests are those of the folder above."""
    back = "/".join([".."] * (module.count("/") + 1))
    if build.manager == "maven":
        tool = "./mvnw" if build.wrapper else "mvn"
        run = f"{tool} --batch-mode --no-transfer-progress package -DskipTests --projects {module} --also-make"
    else:
        run = f"{'./gradlew' if build.wrapper else 'gradle'} --no-daemon :{module.replace('/', ':')}:assemble"
    return Commands(build=[Command(run=f"cd {back} && {run}", source=Source(path=join(top, build.file)))])


def members(tree: Tree) -> set[str]:
    """Folders that are no applications: modules of a build above them, and builds of nothing but whole ones."""
    found = set()
    for folder in {folder_of(path) for path in tree.own(*MANIFESTS, *SETTINGS)}:
        modules = [join(folder, module) for module in java_build.read(tree, folder).modules]
        serving = {join(folder, module) for _, module in _serving(tree, folder, java_build.read(tree, folder))}
        alone = {module for module in serving if len(serving) > 1 and java_build.read(tree, module).whole}
        found |= set(modules) - alone - _tops(tree).keys()
        found |= {folder} if alone and alone == serving else set()
    return found
