"""What people's own Compose file lacks of what the blueprint would write, and where the two say different things.

Only what is certain is added: a service is known by its image or its build, a variable by the code that fails without it.
Where two things fit, or it is written elsewhere, nothing is added and that is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from boringops_tools.blueprints import backing, compose, compose_applications
from boringops_tools.blueprints.compose_health import check, of_application
from boringops_tools.blueprints.compose_services import DATABASES, ComposeFile, Theirs
from boringops_tools.blueprints.context import Context
from boringops_tools.dockerfile import parse
from boringops_tools.stack.facts import Application, EnvVar, Service

Path = tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """Additions that only make sense together: each a path of keys and what comes there. `what` and `why` as people read it."""

    additions: tuple[tuple[Path, Any], ...]
    what: str
    why: str = ""


class Lacks:
    """The comparison of one Compose file with what the blueprint would write."""

    def __init__(self, context: Context, theirs: ComposeFile) -> None:
        self.context, self.theirs = context, theirs
        self.ours: Mapping[str, Any] = compose.rendered(context)
        self.remarks: list[str] = []

    def steps(self) -> list[Step]:
        """In the order of the file's parts; `remarks` is filled on the way."""
        if not self.theirs.services:
            self.remarks.append(f"{self.theirs.path} has no services that could be read; nothing is added to it.")
            return []
        found = [*self._healthy(), *self._variables(), *self._backing(), *self._applications(), *self._volumes()]
        self._differences()
        return found

    # --- health

    def _healthy(self) -> Iterator[Step]:
        for service in self.theirs.services:
            if service.kind is None or service.apart or self.theirs.has(service, "healthcheck"):
                continue
            if (made := check(service)) is not None:
                what = f"a health check of {service.name}"
                yield Step(((("services", service.name, "healthcheck"), made),), what, f"it runs {service.image}")

        for app in self.context.containers:
            application = self.theirs.serving(app)
            if application is None or application.apart or self.theirs.has(application, "healthcheck"):
                continue
            dockerfile = self.context.tree.text(application.dockerfile)
            if (asked := of_application(app, application, dockerfile)) is not None:
                what = f"a health check of {application.name}"
                why = f"{app.health.path} is in {app.health.source}" if app.health else ""
                yield Step(((("services", application.name, "healthcheck"), asked),), what, why)

    # --- variables

    def _variables(self) -> Iterator[Step]:
        """Those that the code fails without, where the service is given no file of them and its image none."""
        for app in self.context.containers:
            service = self.theirs.serving(app)
            needed = [variable for variable in app.env if variable.required]
            if service is None:
                if needed and (several := self.theirs.built(app)):
                    names = " and ".join(each.name for each in several)
                    self.remarks.append(
                        f"{self.theirs.path}: {names} are all built from {app.name}; which of them is the application is "
                        "not certain, so no variable is added."
                    )
                continue
            if service.apart or self.theirs.has(service, "env_file"):
                continue
            given = self.theirs.variables(service) | self._of_image(service)
            for variable in needed:
                if variable.name not in given and variable.name != "PORT":
                    value = self._value(app, variable)
                    what = f"{variable.name} of {service.name}"
                    why = f"{variable.sources[0]} fails without it" if variable.sources else "the code fails without it"
                    yield Step(((("services", service.name, "environment", variable.name), value),), what, why)

    def _of_image(self, service: Theirs) -> set[str]:
        """Variables that the Dockerfile sets."""
        stages = parse(self.context.tree.text(service.dockerfile)).stages if service.dockerfile else []
        told = [each.value for stage in stages for each in stage.instructions if each.name in ("ENV", "ARG")]
        return {name for value in told for name in re.findall(r"(?:^|\s)(\w+)(?==|\s|$)", value)}

    def _value(self, app: Application, variable: EnvVar) -> str:
        kind, part = backing.parts(app).get(variable.name, ("", ""))
        services = self.theirs.of_kind(kind) if kind else []
        if len(services) == 1 and part in ("host", "port"):
            return services[0].name if part == "host" else str(backing.BACKINGS[kind].port)
        return f"${{{variable.name}:?{compose.MARK}}}"

    # --- backing services

    def _backing(self) -> Iterator[Step]:
        for kind in self.context.stack.kinds:
            if self.theirs.of_kind(kind):
                continue
            needing = [
                (app, service)
                for app in self.context.stack.deployable
                for service in app.services
                if service.kind == kind
            ]
            step = self._service(kind, needing)
            if isinstance(step, Step):
                yield step
            else:
                wanted = ", ".join(f"{service.dependency} in {service.source}" for _, service in needing)
                self.remarks.append(f"{self.theirs.path}: no {kind} is added, though {wanted} speaks of one: {step}.")

    def _service(self, kind: str, needing: list[tuple[Application, Service]]) -> Step | str:
        """The service with what leads the applications to it, or why it is not added."""
        theirs = self.theirs
        if other := next((each for each in theirs.services if kind in each.maybe), None):
            return f"{other.name} ({theirs.where(other)}) may be it"
        if kind in DATABASES and (rival := next((each for each in theirs.services if each.kind in DATABASES), None)):
            return f"{rival.name} ({theirs.where(rival)}) is the database there"
        if kind in theirs.named("services") or "include" in theirs.document:
            return f"{theirs.path} takes more files in" if "include" in theirs.document else f"the name {kind} is taken"
        aside = re.search(rf"(?m)^\s*#\s*(?:{kind}:|image:.*{kind})", theirs.text)
        if aside:
            return f"one is commented out ({theirs.path}:{theirs.text.count(chr(10), 0, aside.start(0)) + 1})"
        volume = f"{kind}-data"
        if volume in theirs.named("volumes"):
            return f"the name {volume} is taken"
        definition = dict(self.ours["services"][kind])
        users: list[tuple[Path, Any]] = []
        networks: list[str] = []
        for app, _ in needing:
            service = theirs.serving(app)
            if service is None:
                return f"which service is {app.name} is not certain"
            if service.apart or "network_mode" in service.definition:
                return f"{service.name} ({theirs.where(service)}) is set up elsewhere or has no network of its own"
            reached = {
                name: value for name, value in backing.values(app).items() if backing.parts(app)[name][0] == kind
            }
            given = theirs.variables(service)
            if there := sorted(reached.keys() & given):
                return f"{there[0]} ({theirs.where(service, 'environment', there[0])}) leads elsewhere"
            if theirs.has(service, "env_file"):
                return (
                    f"the variables of {service.name} come from a file of its own ({theirs.where(service, 'env_file')})"
                )
            if not any(backing.parts(app)[name][1] in ("url", "host") for name in reached):
                return f"{app.name} reads no variable that would lead to it"
            users += [(("services", service.name, "environment", name), value) for name, value in reached.items()]
            users.append((("services", service.name, "depends_on", kind), {"condition": "service_healthy"}))
            networks = networks or service.networks
        if networks:
            definition["networks"] = networks
        service_path: Path = ("services", kind)
        return Step(
            (*users, (service_path, definition), (("volumes", volume), {})),
            f"{kind} as a service, with the variables that lead to it",
            ", ".join(f"{service.dependency} in {service.source}" for _, service in needing),
        )

    # --- applications

    def _applications(self) -> Iterator[Step]:
        """Where nothing in the file is built from one and nothing may be it."""
        for app, made in compose_applications.lacking(self.context, self.theirs):
            if isinstance(made, str):
                self.remarks.append(f"{self.theirs.path}: no service is added for {app.name}: {made}.")
                continue
            additions = tuple((("services", name), definition) for name, definition in made.items())
            what = f"{app.name} behind the profile `{compose_applications.PROFILE}`, so that it only starts where it is asked for"
            yield Step(additions, what)

    # --- volumes

    def _volumes(self) -> Iterator[Step]:
        declared = self.theirs.named("volumes")
        for service in self.theirs.services:
            for source in service.volumes:
                if source not in declared:
                    declared.add(source)
                    why = f"{service.name} mounts it, and Compose refuses a file that does not declare it"
                    yield Step(((("volumes", source), {}),), f"the volume {source}", why)

    # --- differences

    def _differences(self) -> None:
        for service in self.theirs.services:
            if service.kind is not None:
                self._of_backing(service)
                self._of_waiting(service)

    def _of_waiting(self, service: Theirs) -> None:
        early = [
            each
            for each in self.theirs.services
            if "build" in each.definition and each.awaits(service.name) == "service_started"
        ]
        if early:
            self._differs(
                self.theirs.where(early[0], "depends_on", service.name),
                f"{' and '.join(each.name for each in early)} only {'wait' if len(early) > 1 else 'waits'} until "
                f"{service.name} is started",
                f"`condition: service_healthy` for {service.name}",
                "first connections fail otherwise",
            )

    def _of_backing(self, service: Theirs) -> None:
        kind = service.kind or ""
        if service.image and service.version is None:
            self._differs(
                self.theirs.where(service, "image"),
                f"{service.name} runs `{service.image}`",
                f"a fixed version, `{backing.image(kind)}` for a new one",
                "the image can become another one under the same name",
            )
        if opened := [(host, to) for host, to in service.ports if not re.match(r"(127\.|localhost|\[?::1)", host)]:
            self._differs(
                self.theirs.where(service, "ports"),
                f"{service.name} publishes port {' and '.join(to for _, to in opened)} to every network of the machine",
                " and ".join(f"`127.0.0.1:{host or to}:{to}`" for host, to in opened) + ", or no port at all",
                "others on the network reach it",
            )
        written = [
            name
            for name, value in service.environment.items()
            if re.search(r"(?<!ALLOW_EMPTY_)PASS(WORD)?$", name) and value and not str(value).startswith("${")
        ]
        if written:
            self._differs(
                self.theirs.where(service, "environment", written[0]),
                f"{service.name} has {' and '.join(written)} written down",
                f"`${{{written[0]}:?{compose.MARK}}}`",
                "a password in a file is known to all who read it",
            )

    def _differs(self, where: str, theirs: str, ours: str, why: str) -> None:
        self.remarks.append(f"{where}: {theirs}, which stays; the blueprint has {ours}, because {why}.")
