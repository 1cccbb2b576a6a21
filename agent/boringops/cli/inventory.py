"""`boringops inventory`: which applications and what infrastructure are here."""

from __future__ import annotations

import json
from pathlib import Path

from boringops.cli import options as opt
from boringops.cli.output import fail


def inventory(repo: opt.Repo = Path(), persona: opt.PersonaName = None, output: opt.Format = opt.Output.text) -> None:
    """List the repository's applications and infrastructure files, each fact with where it was read."""
    from boringops import config
    from boringops import inventory as taking
    from boringops.cli.persona import load
    from boringops.errors import BoringopsError
    from boringops.repository import Repository
    from boringops_tools.stack import detect, render

    try:
        repository = Repository(repo)
        root = repository.root
        who = load(config.load(root, flags=opt.flags_of(persona=persona)).persona, root)
        files = repository.files()
        taken = taking.take(root, files, who.protocol.inventory_globs)
        stack = detect(root, files)
    except BoringopsError as error:
        fail(error)
    if output is opt.Output.text:
        print("Applications\n")
        print(render.text(stack))
        print("\nInfrastructure\n")
        print(taking.render(taken))
    else:
        found = {
            "applications": stack.model_dump(mode="json")["applications"],
            "others": stack.model_dump(mode="json")["others"],
        }
        print(json.dumps(taken.model_dump(mode="json") | found, ensure_ascii=False))
