"""Finding and masking secrets: the one funnel.

Whatever the runtime shows a model, writes to a journal or prints goes through `Funnel.mask`. What a file must not
contain is found by `find`, which the red flags and the last scan before a commit share, so that what is masked and what
is refused can never differ. All of it works on text and on files of this machine: nothing is looked up elsewhere,
nothing leaves the process.

`shapes`, `names` and `values` say what a secret looks like, `finding` where in a text one stands; `envfiles` and `known`
give the values that this machine is known to hold, `encodings` how such a value may be written; `masks` gives each its
lasting mask, `masking` is the funnel, `streaming` the funnel for a text that comes in pieces.

Every expression here is bounded or starts at a literal, so that hostile text costs linear time.
"""

from __future__ import annotations

from boringops.secrets.envfiles import env_file, names_only
from boringops.secrets.finding import Secret, find
from boringops.secrets.masking import Funnel, contains_mask
from boringops.secrets.names import looks_secret
from boringops.secrets.streaming import Streamed
from boringops.secrets.values import harmless

__all__ = [
    "Funnel",
    "Secret",
    "Streamed",
    "contains_mask",
    "env_file",
    "find",
    "harmless",
    "looks_secret",
    "names_only",
]
