"""Running a command confined: to its work tree, without a network, a home or credentials, under limits.

`choose` finds what can confine here and tries it; `process.run` runs a command by it. Backends: `bubblewrap` (full),
`landlock` (partial, where user namespaces are forbidden), `seatbelt` (macOS).
"""

from __future__ import annotations

from boringops.sandbox.base import Backend as Backend
from boringops.sandbox.base import Box as Box
from boringops.sandbox.base import Limits as Limits
from boringops.sandbox.choice import Sandbox as Sandbox
from boringops.sandbox.choice import choose as choose
from boringops.sandbox.environment import scrubbed_environment as scrubbed_environment
from boringops.sandbox.output import visible as visible
from boringops.sandbox.process import run as run
