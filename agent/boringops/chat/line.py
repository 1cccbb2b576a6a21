"""The input line: history per repository, completion of commands, files and runs, several lines, pastes in one piece."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from prompt_toolkit.completion import CompleteEvent, Completion
    from prompt_toolkit.document import Document

LONG_PASTE_CHARACTERS = 800
"""A longer paste, or one of more lines than fit a glance, is shown as one word and sent whole."""
LONG_PASTE_LINES = 8
HISTORY_ENTRY_CHARACTERS = 10_000
"""A longer message is not kept in the history, which is read whole at the start."""
_WORD = re.compile(r"(?:^|(?<=\s))@(\S*)$")


class InputLine:
    """Reads messages. `complete` gives (word, meaning) pairs for what stands before the cursor's word."""

    def __init__(
        self,
        history: Path,
        *,
        mask: Callable[[str], str],
        files: Callable[[], list[str]],
        commands: dict[str, str],
        runs: Callable[[], list[str]],
        toolbar: Callable[[], str],
        keys: Literal["emacs", "vi"],
        opened: Callable[[], None],
    ) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.enums import EditingMode
        from prompt_toolkit.output.color_depth import ColorDepth

        self._pastes: dict[str, str] = {}
        plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        self._session: PromptSession[str] = PromptSession(
            history=_history(history, mask),
            completer=_completer(files, commands, runs),
            complete_while_typing=True,
            multiline=True,
            prompt_continuation="  ",
            key_bindings=self._bindings(opened),
            bottom_toolbar=toolbar,
            editing_mode=EditingMode.VI if keys == "vi" else EditingMode.EMACS,
            color_depth=ColorDepth.DEPTH_1_BIT if plain else None,
            enable_suspend=True,
            reserve_space_for_menu=6,
        )

    def read(self, typed: str = "") -> str:
        """One message. Raises KeyboardInterrupt at Ctrl-C on an empty line, EOFError at Ctrl-D."""
        self._pastes.clear()
        return self._whole(self._session.prompt("> ", default=typed))

    def ask(self, question: str) -> str:
        """One line that belongs to no history, for an answer in the middle of a run."""
        from prompt_toolkit import PromptSession

        once: PromptSession[str] = PromptSession()
        return once.prompt(question)

    def _whole(self, text: str) -> str:
        for placeholder, pasted in self._pastes.items():
            text = text.replace(placeholder, pasted)
        return text

    def _bindings(self, opened: Callable[[], None]) -> Any:
        from prompt_toolkit.application import run_in_terminal
        from prompt_toolkit.key_binding import KeyBindings
        from prompt_toolkit.keys import Keys

        keys = KeyBindings()

        @keys.add("enter")
        def _(event: Any) -> None:
            event.current_buffer.validate_and_handle()

        @keys.add("escape", "enter")
        @keys.add("c-j")
        def _(event: Any) -> None:
            event.current_buffer.insert_text("\n")

        @keys.add("c-c")
        def _(event: Any) -> None:
            if event.current_buffer.text:
                event.current_buffer.reset()
            else:
                event.app.exit(exception=KeyboardInterrupt)

        @keys.add("c-o")
        def _(_: Any) -> None:
            run_in_terminal(opened)

        @keys.add(Keys.BracketedPaste)
        def _(event: Any) -> None:
            pasted = event.data.replace("\r\n", "\n").replace("\r", "\n")
            if len(pasted) > LONG_PASTE_CHARACTERS or pasted.count("\n") >= LONG_PASTE_LINES:
                event.current_buffer.insert_text(self.paste(pasted))
            else:
                event.current_buffer.insert_text(pasted)

        return keys

    def paste(self, pasted: str) -> str:
        """The word that stands for a long paste."""
        lines = pasted.count("\n") + 1
        placeholder = f"[paste {len(self._pastes) + 1}: {len(pasted):,} characters, {lines:,} lines]"
        self._pastes[placeholder] = pasted
        return placeholder


def _history(path: Path, mask: Callable[[str], str]) -> Any:
    from prompt_toolkit.history import FileHistory

    class Masked(FileHistory):
        """On disk, so without secrets; and readable by the user alone."""

        def store_string(self, string: str) -> None:
            if len(string) <= HISTORY_ENTRY_CHARACTERS:
                super().store_string(mask(string))

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    return Masked(str(path))


def _completer(files: Callable[[], list[str]], commands: dict[str, str], runs: Callable[[], list[str]]) -> Any:
    from prompt_toolkit.completion import Completer, Completion

    class Words(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
            del complete_event
            for word, start, meaning in completions(document.text_before_cursor, files, commands, runs):
                yield Completion(word, start_position=start, display_meta=meaning)

    return Words()


def completions(
    text: str, files: Callable[[], list[str]], commands: dict[str, str], runs: Callable[[], list[str]]
) -> Iterator[tuple[str, int, str]]:
    """(word, where it begins relative to the cursor, meaning) for what is being typed."""
    if text.startswith("/") and "\n" not in text:
        verb, space, rest = text.partition(" ")
        if not space:
            for name, meaning in commands.items():
                if name.startswith(verb):
                    yield name, -len(verb), meaning
        elif verb in {"/resume", "/undo", "/diff"}:
            for run_id in reversed(runs()):
                if run_id.startswith(rest):
                    yield run_id, -len(rest), ""
        return
    if found := _WORD.search(text):
        wanted = found[1].lower()
        near = (path for path in files() if wanted in path.lower())
        for path in sorted(near, key=lambda path: (not path.lower().startswith(wanted), len(path)))[:50]:
            yield path, -len(found[1]), ""
