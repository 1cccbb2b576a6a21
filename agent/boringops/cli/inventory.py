"""`boringops inventory`: what infrastructure is here."""

from __future__ import annotations

import json
from pathlib import Path

from boringops.cli import options as opt
from boringops.cli.output import fail


def inventory(repo: opt.Repo = Path(), persona: opt.PersonaName = None, output: opt.Format = opt.Output.text) -> None:
    """List the infrastructure files of the repository, with tool, versions and environments."""
    from boringops import config
    from boringops import inventory as taking
    from boringops.cli.persona import load
    from boringops.errors import BoringopsError
    from boringops.repository import Repository

    try:
        repository = Repository(repo)
        root = repository.root
        who = load(config.load(root, flags=opt.flags_of(persona=persona)).persona, root)
        taken = taking.take(root, repository.files(), who.protocol.inventory_globs)
    except BoringopsError as error:
        fail(error)
    if output is opt.Output.text:
        print(taking.render(taken))
    else:
        print(json.dumps(taken.model_dump(mode="json"), ensure_ascii=False))
