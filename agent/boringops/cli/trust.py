"""`boringops trust`: let the repository's own configuration do what takes effect by itself."""

from __future__ import annotations

import json
from pathlib import Path

from boringops.cli import options as opt
from boringops.cli.output import fail, say


def trust(repo: opt.Repo = Path(), persona: opt.PersonaName = None, output: opt.Format = opt.Output.text) -> None:
    """Trust what .boringops.toml and the repository's persona start, where they send the conversation, and a sandbox taken away."""
    from boringops import trust as trusting
    from boringops.errors import BoringopsError
    from boringops.specialist import Specialist

    try:
        specialist = Specialist(repo, persona=persona)
        asked = specialist.to_trust(specialist.load_persona())
        trusting.give(specialist.repository.state_dir, asked)
    except BoringopsError as error:
        fail(error)
    if output is not opt.Output.text:
        say(json.dumps({"trusted": asked}, ensure_ascii=False))
        return
    if not asked:
        say("Nothing here needs to be trusted.")
        return
    say("\n".join(["Trusted, until it changes:", *(f"  {setting} {what}" for setting, what in asked.items())]))
