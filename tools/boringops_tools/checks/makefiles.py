"""Makefiles: rules that make cannot read, targets and variables that nothing has, and recipes that do not do what they say."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.graph import cycles
from boringops_tools.patterns import lazy_pattern

_RULE = lazy_pattern(r"^(?P<targets>[^\s#:=][^#:=]*?)\s*(?P<colon>::?)(?!=)\s*(?P<needs>[^#;]*)(?P<rest>[;#].*)?$")
_SET = lazy_pattern(r"^\s*(?:export\s+|override\s+|unexport\s+)*(?:define\s+)?([\w.-]+)\s*(?:[:+?!]{0,3}=|$)")
_USED = lazy_pattern(r"(?<!\$)\$[({]([A-Za-z_][\w-]*)[)}]")
_WORDS = lazy_pattern(
    r"^(?:-?include|sinclude|ifeq|ifneq|ifdef|ifndef|else|endif|define|endef|export|unexport|override|vpath|private|undefine)\b"
)
_LOOP = lazy_pattern(r"\bfor\s+([a-z_]\w*)\s+in\b")
_TEST = lazy_pattern(
    r"^(?:go (?:test|vet)|pytest|npm (?:run )?test|cargo (?:test|clippy)|mvn \S*(?:test|verify)|golangci-lint|ruff|eslint|terraform (?:validate|plan|apply)|kubectl apply|helm upgrade|docker push)\b"
)
_OWN = frozenset(
    """MAKE MAKEFLAGS MAKEFILE_LIST MAKECMDGOALS MAKEOVERRIDES CURDIR SHELL MFLAGS VPATH AR AS CC CXX CPP FC LD LEX YACC LINT
    PC M2C CO GET MAKEINFO TEX RM ARFLAGS ASFLAGS CFLAGS CXXFLAGS CPPFLAGS FFLAGS LDFLAGS LDLIBS LOADLIBES LFLAGS YFLAGS
    PREFIX DESTDIR ARGS OS HOME USER PATH PWD TMPDIR GOPATH GOBIN GOOS GOARCH CI LANG TERM HOSTNAME""".split()  # noqa: SIM905
)


@dataclass
class Target:
    line: int
    needs: list[str]
    recipe: list[tuple[int, str]] = field(default_factory=list)
    double: bool = False


@dataclass
class Makefile:
    targets: dict[str, list[Target]] = field(default_factory=dict)
    variables: set[str] = field(default_factory=set)
    strays: list[tuple[int, str]] = field(default_factory=list)
    """Lines in front of which a tab is missing."""
    texts: list[tuple[int, str]] = field(default_factory=list)
    whole: bool = True
    """Nothing is included, generated or matched by a pattern."""


def _applies(path: str) -> bool:
    return bool(re.fullmatch(r"(?:GNU)?[Mm]akefile|[^/]+\.mk", posixpath.basename(path)))


def _read(files: Files, path: str) -> Makefile:
    found = Makefile()
    text = files.text(path)
    found.whole = (
        not re.search(
            r"(?m)^\s*(?:-?include|sinclude|load)\s|\$\(eval\b|^\.RECIPEPREFIX|^\s*-?include\b|^\$\(foreach", text
        )
        and path.rpartition("/")[2] != "GNUmakefile"
        and not path.endswith(".mk")
    )
    current: list[Target] = []
    defining = conditional = 0
    logical: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if logical and logical[-1][1].endswith("\\"):
            logical[-1] = (logical[-1][0], logical[-1][1][:-1] + " " + line.strip())
        else:
            logical.append((number, line))
    for number, line in logical:
        word = line.split(" ")[0].strip()
        if defining:
            found.texts.append((number, line))
            defining += (word == "define") - (word == "endef")
            continue
        if line.startswith("\t") and current:
            for target in current:
                target.recipe.append((number, line[1:]))
            found.texts.append((number, line))
            continue
        bare = re.sub(r"(?<!\\)#.*", "", line)
        if not bare.strip():
            continue
        found.texts.append((number, bare))
        if _WORDS.match(bare.strip()):
            conditional += bare.strip().startswith(("ifeq", "ifneq", "ifdef", "ifndef")) - bare.strip().startswith(
                "endif"
            )
            if match := _SET.match(bare):
                found.variables.add(match[1])
            defining = int(bare.strip().startswith("define"))
            if bare.strip().startswith(("export", "unexport")):
                found.variables |= set(bare.split()[1:])
            continue
        if match := re.match(r"^\s*(?:export\s+|override\s+)*([\w.-]+)\s*[:+?!]{0,3}=", bare):
            found.variables.add(match[1])
            if not line.startswith(" "):
                current = []
            continue
        if line.startswith(" ") and current:
            found.strays.append((number, line.strip()))
            continue
        match = _RULE.match(bare)
        if match is None:
            continue
        if re.match(
            r"(?:(?:export|override|private)\s+)*[\w.-]+\s*[:+?!]*=", match["needs"]
        ):  # a variable of one target
            found.variables |= set(re.findall(r"[\w.-]+", match["needs"].partition("=")[0]))
            continue
        current = []
        for name in match["targets"].split():
            target = Target(
                number,
                _words(match["needs"]),
                double=match["colon"] == "::" or conditional > 0,
            )
            current.append(target)
            found.targets.setdefault(name, []).append(target)
    return found


def _words(needs: str) -> list[str]:
    """What a target needs, as far as it is not computed."""
    bare = needs
    while (less := re.sub(r"\$[({][^(){}]*[)}]", "$", bare)) != bare:
        bare = less
    return bare.replace("|", " ").split()


def _strays(files: Files, path: str) -> Iterator[Hit]:
    made: Makefile = files.once(_read, path)
    if ".RECIPEPREFIX" in made.variables:
        return
    for number, line in made.strays:
        if ":" not in line.partition(" ")[0] and not line.startswith("$("):
            yield Hit(number, "the line stands below a target with spaces in front: make wants a tab")


def _needs(files: Files, path: str) -> Iterator[Hit]:
    made: Makefile = files.once(_read, path)
    patterns = any("%" in name or "$" in name for name in made.targets)
    if not made.whole or patterns or ".DEFAULT" in made.targets:
        return
    folder = posixpath.dirname(path)
    for name, targets in made.targets.items():
        for target in targets if not name.startswith(".") or name == ".PHONY" else ():
            for need in target.needs if name != ".PHONY" else ():
                place = posixpath.normpath(posixpath.join(folder, need))
                plain = re.fullmatch(r"[A-Za-z][\w-]*", need)  # a file may be made by something else
                if (
                    plain
                    and need not in made.targets
                    and place not in files.known
                    and place not in files.folders
                    and not files.ignored(place)
                ):
                    yield Hit(target.line, f"`{name}` needs `{need}`, which is no target and no file")
    for cycle in cycles(
        {name: [need for each in targets for need in each.needs] for name, targets in made.targets.items()}
    ):
        yield Hit(made.targets[cycle[0]][0].line, f"targets need each other in a circle: {' → '.join(cycle)}")


def _doubles(files: Files, path: str) -> Iterator[Hit]:
    for name, targets in files.once(_read, path).targets.items():
        with_recipe = [each for each in targets if each.recipe and not each.double]
        if len(with_recipe) > 1 and not re.search(r"^\.|[%$]", name):
            yield Hit(with_recipe[1].line, f"`{name}` has a recipe already: make takes the last one")


def _variables(files: Files, path: str) -> Iterator[Hit]:
    made: Makefile = files.once(_read, path)
    if not made.whole:
        return
    text = files.text(path)
    for number, line in made.texts:
        for name in _USED.findall(line):
            if name in made.variables | _OWN or re.search(
                rf"\b{re.escape(name)}\s*[:?+]?=|\$\((?:origin|value|if|or)\s+\$?\(?{re.escape(name)}\b|(?:ifdef|ifndef)\s+{re.escape(name)}\b|if(?:n?)eq[^\n]*\b{re.escape(name)}\b",
                text,
            ):
                continue
            # Set by whoever calls make, where a comment or a message says so.
            if not re.search(rf"(?m)(?:#|echo|error|warning)[^\n]*\b{re.escape(name)}\b", text):
                near = [
                    each for each in made.variables if each and (each in name or name in each or each[:4] == name[:4])
                ]
                if near or re.search(rf"\brm\s+-\w*r[^;&|]*\s\$[({{]{re.escape(name)}[)}}]/", line):
                    yield Hit(
                        number,
                        f"nothing sets `{name}`" + (f"; `{sorted(near)[0]}` is set" if near else ": it is empty here"),
                    )


def _shells(files: Files, path: str) -> Iterator[Hit]:
    made: Makefile = files.once(_read, path)
    seen: set[int] = set()
    for targets in made.targets.values():
        for number, line in (each for target in targets for each in target.recipe):
            if number in seen:
                continue
            seen.add(number)
            for name in _LOOP.findall(line):
                if (
                    re.search(rf"(?<!\$)\${name[0]}{re.escape(name[1:])}\b|(?<!\$)\$\{{{re.escape(name)}\}}", line)
                    and name not in made.variables
                    and len(name) > 1
                ):
                    yield Hit(
                        number, f"make reads `${name}` as `$({name[0]}){name[1:]}`: for the shell write `$${name}`"
                    )
            command = line.lstrip("@+ ")
            if command.startswith("-") and _TEST.match(command.lstrip("-@+ ")):
                yield Hit(number, f"the failure of `{command.lstrip('-@+ ')[:60]}` is thrown away: `-` stands in front")


_M = "Makefile"
_DOC = "GNU make manual"


def _make(text: str) -> dict[str, str]:
    return {_M: text}


RULES = (
    Rule("make/tab", "error", "Begin the line with a tab.", f"{_DOC}, Rule Syntax: recipe lines start with a tab.", _applies, _strays,
         bad=(_make("a: b\n    go test\nb:\n\techo\n"),), good=(_make("a:\n\tgo test \\\n    ./...\n  X := 1\nifeq ($(X),1)\n  Y = 2\nendif\ndefine T\n  text\nendef\n"),)),
    Rule("make/prerequisite", "error", "make stops: name a target or a file, and break the circle.", f"{_DOC}: no rule to make a target; circular dependencies are dropped.", _applies, _needs,
         bad=(_make("a: tests\n\techo\ntest:\n\techo\n"), _make("a: b\n\techo\nb: a\n\techo\n")), good=(_make("a: test src out/x.o $(FILES) | b\n\techo\ntest:\n\techo\nb:\n\tmkdir b\n") | {"src/x": ""}, _make("a: export B := c\na:\n\techo\n"), _make("include x.mk\na: tests\n\techo\n"), _make("a: b\n\techo\n%: %.in\n\techo\n"))),
    Rule("make/double", "warning", "Give one of them another name.", f"{_DOC}: with two recipes for one target the later one is used.", _applies, _doubles,
         bad=(_make("a:\n\techo 1\na:\n\techo 2\n"),), good=(_make("a: b\na:\n\techo\nb::\n\techo 1\nb::\n\techo 2\nifdef X\nc:\n\techo\nelse\nc:\n\techo\nendif\n"),)),
    Rule("make/variable", "error", "Take the name that is set.", f"{_DOC}, How to Use Variables: an unset one is empty.", _applies, _variables,
         bad=(_make("IMAGE := a\na:\n\tdocker push $(IMAGE_NAME)\n"), _make("a:\n\trm -rf $(OUT)/*\n")), good=(_make("IMAGE := a\na:\n\tdocker push $(IMAGE) $(SERVER) $$HOME $(shell ls)\n"), _make("a:\n\trm -rf out $(MORE)\n"), _make("# TARGET_DIR: where\nTARGET ?= a\na:\n\trm -rf $(TARGET_DIR)/*\n"))),
    Rule("make/shell", "error", "Write `$$name` for the shell's variables, and let a failure stop make.", f"{_DOC}, Using Variables in Recipes and Errors in Recipes.", _applies, _shells,
         bad=(_make("a:\n\tfor each in b c; do echo $each; done\n"), _make("test:\n\t-go test ./...\n")), good=(_make("a:\n\tfor each in b c; do echo $$each $${each}; done\n\t-rm -f b\n\t@go test ./...\n"),)),
)  # fmt: skip
