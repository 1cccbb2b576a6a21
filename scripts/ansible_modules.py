"""Write what the checks know of ansible.builtin: `python scripts/ansible_modules.py`, where ansible-core is installed.

Only facts are taken over: names of modules and options, which of them are required, and the choices of those that have some.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import ansible
import yaml
from ansible.release import __version__

PACKAGE = Path(ansible.__file__).parent
TARGET = Path(__file__).parents[1] / "tools/boringops_tools/checks/ansible_modules.txt"
# The documentation leaves these to the package manager; all of them know them.
_STATES = {"package": ["absent", "installed", "latest", "present", "removed"]}


def _texts(body: list[ast.stmt]) -> dict[str, str]:
    """The assignments of string constants among statements."""
    return {
        target.id: each.value.value
        for each in body
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant) and isinstance(each.value.value, str)
        for target in each.targets
        if isinstance(target, ast.Name)
    }


def _fragments() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for place in (PACKAGE / "plugins/doc_fragments").glob("*.py"):
        for each in ast.parse(place.read_text()).body:
            for name, text in _texts(each.body).items() if isinstance(each, ast.ClassDef) else ():
                key = place.stem if name == "DOCUMENTATION" else f"{place.stem}.{name.lower()}"
                found[key] = (yaml.safe_load(text) or {}).get("options") or {}
    return found


def _line(name: str, options: dict[str, dict[str, Any]]) -> str:
    words = []
    for option, form in options.items():
        one_of = list(form.get("choices") or ()) if form.get("type") not in ("bool", "list") else []
        one_of = [str(each) for each in one_of] or (_STATES.get(name, []) if option == "state" else [])
        plain = all(each and " " not in each for each in one_of)
        names = form.get("aliases") or []
        for each in (option, *names):
            mark = "!" if form.get("required") and not names else ""
            words.append(f"{mark}{each}" + (f"={','.join(sorted(one_of))}" if one_of and plain else ""))
    return f"{name}: {' '.join(sorted(words, key=lambda word: word.lstrip('!')))}"


def main() -> None:
    fragments = _fragments()
    lines = []
    for place in sorted((PACKAGE / "modules").glob("[a-z]*.py")):
        text = _texts(ast.parse(place.read_text()).body).get("DOCUMENTATION")
        if not text:
            continue
        said = yaml.safe_load(text)
        taken = said.get("extends_documentation_fragment") or []
        options: dict[str, dict[str, Any]] = {}
        for each in [taken] if isinstance(taken, str) else taken:
            options |= fragments.get(each.removeprefix("ansible.builtin."), {})
        lines.append(_line(place.stem, options | (said.get("options") or {})))
    version = ".".join(__version__.split(".")[:2])
    TARGET.write_text(
        f"# The modules of ansible.builtin, as of ansible-core {version}: options (! marks those that must be given) and their\n"
        "# choices. Written by scripts/ansible_modules.py.\n" + "\n".join(lines) + "\n"
    )


if __name__ == "__main__":
    main()
