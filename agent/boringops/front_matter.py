"""The front matter of a persona file, in Claude Code's subagent format.

It is read the way the files in the field need it, leniently where that costs nothing, and strictly where it grants or
takes tools: a misspelt `allowed-tools` that silently means "all tools" is an accident.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path

from boringops.errors import UsageError
from boringops.mcp_servers import McpServer, of_persona

MAX_BYTES = 1024 * 1024
MODEL_ALIASES = {
    "opus": "claude-opus-5-5",
    "sonnet": "claude-sonnet-5-5",
    "haiku": "claude-haiku-5-5",
    "fable": "claude-fable-5-2",
    "best": "claude-opus-5-5",
    "opusplan": "claude-sonnet-5-5",
}
_CHOICES = {
    "effort": ("low", "medium", "high", "xhigh", "max"),
    "permissionMode": ("default", "manual", "acceptEdits", "plan", "auto", "dontAsk", "bypassPermissions"),
    "color": ("red", "blue", "green", "yellow", "purple", "orange", "pink", "cyan"),
}
_HONOURED = {"name", "description", "tools", "disallowedTools", "model", "maxTurns", "mcpServers", *_CHOICES}
_WITHOUT_EFFECT = {"skills", "hooks", "memory", "background", "isolation", "initialPrompt"}

# Keys that would grant or take something, as people misspell them. Compared without case, dashes and underscores.
_PRIVILEGES = {
    "tools": (
        "tools", "tool", "allowedtools", "allowtools", "allowed", "allow", "permittedtools", "toollist", "toolset",
        "<<",  # a merge could bring any key, and is not followed
    ),
    "disallowedTools": (
        "disallowedtools", "disallowtools", "disallowed", "disallow", "deniedtools", "denytools", "denied", "deny",
        "blockedtools", "excludedtools", "forbiddentools",
    ),
    "permissionMode": ("permissionmode", "permissions", "permission", "permissionsmode", "permissionlevel"),
}  # fmt: skip
_PRIVILEGE_OF = {spelling: key for key, spellings in _PRIVILEGES.items() for spelling in spellings}


def _privilege(key: str) -> str | None:
    """The key that was meant, of those that grant or take something; None where none was."""
    spellings = get_close_matches(re.sub(r"[-_\s]", "", key).lower(), _PRIVILEGE_OF, n=1, cutoff=0.8)
    return _PRIVILEGE_OF[spellings[0]] if spellings else None


# Claude Code's own tools that boringops does not have: personas written for it name them in good faith.
_FOREIGN_TOOLS = {
    "Agent", "AskUserQuestion", "BashOutput", "CronCreate", "CronDelete", "CronList", "EnterPlanMode",
    "EnterWorktree", "ExitPlanMode", "ExitWorktree", "KillBash", "KillShell", "LS", "LSP", "ListMcpResourcesTool",
    "Monitor", "MultiEdit", "NotebookEdit", "NotebookRead", "PowerShell", "ReadMcpResourceTool", "SendMessage",
    "Skill", "SlashCommand", "StructuredOutput", "Task", "TaskCreate", "TaskGet", "TaskList", "TaskOutput",
    "TaskStop", "TaskUpdate", "TeamCreate", "TeamDelete", "TodoRead", "TodoWrite", "ToolSearch", "WebFetch", "WebSearch",
}  # fmt: skip
_FOREIGN_FORM = re.compile(r"mcp__.+|(?:Agent|Task|Skill)\(.*\)")
_TOOL_WITH_RULE = re.compile(r"(\w+)\(.*\)")


class FrontMatter:
    """The front matter of one file, its values asked for one by one, and the lines of the body behind it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.warnings: list[str] = []
        self.raw = self._read()
        try:
            text = self.raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = self.raw.count(b"\n", 0, error.start) + 1
            raise self.error(line, "the file is not UTF-8", "Save it as UTF-8.") from None
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self.lines = self._fenced(lines)
        self.body = lines[len(self.lines) + 2 :]
        self.body_line = len(self.lines) + 3
        self.values = self._values()
        self._check_keys()

    def error(self, line: int, problem: str, way_out: str) -> UsageError:
        return UsageError(f"{self.path}:{line}: {problem}", hint=way_out)

    def key_error(self, key: str, problem: str, way_out: str) -> UsageError:
        return self.error(self.line_of(key), problem, way_out)

    def line_of(self, key: str) -> int:
        """The line a key stands on, in the file; the opening fence's where it stands nowhere."""
        start = re.compile(rf"[\"']?{re.escape(key)}[\"']?\s*:")
        return next((number for number, line in enumerate(self.lines, start=2) if start.match(line)), 1)

    # -- from bytes to values

    def _read(self) -> bytes:
        if self.path.suffix.lower() != ".md":
            raise self.error(1, "a persona is a Markdown file", "Rename it to end in `.md`.")
        try:
            if not self.path.is_file():  # a pipe or a device would be read for ever
                raise self.error(1, "there is no such file", "Give the path of a persona file.")
            with self.path.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            raise self.error(1, f"the file cannot be read: {error}", "Check the path and its permissions.") from None
        if len(raw) > MAX_BYTES:
            raise self.error(
                1, f"the file is larger than {MAX_BYTES // 1024} KiB", "A persona is a prompt: shorten it."
            )
        return raw

    def _fenced(self, lines: list[str]) -> list[str]:
        """The lines between the two fences."""
        if lines[0].rstrip() != "---":
            if next((line for line in lines if line.strip()), "").rstrip() == "---":
                raise self.error(1, "the file starts with blank lines", "Put `---` on the first line.")
            raise self.error(1, "the file has no front matter", "Start it with `---`, `name:`, `description:`, `---`.")
        for number, line in enumerate(lines[1:], start=2):
            if line.rstrip() == "---":
                return lines[1 : number - 1]
            if re.match(r" *\t\s*\S", line):
                raise self.error(number, "the front matter is indented with a tab", "Indent with spaces.")
        raise self.error(1, "the front matter is never closed", "Put `---` on a line of its own after the last key.")

    def _values(self) -> dict[str, object]:
        """The front matter as YAML, or key by key where it is none: real personas have `: ` in their descriptions."""
        values = _yaml("\n".join(self.lines))
        if isinstance(values, dict):
            return {str(key): value for key, value in values.items()}
        return self._line_by_line()

    def _line_by_line(self) -> dict[str, object]:
        chunks: dict[str, list[str]] = {}
        key = ""
        for number, line in enumerate(self.lines, start=2):
            if match := re.match(r"([A-Za-z_][\w-]*)\s*:(?:\s|$)", line):
                key = match[1]
                if key in chunks:
                    raise self.error(number, f"`{key}` is there twice", "Keep one of the two.")
                chunks[key] = [line]
            elif key and (not line.strip() or line[0] in " -"):
                chunks[key].append(line)
            elif line.strip() and not line.startswith("#"):
                raise self.error(number, f"this is no `key: value`: {line.strip()[:60]!r}", _INDENT_HINT)
        return {key: self._value(key, chunk) for key, chunk in chunks.items()}

    def _value(self, key: str, chunk: list[str]) -> object:
        """One key's value as YAML, else as the plain text behind the colon."""
        values = _yaml("\n".join(chunk))
        if isinstance(values, dict) and list(values) == [key]:
            return values[key]
        for line in chunk[1:]:  # an indented `tools:` would be swallowed by the text above it
            swallowed = re.match(r"\s+([\w-]+)\s*:", line)
            if swallowed and _privilege(swallowed[1]):
                raise self.key_error(
                    key, f"`{swallowed[1]}` is indented under `{key}`", "Start it at the line's start."
                )
        first = chunk[0].split(":", 1)[1]
        text = " ".join(part.strip() for part in [first, *chunk[1:]] if part.strip())
        if text[:1] in ('"', "'") and len(re.findall(rf"(?<!\\){text[0]}", text)) % 2:
            raise self.key_error(key, f"the quote in `{key}` is never closed", "Close it, or leave both quotes out.")
        return text

    def _check_keys(self) -> None:
        for key in self.values:
            if key in _HONOURED:
                continue
            if right := _privilege(key):
                problem = f"`{key}` is no key of a persona; whatever it was to allow or forbid would be ignored"
                raise self.key_error(key, problem, f"Write `{right}`, or remove the line.")
            if key in _WITHOUT_EFFECT:
                self.warn(key, f"`{key}` has no effect here")
            else:
                nearest = get_close_matches(key, _HONOURED, n=1)
                self.warn(key, f"unknown key `{key}`" + (f"; did you mean `{nearest[0]}`?" if nearest else ""))

    def warn(self, key: str, problem: str) -> None:
        self.warnings.append(f"line {self.line_of(key)}: {problem}")

    # -- the values, each held to what it may be

    def name(self) -> str:
        name = self.text("name")
        if name is None:
            raise self.key_error("name", "the persona has no name", "Add `name: what-it-is` to the front matter.")
        if _NUMBER.fullmatch(name):
            raise self.key_error("name", "the name is a number", "Use letters, e.g. `name: reviewer`.")
        if name.startswith("-") or ":" in name or not name.isprintable():
            way_out = "Use one line that has no `:` and does not start with `-`."
            raise self.key_error("name", f"this cannot be a name: {name[:60]!r}", way_out)
        return name

    def description(self) -> str:
        description = self.text("description")
        if not description:
            way_out = "Add `description: when to use it` to the front matter."
            raise self.key_error("description", "the persona has no description", way_out)
        return description

    def text(self, key: str) -> str | None:
        """A scalar; None where there is none, or something else (which is warned of)."""
        value = self.values.get(key, "")
        if not isinstance(value, str):
            self.warn(key, f"`{key}` is not a text and is ignored")
            return None
        value = value.strip()
        return None if value in ("", "~", "null") else value

    def choice(self, key: str) -> str | None:
        value = self.text(key)
        if value is None or value in _CHOICES[key]:
            return value
        self.warn(key, f"`{key}: {value[:60]}` is ignored; it can be {', '.join(_CHOICES[key])}")
        return None

    def mcp_servers(self) -> dict[str, McpServer]:
        servers, problems = of_persona(self.values.get("mcpServers"))
        for problem in problems:
            self.warn("mcpServers", problem)
        return servers

    def max_turns(self) -> int | None:
        value = self.text("maxTurns")
        if value is None:
            return None
        if re.fullmatch(r"[1-9][0-9]{0,6}", value):
            return int(value)
        self.warn("maxTurns", f"`maxTurns: {value[:60]}` is ignored; it is a number of turns from 1")
        return None

    def model(self, alias: str | None) -> str | None:
        if alias is None or alias.lower() == "inherit":
            return None
        if model := MODEL_ALIASES.get(alias.lower()):
            return model
        if re.fullmatch(r"claude-[\w.@:-]+", alias):
            return alias
        known = ", ".join(MODEL_ALIASES)
        self.warn("model", f"`model: {alias[:60]}` is ignored; it can be {known}, inherit or a full `claude-...` id")
        return None

    def tools(self, key: str, known: Collection[str]) -> list[str] | None:
        """The tools a key lists; None where the key is absent or `*`. Strict: it decides what a run may do."""
        if key not in self.values:
            return None
        value = self.values[key]
        names = _split_tools(value) if isinstance(value, str) else value
        if not names:
            way_out = f"List the tools, or remove `{key}`." + (" Without it all are allowed." if key == "tools" else "")
            raise self.key_error(key, f"`{key}` has nothing behind it", way_out)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise self.key_error(key, f"`{key}` is not a list of names", f"Write `{key}: Read, Grep`.")
        if names == ["*"] and key == "tools":
            return None
        for name in names:
            self._check_tool(key, name, known)
        return list(dict.fromkeys(names))

    def _check_tool(self, key: str, name: str, known: Collection[str]) -> None:
        if name in known:
            return
        if name in _FOREIGN_TOOLS or _FOREIGN_FORM.fullmatch(name):
            unless = " unless its server is configured" if name.startswith("mcp__") else ""
            self.warn(key, f"`{name}` is not offered here{unless}")
            return
        if (rule := _TOOL_WITH_RULE.fullmatch(name)) and rule[1] in known:
            way_out = f"Write `{rule[1]}`, and put the rule under `permissions` in `.boringops.toml`."
            raise self.key_error(key, f"`{key}` takes names, no rules: `{name[:60]}`", way_out)
        folded = {tool.lower(): tool for tool in known}
        nearest = get_close_matches(name.lower(), folded, n=1)
        way_out = f"Did you mean `{folded[nearest[0]]}`?" if nearest else f"There are {', '.join(sorted(known))}."
        raise self.key_error(key, f"there is no tool `{name[:60]}`", way_out)


_NUMBER = re.compile(r"[-+]?(?:0x[0-9a-f]+|[\d_.]*\d[\d_.]*(?:e[-+]?\d+)?)", re.IGNORECASE)
_INDENT_HINT = "Indent text that goes on over several lines, or put it on the line of its key."


def _split_tools(text: str) -> list[str]:
    """`Read, Bash(git log, -p), Grep` at its outer commas."""
    names = re.findall(r"(?:[^,(]|\([^)]*\)?)+", text)
    return [name.strip() for name in names if name.strip()]


def _yaml(text: str) -> object:
    """What YAML makes of a text, every scalar a string; None where that is nothing, or an error.

    Strings, because `1e3`, `yes` or a date mean nothing here, and a number can be too long to be one.
    """
    from ruamel.yaml import YAML

    try:
        with warnings.catch_warnings(action="ignore"):  # of anchors used twice: nobody asked
            value: object = YAML(typ="base", pure=True).load(text)
    except Exception:  # the parser raises far more than YAMLError on text that is no YAML, and any of it means "no"
        return None
    return value
