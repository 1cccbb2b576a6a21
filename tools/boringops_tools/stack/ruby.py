"""Ruby applications managed by Bundler: Rails, Sinatra and other Rack applications."""

from __future__ import annotations

import re

from boringops_tools.stack import make, ruby_env, versions
from boringops_tools.stack.calls import Call, calls
from boringops_tools.stack.facts import Application, Claim, Command, Commands, Process, Route, Ruby, Source
from boringops_tools.stack.found import Found, application, prefixed, procfile, procfile_web
from boringops_tools.stack.tree import Tree, join

MANIFEST = "Gemfile"
_ANYWHERE = "0.0.0.0"  # noqa: S104 - inside a container
_VERSION_FILES = {".ruby-version": r"^(?:ruby-)?(\d[\d.]*)", ".tool-versions": r"^ruby\s+(\d[\d.]*)"}
_GEMS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "pg": (("libpq-dev",), ("libpq5",)),
    "mysql2": (("default-libmysqlclient-dev",), ("libmariadb3",)),
    "trilogy": ((), ()),
    "sqlite3": (("libsqlite3-dev",), ("libsqlite3-0",)),
    "ruby-vips": ((), ("libvips42",)),
    "image_processing": ((), ("libvips42",)),
    "rmagick": (("libmagickwand-dev",), ("libmagickwand-6.q16-6",)),
    "charlock_holmes": (("libicu-dev",), ("libicu72",)),
}
"""Debian packages that a gem needs to be built, and to run."""
_SIGNS = ("ENV", "get ", "get(", "namespace", "scope", "mount", "port", "Sinatra", "map ")


def detect(tree: Tree, folder: str, nested: list[str]) -> Application:
    """The application whose Gemfile is in `folder`."""
    gemfile = join(folder, MANIFEST)
    gems, claims = _gemfile(tree, folder)
    sources = [*tree.below(folder, ".rb", ".ru", skip=nested)]
    found = _read(tree, folder, sources)
    ruby_env.configured(tree, folder, found)
    rails = join(folder, "config/application.rb") in tree and ("rails" in gems or "railties" in gems)
    rack = join(folder, "config.ru") in tree
    gemspec = any(
        "/" not in path.removeprefix(join(folder, "")) and path.endswith(".gemspec")
        for path in tree.below(folder, ".gemspec")
    )
    framework = (
        "rails"
        if rails
        else next((name for name in ("sinatra", "hanami", "grape", "roda") if name in gems), "rack" if rack else "")
    )
    if rails:
        found.env += ruby_env.of_rails(tree, folder, found, gems)
    command, entry, remark = _start(tree, folder, framework, gems)
    reason = ""
    if gemspec and not rails:
        reason = "a library: it has a gemspec, and is published as a gem"
    elif not framework:
        reason = "a command or a library: no web application in it"
    elif not command:
        reason = "no command that starts it in production was found"
    elif not tree.named(folder, "Gemfile.lock"):
        reason = "no Gemfile.lock: run `bundle lock` and commit it; without it two builds install different gems"
    native = [_GEMS[name] for name in _GEMS if name in gems]
    package = tree.json(join(folder, "package.json"))
    node = ""
    if framework == "rails" and (package.get("scripts") or package.get("dependencies")):
        node = "yarn" if tree.named(folder, "yarn.lock") else "npm" if tree.named(folder, "package-lock.json") else ""
    lock = tree.text(join(folder, "Gemfile.lock"))
    bundler = next(iter(re.findall(r"BUNDLED WITH\s+(\d[\d.]*)", lock)), "")
    return application(
        tree,
        folder,
        "ruby",
        found,
        gems,
        9292 if framework not in {"rails", "sinatra"} else 3000 if rails else 4567,
        reason,
        name=_name(tree, folder),
        version=versions.choose("ruby", [*versions.in_files(tree, folder, _VERSION_FILES, "ruby"), *claims]),
        manager="bundler",
        lockfile="Gemfile.lock" if lock else None,
        framework=framework,
        entry=entry,
        command=command,
        processes=procfile(tree, folder) or _workers(gems),
        migration=Command(run="./bin/rails db:migrate", source=Source(path=join(folder, "db/migrate")), needs_dev=False)
        if rails and any(tree.all_below(join(folder, "db/migrate")))
        else None,
        commands=_commands(tree, folder, gems, rails, gemfile),
        build_packages=sorted(
            {"build-essential", "git", "libyaml-dev", "pkg-config", *(p for build, _ in native for p in build)}
        ),
        run_packages=sorted({"libjemalloc2", *(package for _, run in native for package in run)}),
        remarks=[remark] if remark and not reason else [],
        ruby=Ruby(
            rails=rails,
            bootsnap="bootsnap" in gems,
            assets=rails
            and any(
                name in gems
                for name in (
                    "sprockets-rails",
                    "propshaft",
                    "sprockets",
                    "sass-rails",
                    "vite_rails",
                    "jsbundling-rails",
                    "cssbundling-rails",
                )
            ),
            bundler=bundler,
            entrypoint=join(folder, "bin/docker-entrypoint") in tree,
            node=node,
        ),
    )


def _name(tree: Tree, folder: str) -> str:
    """Rails names the application by its module."""
    found = re.search(r"^module (\w+)", tree.text(join(folder, "config/application.rb")), re.MULTILINE)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", found[1]) if found else ""


def _gemfile(tree: Tree, folder: str) -> tuple[dict[str, Source], list[Claim]]:
    gems: dict[str, Source] = {}
    claims: list[Claim] = []
    for call in calls(tree, [join(folder, MANIFEST)]):
        groups = {
            value
            for other in call.around
            if other.name == "group"
            for i in range(len(other.arguments))
            if (value := other.text(i))
        }
        if call.name == "gem" and (name := call.text()):
            gems.setdefault(name, call.place) if not groups or groups - {"development", "test"} else gems.setdefault(
                f"dev:{name}", call.place
            )
        elif call.name == "ruby" and (version := call.text()):
            claims.append(Claim(text=version, source=call.place))
    path = join(folder, "Gemfile.lock")
    if found := re.search(r"RUBY VERSION\s+ruby (\d[\d.]*)", tree.text(path)):
        claims.append(
            Claim(text=found[1].rstrip("p."), source=Source(path=path, line=tree.line(path, f"ruby {found[1]}")))
        )
    return gems, claims


def _read(tree: Tree, folder: str, sources: list[str]) -> Found:
    found = Found()
    router = join(folder, "config/routes.rb")
    rails = join(folder, "config/application.rb") in tree
    mapped = join(folder, "config.ru")
    maps = [call for call in calls(tree, [mapped]) if call.name == "map"] if mapped in tree else []
    for call in calls(tree, sources, _SIGNS):
        if call.name in {"ENV[]", "ENV.fetch"}:
            insists = (
                call.name == "ENV.fetch" and len(call.arguments) == 1 and call.node.child_by_field_name("block") is None
            )
            found.variable(call.text(), call.place, call.text(1), required=insists)
        elif call.name in {"get", "match"} and call.arguments:
            keyword = call.arguments[0][0]
            route = keyword if keyword and keyword not in {"to", "as", "via"} else call.text()
            if rails and call.place.path == router:
                before = _scope(call)
                if route is not None and before is not None:
                    found.routes.append(Route(path=prefixed([*before, route]), source=call.place))
            elif not rails and route and route.startswith("/"):
                (found.unplaced if maps else found.routes).append(Route(path=route, source=call.place))
        elif call.name in {"set", "port"} and call.arguments:
            value = (
                call.text(1)
                if call.name == "set" and call.text() == "port"
                else call.text()
                if call.name == "port" and call.place.path.endswith("puma.rb")
                else None
            )
            found.port(value, call.place)
    return found


def _scope(call: Call) -> list[str] | None:
    """The prefixes of the `namespace` and `scope` blocks around a route; None where one is not literal."""
    parts: list[str] = []
    for other in call.around:
        if other.name in {"namespace", "scope"}:
            path = other.option("path") or (
                other.text()
                if other.name == "namespace" or not other.arguments[:1] or not other.arguments[0][0]
                else ""
            )
            if path is None:
                return None
            parts.append(path)
        elif other.name in {"resources", "resource", "constraints", "authenticate", "devise_scope", "concern"}:
            return None
    return parts


def _start(tree: Tree, folder: str, framework: str, gems: dict[str, Source]) -> tuple[list[str], Source | None, str]:
    said, source = procfile_web(tree, folder)
    if framework == "rails":
        return ["./bin/rails", "server", "-b", _ANYWHERE], Source(path=join(folder, "config/application.rb")), ""
    if not framework:
        usual = next((name for name in ("app.rb", "main.rb", "server.rb", "bot.rb") if join(folder, name) in tree), "")
        return (
            (said, source, "")
            if said
            else (["ruby", usual] if usual else [], Source(path=join(folder, usual)) if usual else None, "")
        )
    port = "4567" if framework == "sinatra" else "9292"
    if join(folder, "config.ru") in tree:
        entry = Source(path=join(folder, "config.ru"))
        if "puma" in gems:
            return ["bundle", "exec", "puma", "-b", f"tcp://0.0.0.0:{port}"], entry, ""
        return (
            ["bundle", "exec", "rackup", "--host", _ANYWHERE, "--port", port],
            entry,
            "puma is not among the gems: a production server belongs into the Gemfile.",
        )
    for path in tree.below(folder, ".rb"):
        text = tree.text(path)
        if (
            framework == "sinatra"
            and re.search(r"^require ['\"]sinatra['\"/]|Sinatra::(Base|Application)", text, re.MULTILINE)
            and "/" not in path.removeprefix(join(folder, ""))
        ):
            return (
                ["bundle", "exec", "ruby", path.removeprefix(join(folder, "")), "-o", _ANYWHERE, "-p", port],
                Source(path=path),
                "",
            )
    return said, source, ""


def _workers(gems: dict[str, Source]) -> list[Process]:
    known = {
        "sidekiq": ["bundle", "exec", "sidekiq"],
        "solid_queue": ["./bin/jobs"],
        "good_job": ["bundle", "exec", "good_job", "start"],
    }
    return [
        Process(name=name.replace("_", "-"), command=command, source=gems[name])
        for name, command in known.items()
        if name in gems
    ]


def _commands(tree: Tree, folder: str, gems: dict[str, Source], rails: bool, gemfile: str) -> Commands:
    own = make.commands(tree, folder)
    has = {name.removeprefix("dev:") for name in gems}
    source = Source(path=gemfile)
    lint = (
        [Command(run="bundle exec rubocop", source=gems.get("rubocop") or gems.get("dev:rubocop") or source)]
        if "rubocop" in has and tree.named(folder, ".rubocop.yml")
        else []
    )
    test: list[Command] = []
    if any(tree.all_below(join(folder, "spec"))) and any(name.startswith("rspec") for name in has):
        test = [Command(run="bundle exec rspec", source=source)]
    elif rails and any(tree.all_below(join(folder, "test"))):
        test = [Command(run="bin/rails test", source=Source(path=join(folder, "test")))]
    elif any(tree.all_below(join(folder, "test"))) and "rake" in has and tree.named(folder, "Rakefile"):
        test = [Command(run="bundle exec rake test", source=Source(path=join(folder, "Rakefile")))]
    return Commands(lint=own.lint or lint, test=own.test or test)
