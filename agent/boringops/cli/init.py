"""`boringops init`: a first memory bank from what the repository shows."""

from __future__ import annotations

import json
from pathlib import Path

from boringops.cli import options as opt
from boringops.cli.output import fail


def init(repo: opt.Repo = Path(), output: opt.Format = opt.Output.text) -> None:
    """Write a first memory bank. Files that are there already stay as they are."""
    from boringops import inventory as taking
    from boringops.errors import BoringopsError, UsageError
    from boringops.specialist import Specialist
    from boringops_tools.blueprints.first_memory import first_memory_bank

    written: list[str] = []
    kept: list[str] = []
    try:
        specialist = Specialist(repo)
        root, files = specialist.repository.root, specialist.repository.files()
        taken = taking.take(root, files, specialist.load_persona().protocol.inventory_globs)
        there = {path.lower() for path in files}
        for path, text in first_memory_bank(root, files, taken).items():
            target = root / path
            if path.lower() in there or target.exists():
                kept.append(path)
                continue
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
            except OSError as error:
                raise UsageError(f"{path} cannot be written: {error.strerror}") from error
            written.append(path)
    except BoringopsError as error:
        fail(error)
    if output is not opt.Output.text:
        print(json.dumps({"written": written, "kept": kept}))
        return
    for path in written:
        print(f"wrote  {path}")
    for path in kept:
        print(f"kept   {path}")
    if written:
        print("\nRead them, mend what is wrong, and commit them: every run starts from them.")
