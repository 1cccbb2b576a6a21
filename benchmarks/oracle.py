"""How far detection agrees with what two other builders expect of their own example applications.

    python benchmarks/oracle.py railpack CHECKOUT/examples
    python benchmarks/oracle.py nixpacks CHECKOUT/examples

`oracle.json` has, for each example of a stack that we know, [language, version, package manager, what is started]; null
where their tests say nothing. A version is only there where theirs is not a plain default. Prints a table by language
and every difference.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path

from boringops_tools.stack import Application, detect

FIELDS = ("language", "version", "manager", "start")


def files_of(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def likeliest(applications: list[Application], language: str, start: str | None) -> Application | None:
    """Of several applications the one that the example is about: deployable, of its language, started alike."""
    alike = [app for app in applications if app.language == language] or applications
    ordered = sorted(alike, key=lambda app: (not starts(app, start), not app.deployable))
    return ordered[0] if ordered else None


def starts(app: Application, start: str | None) -> bool:
    if start == "static":
        return app.static is not None
    names = [
        app.rust.binary if app.rust else "",
        app.dotnet.assembly if app.dotnet else "",
        app.elixir.release if app.elixir else "",
    ]
    said = " ".join([*app.command, *names]).replace("bin/next", "next")
    return start is None or start.removesuffix("/index.js") in said


def same_version(app: Application, wanted: str) -> bool:
    stated = app.version.stated.text if app.version.stated else ""
    return app.version.value == wanted or re.search(rf"(?<![\d.]){re.escape(wanted)}(?!\d)", stated) is not None


def main(suite: str, examples: Path) -> None:
    expected = json.loads(Path(__file__).with_name("oracle.json").read_text(encoding="utf-8"))[suite]
    right: Counter[tuple[str, str]] = Counter()
    asked: Counter[tuple[str, str]] = Counter()
    differences = []
    for name, (language, version, manager, start) in expected.items():
        root = examples / name
        if not root.is_dir():
            continue
        app = likeliest(detect(root, files_of(root)).applications, language, start)
        agree = {
            "language": app is not None and app.language == language,
            "version": app is not None and (version is None or same_version(app, version)),
            "manager": app is not None and manager in {None, app.manager},
            "start": app is not None and starts(app, start),
        }
        wanted = dict(zip(FIELDS, (language, version, manager, start), strict=True))
        for field in FIELDS:
            if wanted[field] is not None:
                asked[language, field] += 1
                right[language, field] += agree[field]
                if not agree[field]:
                    ours = (
                        "nothing"
                        if app is None
                        else {"language": app.language, "version": app.version.value, "manager": app.manager}.get(
                            field, " ".join(app.command)
                        )
                    )
                    differences.append(f"{name}: {field} {wanted[field]!r}, ours {ours!r}")
    print("| stack | " + " | ".join(FIELDS) + " |\n|---" + "|---" * len(FIELDS) + "|")
    for language in sorted({language for language, _ in asked}):
        cells = [
            f"{right[language, field]}/{asked[language, field]}" if asked[language, field] else "-" for field in FIELDS
        ]
        print(f"| {language} | {' | '.join(cells)} |")
    total = [
        f"{sum(n for (_, f), n in right.items() if f == field)}/{sum(n for (_, f), n in asked.items() if f == field)}"
        for field in FIELDS
    ]
    print(f"| all | {' | '.join(total)} |\n")
    print("\n".join(differences))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
