"""What one file says against another: the port an image listens on, and the path its health is asked at.

The application itself is known by `stack.detect`; where it was not recognised, nothing is said."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, scalar, text_of
from boringops_tools.checks.compose import container_ports
from boringops_tools.checks.images import command_port, started
from boringops_tools.checks.kubernetes import containers, is_whole, named, objects, port_names, selected
from boringops_tools.checks.kubernetes_together import shares_space, together
from boringops_tools.checks.service_env import may_tell_port
from boringops_tools.dockerfile import Stage, assignments, is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose, is_workflow, is_yaml, walk

if TYPE_CHECKING:
    from boringops_tools.stack import Application

_URL = lazy_pattern(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::\d+|:\$\{?\w+\}?)?(/[\w./-]*)")
_SOURCES = (
    ".py",
    ".js",
    ".ts",
    ".mjs",
    ".cjs",
    ".jsx",
    ".tsx",
    ".go",
    ".html",
    ".conf",
    ".json",
    ".toml",
    ".yml",
    ".yaml",
)
_MOST_SOURCES = 2000
_BUILDS = lazy_pattern(r"(?:^|/)(?:pom\.xml|build\.gradle(?:\.kts)?)$|\.versions\.toml$")


def services(files: Files, path: str) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    for document in files.documents(path)[:1]:
        for name, service in mapping(document, "services").items():
            yield str(name), mapping(service)


def built_from(files: Files, path: str, service: Mapping[Any, Any]) -> tuple[str, str, str] | None:
    """(context, Dockerfile, target) of a service that is built from this repository."""
    build = service.get("build")
    context = build.get("context", ".") if isinstance(build, Mapping) else build
    more: Mapping[Any, Any] = build if isinstance(build, Mapping) else {}
    name, target = more.get("dockerfile", "Dockerfile"), more.get("target", "")
    if not all(isinstance(each, str) and "$" not in each and ":" not in each for each in (context, name, target)):
        return None
    folder = posixpath.normpath(posixpath.join(PurePosixPath(path).parent.as_posix(), str(context)))
    place = posixpath.normpath(posixpath.join(folder, str(name)))
    return None if place.startswith("..") or files.file(place) is None else (folder, place, str(target))


def lineage(files: Files, dockerfile: str, target: str = "") -> list[Stage]:
    """The stages that make the image, nearest first."""
    file = parse(files.text(dockerfile))
    chosen = [each for each in file.stages if each.alias == target.lower()] if target else file.stages
    return file.lineage(chosen[-1]) if chosen else []


def _exposed(stages: list[Stage]) -> set[int] | None:
    """The ports of EXPOSE; null where there are none or they are not written out."""
    words = [
        word for stage in stages for each in stage.instructions if each.name == "EXPOSE" for word in each.value.split()
    ]
    ports = {re.sub(r"/(?:tcp|udp)$", "", word) for word in words}
    return {int(port) for port in ports} if ports and all(port.isdigit() for port in ports) else None


def _mentions(stages: list[Stage], port: int, names: tuple[str, ...] = ("CMD", "ENTRYPOINT", "ENV", "ARG")) -> bool:
    return any(
        re.search(rf"(?<!\d){port}(?!\d)", each.value)
        for stage in stages for each in stage.instructions if each.name in names
    )  # fmt: skip


def application(files: Files, folder: str) -> Application | None:
    """The one application that lives in a folder, or in one below it where the repository has no other application and image."""
    found = [each for each in files.stack.applications if (each.folder or ".") == (folder or ".")]
    if len(found) == 1 and found[0].deployable:
        return found[0]
    deployed = files.stack.deployable if not any(each.deployable for each in found) else []
    inside = [each for each in deployed if folder in ("", ".") or f"{each.folder}/".startswith(f"{folder}/")]
    return inside[0] if len(inside) == len(deployed) == len(_dockerfiles(files)) == 1 else None


def _compose_ports(files: Files, path: str) -> Iterator[Hit]:
    for name, service in services(files, path):
        built = built_from(files, path, service)
        if built is None or {"command", "entrypoint", "extends", "expose"} & set(service):
            continue
        stages = lineage(files, built[1], built[2])
        exposed = _exposed(stages)
        for port, line in container_ports(service):
            told = (
                str(port) in str(service.get("environment"))
                or may_tell_port(files, path, service, port)
                or _mentions(stages, port)
            )
            if exposed is not None and port not in exposed and not told:
                yield Hit(
                    line,
                    f"service `{name}` publishes port {port} of its container; {built[1]} exposes {_listed(exposed)}",
                )


def _listed(ports: set[int]) -> str:
    return ", ".join(map(str, sorted(ports)))


def _app_ports(files: Files, path: str) -> Iterator[Hit]:
    stages = lineage(files, path)
    exposed = _exposed(stages)
    if exposed is None or not any(each.last("CMD") or each.last("ENTRYPOINT") for each in stages):
        return
    app = application(files, PurePosixPath(path).parent.as_posix())
    if (
        app is None
        or app.port is None
        or app.port_source is None
        or app.port_source.path == path
        or app.port in exposed
    ):
        return
    started = " ".join(each.value for stage in stages for each in (stage.last("CMD"), stage.last("ENTRYPOINT")) if each)
    runs_it = "npm start" in started or any(
        word in started for word in app.command[1:] if re.match(r"[a-z].*[.:]", word)
    )
    # A compiled program is what its image is built for, where there is no other.
    runs_it = runs_it or (
        app.language in ("go", "rust") and len(files.stack.applications) == 1 and len(_dockerfiles(files)) == 1
    )
    words = ("CMD", "ENTRYPOINT", "ARG")
    sets = " ".join(
        each.value
        for stage in stages
        for each in stage.instructions
        if each.name == "ENV" and _is_read(files, app, each.value)
    )
    told = any(_mentions(stages, port, words) or re.search(rf"(?<!\d){port}(?!\d)", sets) for port in exposed)
    if runs_it and not told:
        line = next(each.line for stage in stages for each in stage.instructions if each.name == "EXPOSE")
        yield Hit(
            line, f"the image exposes {_listed(exposed)}, and the application listens on {app.port} ({app.port_source})"
        )


def _is_read(files: Files, app: Application, value: str) -> bool:
    """Whether anything of an application reads one of the variables that ENV sets there, or may do so without their names."""
    prefix = f"{app.folder}/" if app.folder else ""
    sources = [each for each in files.all if each.startswith(prefix) and each.endswith(_SOURCES) and not is_yaml(each)]
    names = list(assignments(value))
    return (
        app.language not in ("node", "go")
        or len(sources) > _MOST_SOURCES
        or any(name in files.text(each) for each in sources for name in names)
    )


def _service_ports(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        if thing["kind"] != "Service":
            continue
        here = together(files, path)
        pods = [each for each in selected(thing, here) if is_whole(each) and shares_space(thing, each)]
        declared = {
            scalar(port.get("containerPort"))
            for pod in pods for each in containers(mapping(pod, "spec", "template") or pod) for port in listed(each.get("ports")) if isinstance(port, Mapping)
        }  # fmt: skip
        ports = [mapping(port) for port in listed(mapping(thing, "spec").get("ports"))]
        names = {name for pod in pods for name in port_names(pod) if name}
        targets = [port.get("targetPort", port.get("port")) for port in ports]
        reached = any(isinstance(each, int | str) and each in declared | names for each in targets)
        for port in ports:
            target = port.get("targetPort", port.get("port"))
            # A port need not be declared: metrics often are not, beside one that is.
            if reached and text_of(port.get("name")) not in names:
                continue
            if len(pods) == 1 and declared and isinstance(target, int) and target not in declared:
                key = "targetPort" if "targetPort" in port else "port"
                yield Hit(
                    at((port, key)),
                    f"{named(thing)} sends to port {target}; {named(pods[0])} has {', '.join(map(str, sorted(map(str, declared))))}",
                )


# --- health -----------------------------------------------------------------------------------------------------------


def unanswered(files: Files, app: Application | None, probed: str) -> str:
    """Why a probed path is surely none of an application's; empty where it may be one.

    That the application has another health route shows that its routes could be read; that none of its files so much as
    contains the name shows that no library was told to answer there either."""
    if app is None or app.health is None or app.health.path.rstrip("/") == probed.rstrip("/") or probed == "/":
        return ""
    if any(f"`{probed}`" in remark for remark in app.remarks):
        return ""
    if _BUILDS.search(app.health.source.path) and (
        probed.startswith(f"{app.health.path.rstrip('/')}/") or probed in ("/livez", "/readyz")
    ):
        return ""  # Spring Boot's actuator: its groups and components; who asks for them may well turn them on
    word = probed.strip("/").rpartition("/")[2]
    parts = probed.strip("/").split("/")
    # A router may be mounted under a prefix: the end of the path is enough to make it one that may be answered.
    tails = {"/".join(parts[at:]) for at in range(len(parts))}
    prefix = f"{app.folder}/" if app.folder else ""
    sources = [each for each in files.all if each.startswith(prefix) and each.endswith(_SOURCES)]
    infra = re.compile(r"(?:compose[^/]*|\.github/.*|k8s/.*|deploy/.*)\.ya?ml$|package-lock\.json$")
    if len(sources) > _MOST_SOURCES or any(
        _says(files.text(each), tails) or f"/{word}/" in f"/{each}/" or f"/{word}." in f"/{each}"
        for each in sources
        if not infra.search(each) and not objects(files, each)
    ):
        return ""
    return f"the application answers `{app.health.path}` ({app.health.source}) and nothing in it names `{word}`"


_LITERAL = lazy_pattern(r"[\"'`]([^\"'`\n]{1,200})[\"'`]")


def _says(text: str, tails: set[str]) -> bool:
    """Whether a source has one of the paths as a string of its own: `"/health"`, `"GET /health"`, `r"^health/$"`."""
    return any(
        re.sub(r"[\^$]|\\[AZz]", "", each).split(" ")[-1].strip("/ ") in tails for each in _LITERAL.findall(text)
    )


def own_containers(files: Files, path: str) -> Iterator[tuple[Any, Mapping[Any, Any], str]]:
    """(object, container, Dockerfile) of containers that run what this repository builds, where that is certain.

    It is where Compose builds an image of the same name, and where there is one Dockerfile and one image in all manifests."""
    built: dict[str, str] = files.once(_built_images)
    only: str = files.once(_only_image)
    for thing in objects(files, path):
        for container in containers(mapping(thing, "spec", "template") or thing):
            image = _repository(container.get("image"))
            if is_whole(thing) and image and (image in built or image == only):
                yield thing, container, built.get(image) or _dockerfiles(files)[0]


def _repository(image: Any) -> str:
    """An image's name without tag and digest."""
    name = image.partition("@")[0] if isinstance(image, str) and "$" not in image and "{" not in image else ""
    return name if ":" not in name.rpartition("/")[2] else name.rpartition(":")[0]


def _dockerfiles(files: Files) -> list[str]:
    return [
        each for each in files.all if is_dockerfile(each) and not re.search(r"(?:^|/)(?:tests?|examples?|docs)/", each)
    ]


def _built_images(files: Files) -> dict[str, str]:
    """Images that Compose builds here, and from which Dockerfile."""
    found: dict[str, str] = {}
    for path in filter(is_compose, files.all):
        for _, service in services(files, path):
            if (name := _repository(service.get("image"))) and (built := built_from(files, path, service)):
                found[name] = built[1]
    return found


def _only_image(files: Files) -> str:
    """The one image that all manifests run, where there is one Dockerfile too; else empty."""
    manifests = [each for each in files.all if is_yaml(each)]
    if len(_dockerfiles(files)) != 1 or len(manifests) > 50:
        return ""
    images = {
        _repository(container.get("image"))
        for path in manifests for thing in objects(files, path) for container in containers(mapping(thing, "spec", "template") or thing)
    }  # fmt: skip
    # What has no registry before its name is somebody else's: postgres, redis.
    return next(iter(images)) if len(images) == 1 and "/" in next(iter(images)) else ""


def _pod_ports(files: Files, path: str) -> Iterator[Hit]:
    for thing, container, dockerfile in own_containers(files, path):
        exposed = _exposed(lineage(files, dockerfile))
        ports = container.get("ports")
        told = str(container.get("env") or "") + str(container.get("args") or "") + str(container.get("command") or "")
        declared = [each for each in ports if isinstance(each, Mapping)] if isinstance(ports, list) else []
        if not exposed or any(scalar(each.get("containerPort")) in exposed for each in declared):
            continue
        # What the image's own command says, no variable from elsewhere changes.
        if "envFrom" in container and ("command" in container or not _commanded(lineage(files, dockerfile))):
            continue
        for each in declared[:1]:
            port = each.get("containerPort")
            if isinstance(port, int) and str(port) not in told and not _mentions(lineage(files, dockerfile), port):
                yield Hit(
                    at((each, "containerPort")),
                    f"{named(thing)} has port {port}; {dockerfile} exposes {_listed(exposed)}",
                )


def _commanded(stages: list[Stage]) -> bool:
    return command_port(started(stages)[1]) is not None


def _pushed(files: Files) -> set[str]:
    """Images that workflows build and push, by the names that are written out."""
    found: set[str] = set()
    for path in (each for each in files.all if is_workflow(each)):
        for document in files.documents(path):
            for _, key, value in walk(document):
                if (
                    key == "with"
                    and isinstance(value, Mapping)
                    and isinstance(value.get("tags"), str)
                    and "push" in value
                ):
                    names = [line.strip().partition("${{")[0].rstrip(":") for line in re.split(r"[\n,]", value["tags"])]
                    found |= {_repository(name) or name for name in names if "/" in name}
    return found


def _pushed_names(files: Files, path: str) -> Iterator[Hit]:
    """The one image that all manifests run, where the one that is pushed to the same place bears another name."""
    only: str = files.once(_only_image)
    pushed: set[str] = files.once(_pushed) if only else set()
    if len(pushed) != 1 or only in pushed or posixpath.dirname(next(iter(pushed))) != posixpath.dirname(only):
        return
    for thing in objects(files, path):
        for container in containers(mapping(thing, "spec", "template") or thing):
            if _repository(container.get("image")) == only:
                yield Hit(
                    at((container, "image")), f"{named(thing)} runs `{only}`; what is pushed is `{next(iter(pushed))}`"
                )


def _one_for_one(files: Files, image: str) -> list[str]:
    """The one image that Compose builds, where all manifests run one of another name from the same place."""
    built: dict[str, str] = files.once(_built_images)
    beside = [each for each in built if "/" in each and posixpath.dirname(each) == posixpath.dirname(image)]
    pushed: set[str] = files.once(_pushed)
    return beside if len(built) == 1 and image == files.once(_only_image) and image not in pushed else []


def _image_names(files: Files, path: str) -> Iterator[Hit]:
    built: dict[str, str] = files.once(_built_images)
    for thing in objects(files, path):
        for container in containers(mapping(thing, "spec", "template") or thing):
            image = _repository(container.get("image"))
            near = (
                difflib.get_close_matches(image, built, 1, 0.85) or _one_for_one(files, image)
                if image and image not in built and "/" in image
                else []
            )
            if near:
                yield Hit(at((container, "image")), f"{named(thing)} runs `{image}`; Compose builds `{near[0]}`")


def _probed(text: str) -> str:
    """The path that a health check's command asks of its own container."""
    match = _URL.search(text)
    return match[1] if match else ""


def _docker_health(files: Files, path: str) -> Iterator[Hit]:
    stages = lineage(files, path)
    check = next((each for stage in stages if (each := stage.last("HEALTHCHECK"))), None)
    probed = _probed(check.value) if check else ""
    if (
        check
        and probed
        and (why := unanswered(files, application(files, PurePosixPath(path).parent.as_posix()), probed))
    ):
        yield Hit(check.line, f"the health check asks `{probed}`: {why}")


def _compose_health(files: Files, path: str) -> Iterator[Hit]:
    for name, service in services(files, path):
        test = mapping(service, "healthcheck").get("test")
        probed = _probed(" ".join(map(str, test)) if isinstance(test, list) else str(test))
        built = built_from(files, path, service) if probed else None
        if built and (why := unanswered(files, application(files, built[0]), probed)):
            yield Hit(
                at((service["healthcheck"], "test")), f"service `{name}`: the health check asks `{probed}`: {why}"
            )


def _pod_health(files: Files, path: str) -> Iterator[Hit]:
    deployable = None
    for thing in objects(files, path):
        for container in containers(mapping(thing, "spec", "template") or thing):
            for key in ("livenessProbe", "readinessProbe", "startupProbe"):
                probed = mapping(container, key, "httpGet").get("path")
                if not isinstance(probed, str) or not is_whole(thing):
                    continue
                deployable = files.stack.deployable if deployable is None else deployable
                # Whose container it is shows where the repository has one application, and the image is named for it.
                app = (
                    deployable[0]
                    if len(deployable) == 1 and deployable[0].name in str(container.get("image"))
                    else None
                )
                if (
                    app is None
                    and len(deployable) == 1
                    and container in [each for _, each, _ in own_containers(files, path)]
                ):
                    app = deployable[0]
                if why := unanswered(files, app, probed.partition("?")[0]):
                    yield Hit(at((container[key]["httpGet"], "path")), f"{named(thing)}: {key} asks `{probed}`: {why}")


_SERVER = "const app = require('express')();\napp.get('/healthz', (q, r) => r.end());\napp.listen(3000);\n"
_APP = {
    "package.json": '{"name": "shop", "main": "server.js", "scripts": {"start": "node server.js"}, "dependencies": {"express": "5"}}',
    "server.js": _SERVER, "package-lock.json": '{"name": "shop", "lockfileVersion": 3, "packages": {}}',
}  # fmt: skip
_IMAGE = 'FROM node:24\nEXPOSE {port}\nHEALTHCHECK CMD curl -f http://localhost:3000{path}\nCMD ["node", "server.js"]\n'
_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, labels: {{app: a}}}}\nspec:\n  containers:\n"
    "  - {{name: a, image: 'acme/shop:1', ports: [{{containerPort: 3000}}], livenessProbe: {{httpGet: {{path: {path}, port: 3000}}}}}}\n"
    "---\napiVersion: v1\nkind: Service\nmetadata: {{name: a}}\nspec: {{selector: {{app: a}}, ports: [{{port: 80, targetPort: {port}}}]}}\n"
)
_COMPOSE = "services:\n  a:\n    build: .\n    ports: ['80:{port}']\n    healthcheck: {{test: 'curl -f http://localhost:3000{path}'}}\n"
_PUSH = "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n    - uses: docker/build-push-action@v6\n      with: {{push: true, tags: '{}:${{{{ github.sha }}}}'}}\n"
_FINE: dict[str, Any] = {"port": 3000, "path": "/healthz"}


def _rule(id_: str, reason: str, source: str, applies: Any, check: Any, file: str, text: str, **wrong: Any) -> Rule:
    """A rule on one kind of file beside an application that listens on 3000 and answers /healthz."""
    beside = _APP | {"Dockerfile": _IMAGE.format(**_FINE)}
    bad, fine = text.format(**_FINE | wrong), text.format(**_FINE)
    # The same file says nothing wrong where no application is recognised.
    alone = ({file: bad},) if id_ != "consistency/service-port" else ()
    boot = ({**_BOOT, file: text.format(**_FINE | {"path": "/actuator/health/liveness"})},) if "path" in wrong else ()
    return Rule(
        id_,
        "warning",
        reason,
        source,
        applies,
        check,
        ({**beside, file: bad},),
        ({**beside, file: fine}, *alone, *boot),
    )


_BOOT = {
    "pom.xml": "<project><artifactId>shop</artifactId><version>1</version><parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId><version>3.5.7</version></parent><dependencies><dependency><artifactId>spring-boot-starter-actuator</artifactId></dependency><dependency><artifactId>spring-boot-starter-web</artifactId></dependency></dependencies><build><plugins><plugin><artifactId>spring-boot-maven-plugin</artifactId></plugin></plugins></build></project>\n",
    "src/main/java/A.java": "class A { public static void main(String[] a) { SpringApplication.run(A.class, a); } }\n", "Dockerfile": "FROM a:1\n",
}  # fmt: skip
_PORT = "Let the image, who publishes it and the application say the same port."
_HEALTH = "Ask a path that the application answers: a probe that always fails restarts it for ever."

RULES = (
    _rule("consistency/compose-port", _PORT, "Compose publishes a port of the container; the image says on which it listens.",
          is_compose, _compose_ports, "compose.yaml", _COMPOSE, port=8000),
    _rule("consistency/image-port", _PORT, "EXPOSE says on which ports the container listens at run time.",
          is_dockerfile, _app_ports, "Dockerfile", _IMAGE.replace("curl -f http://localhost:3000{path}", "true"), port=8000),
    _rule("consistency/service-port", _PORT, "A Service's targetPort is a port that the pod listens on.",
          is_yaml, _service_ports, "k8s/a.yaml", _POD, port=8000),
    _rule("consistency/image-health", _HEALTH, "HEALTHCHECK asks the container's own application.",
          is_dockerfile, _docker_health, "Dockerfile", _IMAGE, path="/alive"),
    _rule("consistency/compose-health", _HEALTH, "A healthcheck asks the container's own application.",
          is_compose, _compose_health, "compose.yaml", _COMPOSE, path="/alive"),
    _rule("consistency/pod-health", _HEALTH, "An httpGet probe asks the container's own application.",
          is_yaml, _pod_health, "k8s/a.yaml", _POD, path="/alive"),
    Rule(
        "consistency/pod-port", "warning", _PORT, "A pod's containerPort is one that the image listens on.", is_yaml, _pod_ports,
        bad=({"Dockerfile": "FROM a:1\nEXPOSE 9000\n", "k8s/a.yaml": _POD.format(**_FINE)},),
        good=({"Dockerfile": "FROM a:1\nEXPOSE 3000\n", "k8s/a.yaml": _POD.format(**_FINE)}, {"Dockerfile": "FROM a:1\nEXPOSE 9000\n", "b/Dockerfile": "FROM a:1\n", "k8s/a.yaml": _POD.format(**_FINE)}),
    ),
    Rule(
        "consistency/pushed-image", "warning", "Deploy the image that is pushed, under its one name.", "An image is known by registry, name and tag.", is_yaml, _pushed_names,
        bad=({"Dockerfile": "FROM a:1\n", "k8s/a.yaml": _POD.format(**_FINE), ".github/workflows/a.yml": _PUSH.format("acme/store")},),
        good=({"Dockerfile": "FROM a:1\n", "k8s/a.yaml": _POD.format(**_FINE), ".github/workflows/a.yml": _PUSH.format("acme/shop")}, {"Dockerfile": "FROM a:1\n", "k8s/a.yaml": _POD.format(**_FINE), ".github/workflows/a.yml": _PUSH.format("ghcr.io/acme/store")}),
    ),
    Rule(
        "consistency/image-name", "warning", "Deploy the image that is built, under its one name.", "An image is known by registry, name and tag.", is_yaml, _image_names,
        bad=({"compose.yaml": "services: {a: {build: ., image: 'acme/shpo:1'}}\n", "Dockerfile": "FROM a:1\n", "k8s/a.yaml": _POD.format(**_FINE)}, {"compose.yaml": "services: {a: {build: ., image: 'acme/till:1'}}\n", "Dockerfile": "FROM a:1\n", "k8s/a.yaml": _POD.format(**_FINE)}),
        good=(
            {"compose.yaml": "services: {a: {build: ., image: 'other/till:1'}}\n", "Dockerfile": "FROM a:1\n", "k8s/a.yaml": _POD.format(**_FINE)}, {"compose.yaml": "services: {a: {build: ., image: 'acme/till:1'}}\n", "Dockerfile": "FROM a:1\n", "k8s/a.yaml": _POD.format(**_FINE), "k8s/b.yaml": _POD.format(**_FINE).replace("acme/shop", "acme/b")},
            {"compose.yaml": "services: {a: {build: ., image: 'acme/shop:2'}}\n", "Dockerfile": "FROM a:1\n", "k8s/a.yaml": _POD.format(**_FINE)},),
    ),
)  # fmt: skip
