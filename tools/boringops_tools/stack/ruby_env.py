"""Variables that Rails reads beside its Ruby sources: in its YAML, and by itself in production."""

from __future__ import annotations

import re

from boringops_tools.stack.facts import EnvVar, Source
from boringops_tools.stack.found import Found
from boringops_tools.stack.tree import Tree, join

_IN_YAML = re.compile(
    r"ENV(?:\.fetch\(|\[)\s*[\"'](\w+)[\"']\s*(?:,\s*[\"']?([\w./:-]+)[\"']?)?\s*[)\]]\s*(\{|\|\||do\b)?"
)


def configured(tree: Tree, folder: str, found: Found) -> None:
    """What Rails' own YAML reads while it is loaded."""
    for path in tree.below(folder, ".yml"):
        if path.rpartition("/")[0] == join(folder, "config"):
            for number, row in enumerate(tree.text(path).splitlines(), 1):
                for match in _IN_YAML.finditer(row) if not row.lstrip().startswith("#") else ():
                    insists = "fetch" in match[0] and not match[2] and not match[3]
                    found.variable(match[1], Source(path=path, line=number), match[2], required=insists)


def of_rails(tree: Tree, folder: str, found: Found, gems: dict[str, Source]) -> list[EnvVar]:
    """What Rails itself reads in production: where the database is, and the key that it signs or decrypts with."""
    named = {variable.name for variable in found.env}
    client = next((gems[name] for name in ("pg", "mysql2", "trilogy") if name in gems), None)
    told = any(re.search(r"(DB|DATABASE|PG|POSTGRES|MYSQL)\w*(HOST|URL|PASSWORD)", name) for name in named)
    more = [("DATABASE_URL", client)] if client is not None and not told else []
    sealed = [join(folder, name) for name in ("config/credentials/production.yml.enc", "config/credentials.yml.enc")]
    key = next((Source(path=path) for path in sealed if path in tree), None)
    signing = Source(path=join(folder, "config/application.rb"))
    more.append(("RAILS_MASTER_KEY", key) if key is not None else ("SECRET_KEY_BASE", signing))
    return [
        EnvVar(name=name, sources=[place], secret=True, required=True, deployed=True)
        for name, place in more
        if name not in named
    ]
