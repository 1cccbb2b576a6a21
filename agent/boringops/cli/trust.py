"""`boringops trust`: let the repository's own configuration do what takes effect by itself."""

from __future__ import annotations

import json
from pathlib import Path

from boringops.cli import options as opt
from boringops.cli.output import fail, say


def trust(repo: opt.Repo = Path(), output: opt.Format = opt.Output.text) -> None:
    """Trust what .boringops.toml starts, where it sends the conversation, and a sandbox it takes away."""
    from boringops import trust as trusting
    from boringops.errors import BoringopsError
    from boringops.specialist import Specialist

    try:
        specialist = Specialist(repo)
        asked = trusting.asks(specialist.repository.root, specialist.settings, specialist.load_persona())
        trusting.give(specialist.repository.state_dir, asked)
    except BoringopsError as error:
        fail(error)
    if output is not opt.Output.text:
        say(json.dumps({"trusted": asked}, ensure_ascii=False))
        return
    if not asked:
        say("Nothing in .boringops.toml needs to be trusted.")
        return
    say("\n".join(["Trusted, until it changes:", *(f"  {setting} {what}" for setting, what in asked.items())]))
