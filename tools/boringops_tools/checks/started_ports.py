"""Ports that systemd units make the one program of a repository listen on."""

from __future__ import annotations

from boringops_tools.checks.base import Files
from boringops_tools.patterns import lazy_pattern

_SAID = lazy_pattern(
    r"(?m)^(?:Environment=.*?\b\w*(?:PORT|LISTEN\w*|BIND\w*|ADDR(?:ESS)?)=\S*?|"
    r"ExecStart=.*?--?(?:port|bind|listen|addr(?:ess)?|p|b|l)[ =]\S*?)(?<!\d)(\d{4,5})(?![\d.])"
)
_ASIDE = lazy_pattern(r"(?:^|/)(?:tests?|examples?|docs?|vendor|node_modules)/")


def unit_ports(files: Files) -> set[int]:
    """What the one unit that tells a port says; none where several start something, or a socket does."""
    units = [each for each in files.all if each.endswith((".service", ".socket")) and not _ASIDE.search(each)]
    if len(units) != 1 or units[0].endswith(".socket"):
        return set()
    text = files.text(units[0])
    return set() if "EnvironmentFile=" in text else {int(each) for each in _SAID.findall(text)}
