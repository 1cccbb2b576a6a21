""".NET applications: ASP.NET Core services and what is only a tool or a library."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from boringops_tools.stack import make, versions
from boringops_tools.stack.calls import Call, calls
from boringops_tools.stack.facts import (
    Application,
    Claim,
    Command,
    Commands,
    Dotnet,
    EnvVar,
    Route,
    Source,
    Workspace,
)
from boringops_tools.stack.found import Found, application, inner
from boringops_tools.stack.grammar import source
from boringops_tools.stack.java_build import xml
from boringops_tools.stack.tree import Tree, folder_of, join, table

PROJECTS = (".csproj", ".fsproj", ".vbproj")
SOLUTIONS = (".sln", ".slnx")
_SIGNS = ("GetEnvironmentVariable", "GetConnectionString", "Map", "Configuration[", "UseUrls", "HttpGet")
_SHARED = (
    "Directory.Build.props",
    "Directory.Build.targets",
    "Directory.Packages.props",
    "nuget.config",
    "NuGet.config",
    "NuGet.Config",
    "global.json",
)


def detect(tree: Tree, folder: str, nested: list[str]) -> Application:
    """The application of the solution, or of the one project, in `folder`."""
    top = _tops(tree).get(folder, folder)
    projects = list(
        tree.below(top, *PROJECTS, skip=nested if top == folder and folder not in _tops(tree).values() else ())
    )
    read = {path: _project(tree, path) for path in projects}
    tests = {
        path
        for path in tree.all_below(top)
        if path.endswith(PROJECTS) and (path not in read or "Microsoft.NET.Test.Sdk" in read[path][2])
    }
    web = [path for path in projects if path not in tests and read[path][0] == "Microsoft.NET.Sdk.Web"]
    runs = [path for path in projects if path not in tests and read[path][3]]
    chosen = (
        web[0] if len(web) == 1 else next((path for path in web if top != folder and folder_of(path) == folder), "")
    )
    apart = {*tests, *(path for path in web if path != chosen and len(web) > 1)}  # not what the chosen one is made of
    sources = [
        path
        for path in tree.below(top, ".cs", skip=nested if top == folder else ())
        if not any(path.startswith(join(folder_of(test), "")) for test in apart if folder_of(test))
    ]
    settings = tree.text(join(folder_of(chosen), "appsettings.json"))
    found = _read(tree, sources, bool(chosen), settings)
    dependencies = {name: place for path in projects for name, place in read[path][2].items() if path not in apart}
    reason = ""
    if not chosen and len(web) > 1:
        named = ", ".join(PurePosixPath(path).stem for path in web[:5])
        reason = f"a solution of several applications ({named}), each of them one by itself"
    elif not web:
        reason = "a command: no project uses the web SDK" if runs else "a library: no project makes a program"
    project = chosen or (runs or projects or [""])[0]
    name = PurePosixPath(project).stem
    solution = next((path for path in tree.below(top, *SOLUTIONS)), "") if len(web) > 1 and not chosen else ""
    assembly = read[project][4] if project in read else ""
    fsharp = project.endswith(".fsproj")
    return application(
        tree,
        folder,
        "dotnet",
        found,
        dependencies,
        8080,
        reason,
        name=PurePosixPath(solution).stem or name,
        version=versions.choose("dotnet", _claims(tree, top, project, read[project][1] if project in read else "")),
        manager="nuget",
        lockfile=None,
        framework="aspnet" if web else "",
        entry=_entry(tree, project, fsharp=fsharp),
        command=["dotnet", f"{assembly or name}.dll"],
        commands=_commands(tree, folder, tests) if top == folder else _of_project(project),
        workspace=Workspace(root=top, folders=[inner(top, folder)]) if top != folder else None,
        dotnet=Dotnet(
            project=inner(top, project),
            assembly=assembly or name,
            web=bool(web),
            manifests=[
                inner(top, path)
                for path in (*projects, *(join(top, shared) for shared in _SHARED))
                if path in tree and path not in tests
            ],
        ),
    )


def _of_project(project: str) -> Commands:
    """How one project of a solution is built; the tests are the solution's."""
    return Commands(build=[Command(run="dotnet build --configuration Release", source=Source(path=project))])


def _entry(tree: Tree, project: str, *, fsharp: bool) -> Source | None:
    path = join(folder_of(project), "Program.fs" if fsharp else "Program.cs")
    return Source(path=path) if path in tree else Source(path=project) if project else None


def _project(tree: Tree, path: str) -> tuple[str, str, dict[str, Source], bool, str]:
    """(SDK, target framework, packages, makes a program, assembly name) of a project file."""
    root = xml(tree.text(path))
    if root is None:
        return "", "", {}, False, ""
    sdk = root.get("Sdk", "").partition("/")[0]

    def first(name: str) -> str:
        return next(((element.text or "").strip() for element in root.iter(name)), "")

    packages = {
        name: Source(path=path, line=tree.line(path, f'"{name}"'))
        for element in root.iter("PackageReference")
        if (name := element.get("Include", ""))
    }
    program = first("OutputType").lower() == "exe" or sdk in {"Microsoft.NET.Sdk.Web", "Microsoft.NET.Sdk.Worker"}
    return (
        sdk,
        first("TargetFramework") or first("TargetFrameworks").partition(";")[0],
        packages,
        program,
        first("AssemblyName"),
    )


def _claims(tree: Tree, folder: str, project: str, framework: str) -> list[Claim]:
    claims = versions.in_files(tree, folder, {".tool-versions": r"^dotnet(?:-core)?\s+(\d+\.\d+)"}, "dotnet")
    for path in dict.fromkeys((project, join(folder, "Directory.Build.props"), "Directory.Build.props")):
        text = (
            framework
            if path == project
            else next(iter(re.findall(r"<TargetFramework>\s*([^<]+?)\s*<", tree.text(path))), "")
        )
        if match := re.fullmatch(r"net(?:coreapp)?(\d+\.\d+)", text):
            claims.append(Claim(text=match[1], source=Source(path=path, line=tree.line(path, text))))
    sdk = table(tree.json(join(folder, "global.json")), "sdk").get("version")
    if isinstance(sdk, str) and (match := re.match(r"\d+\.\d+", sdk)):
        path = join(folder, "global.json")
        claims.append(Claim(text=match[0], source=Source(path=path, line=tree.line(path, sdk))))
    return claims


def _read(tree: Tree, sources: list[str], web: bool, settings: str) -> Found:
    found = Found()
    for call in calls(tree, sources, _SIGNS):
        if ".Map" in call.name and _for_development(call):
            continue
        if call.name.endswith("GetConnectionString") and (name := call.text()) and re.fullmatch(r"\w+", name):
            found.env.append(_connection(tree, name, call.place, settings))
        elif call.name.endswith("GetEnvironmentVariable"):
            found.variable(call.text(), call.place)
        elif call.name.endswith("Configuration[]") and (key := call.text()):
            found.variable(key.replace(":", "__").upper() if key.isupper() else None, call.place)
        elif re.fullmatch(r"(app|endpoints|routes|webApp|application)\.(MapGet|MapHealthChecks)", call.name) and (
            route := call.text()
        ):
            found.routes.append(Route(path=route if route.startswith("/") else f"/{route}", source=call.place))
        elif call.name.endswith((".MapGet", ".MapHealthChecks")) and (route := call.text()):
            found.unplaced.append(Route(path=route if route.startswith("/") else f"/{route}", source=call.place))
        elif call.name == "@HttpGet" and (route := call.text()) and route.startswith("/"):
            found.routes.append(Route(path=route, source=call.place))
        if web and call.name.endswith((".MapGet", ".MapControllers", ".MapHealthChecks")):
            found.listens = found.listens or call.place
    return found


def _connection(tree: Tree, name: str, place: Source, settings: str) -> EnvVar:
    """The variable that a connection string is taken from before the settings file. A deployment has its own, unless the
    code has something to fall back to, or the settings name a file beside the program."""
    known = re.search(rf"\"{name}\"\s*:\s*\"([^\"]*)\"", settings)
    beside = known is not None and re.match(r"(?i)(data source|filename)\s*=\s*[^;,]*\.(db|sqlite3?)\b", known[1])
    row = tree.text(place.path).split("\n")[(place.line or 1) - 1]
    insists = not beside and "??" not in row
    return EnvVar(name=f"ConnectionStrings__{name}", sources=[place], secret=True, required=insists, deployed=True)


def _for_development(call: Call) -> bool:
    """Whether it stands under `if (app.Environment.IsDevelopment())`: production does not have it."""
    node, parent = call.node, call.node.parent
    while parent is not None:
        if parent.type == "if_statement" and parent.child_by_field_name("consequence") == node:
            condition = source(parent.child_by_field_name("condition"))
            if re.search(r"(?<![!\w.])[\w.]*IsDevelopment\(\)", condition):
                return True
        node, parent = parent, parent.parent
    return False


def _commands(tree: Tree, folder: str, tests: set[str]) -> Commands:
    own = make.commands(tree, folder)
    where = next((path for path in tree.all_below(folder) if path.endswith((*SOLUTIONS, *PROJECTS))), folder)
    place = Source(path=where)
    lint = (
        [Command(run="dotnet format --verify-no-changes", source=Source(path=join(folder, ".editorconfig")))]
        if tree.named(folder, ".editorconfig") and tree.named(folder, ".github")
        else []
    )
    test = [Command(run="dotnet test --configuration Release", source=Source(path=sorted(tests)[0]))] if tests else []
    return Commands(
        lint=own.lint or lint,
        test=own.test or test,
        build=[Command(run="dotnet build --configuration Release", source=place)],
    )


def _tops(tree: Tree) -> dict[str, str]:
    """Folder of each web project that is one among several, to the folder of its solution."""
    if "dotnet" not in tree.memo:
        found: dict[str, str] = {}
        for solution in _holders(tree):
            web = {
                folder_of(path)
                for path in tree.below(solution, *PROJECTS)
                if '"Microsoft.NET.Sdk.Web"' in tree.text(path) and "Microsoft.NET.Test.Sdk" not in tree.text(path)
            }
            if len(web) > 1 and solution not in web:
                found |= dict.fromkeys(web, solution)
        tree.memo["dotnet"] = found
    known: dict[str, str] = tree.memo["dotnet"]
    return known


def _files(tree: Tree) -> list[str]:
    """Solutions and projects of the whole repository, looked for once."""
    if "dotnet files" not in tree.memo:
        tree.memo["dotnet files"] = list(tree.below("", *SOLUTIONS, *PROJECTS))
    known: list[str] = tree.memo["dotnet files"]
    return known


def _holders(tree: Tree) -> list[str]:
    """The outermost folders with a solution."""
    holders = {folder_of(path) for path in _files(tree) if path.endswith(SOLUTIONS)}
    return sorted(
        folder
        for folder in holders
        if not any(folder != other and (not other or folder.startswith(f"{other}/")) for other in holders)
    )


def folders(tree: Tree) -> list[str]:
    """Folders of solutions, of the applications where one has several, and of projects that no solution above holds."""
    outer = set(_holders(tree))
    loose = {folder_of(path) for path in _files(tree) if path.endswith(PROJECTS)}
    loose = {
        folder
        for folder in loose
        if not any(not other or folder == other or folder.startswith(f"{other}/") for other in outer)
    }
    return sorted(outer | loose | _tops(tree).keys())
