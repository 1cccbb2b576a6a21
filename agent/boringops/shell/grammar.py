"""bash as the grammar reads it: its nodes, the words in them, and where it is known to see something else than bash."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from boringops.commands import Unresolved

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

ONE_WORD = frozenset({"word", "number", "string", "raw_string", "ansi_c_string"})
ONE_LINE = frozenset({"command", "redirected_statement", "file_redirect", "declaration_command", "unset_command"})
EVALUATED = frozenset({"test_command", "arithmetic_expansion", "subscript", "c_style_for_statement", "expansion"})
TRANSPARENT = frozenset({
    "program", "list", "pipeline", "subshell", "compound_statement", "do_group", "if_statement", "elif_clause",
    "else_clause", "while_statement", "for_statement", "case_statement", "case_item", "negated_command",
    "function_definition", "command_substitution", "process_substitution", "string", "concatenation",
    "translated_string", "array", "binary_expression", "unary_expression", "ternary_expression",
    "parenthesized_expression", "postfix_expression", "heredoc_body", "brace_expression",
})  # fmt: skip
LEAVES = frozenset({
    "word", "number", "raw_string", "ansi_c_string", "string_content", "simple_expansion", "variable_name",
    "special_variable_name", "comment", "extglob_pattern", "regex", "test_operator", "file_descriptor",
    "heredoc_start", "heredoc_end", "heredoc_content",
})  # fmt: skip


@cache
def parser() -> Parser:
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))


_SPELT = re.compile(r"%%([0-9a-f]{2,6})%%")


def spell(text: str) -> str | None:
    """The text in ASCII, as the grammar may read it: its scanner looks characters up in C tables that end at 255, and
    the process can die of one beyond. None where the text could be taken for such a spelling itself.

    To bash a character outside ASCII is a part of a word and never of a name; `%` is the same."""
    if _SPELT.search(text):
        return None
    return re.sub(r"[^\x00-\x7f]", lambda found: f"%%{ord(found[0]):x}%%", text)


def _plain(text: str) -> str:
    return _SPELT.sub(lambda found: chr(int(found[1], 16)), text)


def text_of(node: Node | None) -> str:
    return _plain(node.text.decode()) if node is not None and node.text is not None else ""


def walk(root: Node) -> Iterator[Node]:
    nodes = [root]
    while nodes:
        node = nodes.pop()
        yield node
        nodes += node.named_children


_ESCAPED = r"(?<!\\)(?:\\\\)*"
_HIDDEN = {
    # Signs that bash acts on, in leaves where the grammar took them for plain text.
    **dict.fromkeys(
        ("word", "regex", "extglob_pattern", "variable_name"), re.compile(_ESCAPED + r"(?:`|[$<>]\(|\$\{)")
    ),
    **dict.fromkeys(("string_content", "heredoc_content"), re.compile(_ESCAPED + r"(?:`|\$[({])")),
}
_SEPARATOR = re.compile(_ESCAPED + r"[;|&<>\n]")


def misread(node: Node, text: str) -> bool:
    """Whether the grammar is known to see here something else than bash does."""
    kind = node.type
    if kind == "comment":  # `"a"#b` and `a\ #b` are one word to bash
        before = text.encode()[: node.start_byte]
        return bool(before) and (before[-1:] not in b" \t\n;&|()" or before[-2:-1] == b"\\")
    if kind in ONE_LINE:  # a newline ends the command to bash, whatever stands around it
        ends = [child.end_byte for child in node.children]
        starts = [child.start_byte for child in node.children[1:]]
        source = text.encode()
        return any(re.search(rb"(?<!\\)\n", source[a:b]) for a, b in zip(ends, starts, strict=False))
    if kind == "simple_expansion":  # `$ x` is two words to bash
        return re.fullmatch(r"\$(?:\w+|[^\w\s\\])", text_of(node)) is None
    if kind == "heredoc_body" and not _is_quoted_heredoc(node.parent):
        return re.search(_ESCAPED + "`", text_of(node)) is not None
    hidden = _HIDDEN.get(kind)
    if hidden is not None and kind != "heredoc_content" and hidden.search(text_of(node)):
        return True
    if kind == "heredoc_content" and not _is_quoted_heredoc(node.parent and node.parent.parent):
        return _HIDDEN[kind].search(text_of(node)) is not None
    return kind == "word" and _SEPARATOR.search(text_of(node)) is not None


def _is_quoted_heredoc(redirect: Node | None) -> bool:
    """Whether the text is taken literally, because a part of its delimiter is quoted."""
    children = redirect.named_children if redirect is not None else []
    start = next((text_of(child) for child in children if child.type == "heredoc_start"), "")
    return re.search(r"['\"\\]", start) is not None


def heredoc(redirects: Iterable[Node]) -> str | None:
    """Text that is given on standard input, where it is literal."""
    for node in redirects:
        if node.type == "heredoc_redirect":
            body = next((child for child in node.named_children if child.type == "heredoc_body"), None)
            text = text_of(body)
            return text if _is_quoted_heredoc(node) or not re.search(r"[$`\\]", text) else None
        if node.type == "herestring_redirect" and node.named_children:
            value = word(node.named_children[-1])
            return None if isinstance(value, Unresolved) else value
    return None


def _string(node: Node) -> str:
    """A double-quoted word: what stands between the quotes, taken from the source, since the grammar drops spaces."""
    assert node.text is not None  # noqa: S101 - only an edited tree has nodes without text
    expansions = [child for child in node.named_children if child.type != "string_content"]
    source, start = node.text, node.start_byte
    begin = source.index(b'"') + 1
    pieces, at = [], begin
    for child in expansions:
        pieces.append(_plain(_unescape(source[at : child.start_byte - start].decode())))
        pieces.append(text_of(child))
        at = child.end_byte - start
    pieces.append(_plain(_unescape(source[at:-1].decode())))
    value = "".join(pieces)
    if not expansions:
        return value
    return Unresolved(value, may_be_option=value[:1] == "-" or expansions[0].start_byte - start == begin)


def _unescape(text: str) -> str:
    return re.sub(r'\\([$`"\\\n])', lambda found: "" if found[1] == "\n" else found[1], text)


def _ansi_c(text: str) -> str:
    if re.search(r"\\[cuU]|[^\x00-\x7f]", text):
        return Unresolved(text)
    try:
        return codecs.decode(re.sub(r"\\e|\\E", r"\\x1b", text.replace("\\?", "?")), "unicode_escape")
    except UnicodeDecodeError:
        return Unresolved(text)


def word(node: Node) -> str:
    """The value of a word as the program gets it, or `Unresolved`."""
    kind, text = node.type, text_of(node)
    if kind in ("word", "number", "extglob_pattern", "regex", "test_operator") or not node.is_named:
        if re.search(r"(?<!\\)\{[^}]*(?:,|\.\.)[^}]*\}", text):
            return Unresolved(text)
        return re.sub(r"\\(\n)?(?P<char>.)?", lambda found: found["char"] or "", text, flags=re.S)
    if kind == "raw_string":
        return text[1:-1]
    if kind == "ansi_c_string":
        return _ansi_c(text[2:-1])
    if kind == "process_substitution":
        return Unresolved(text, may_be_option=False)
    if kind in ("string", "translated_string"):
        return _string(node)
    if kind == "concatenation":
        pieces = [word(child) for child in node.children]
        value = "".join(pieces)
        braces = re.search(r"\{.*(?:,|\.\.).*\}", "".join(text_of(c) for c in node.children if c.type == "word"))
        if not braces and not any(isinstance(piece, Unresolved) for piece in pieces):
            return value
        splits = braces or any(child.type not in ONE_WORD for child in node.children)
        named = not isinstance(pieces[0], Unresolved) and re.match(r"--?[\w-]+=|[^-]", pieces[0])
        return Unresolved(value, may_be_option=bool(splits or not named))
    return Unresolved(text)
