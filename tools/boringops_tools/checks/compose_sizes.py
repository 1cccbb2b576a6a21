"""Compose: amounts, copies and addresses that the engine refuses, or cannot give together."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose

# As Docker reads it: a number, a letter, and behind that `b` or `ib`.
_SIZE = lazy_pattern(r"(?i)(\d+(?:\.\d+)?)\s?(?:([kmgtp])(?:i?b)?|b)?")
_SIZES = ("mem_limit", "memswap_limit", "mem_reservation", "shm_size")
_POWERS = {letter: 1024**power for power, letter in enumerate("kmgtp", 1)}
# What only a swarm reads: there many copies share one published port.
_SWARM = frozenset({"mode", "update_config", "rollback_config", "placement", "restart_policy", "endpoint_mode"})


def _documents(files: Files, path: str) -> Mapping[Any, Any]:
    found = files.documents(path)
    return mapping(found[0]) if found else {}


def _services(document: Mapping[Any, Any]) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    for name, service in mapping(document, "services").items():
        yield str(name), mapping(service)


def _amounts(service: Mapping[Any, Any]) -> Iterator[tuple[Mapping[Any, Any], str, Any]]:
    for key in _SIZES:
        yield service, key, service.get(key)
    yield mapping(service, "build"), "shm_size", mapping(service, "build").get("shm_size")
    for key in ("limits", "reservations"):
        part = mapping(service, "deploy", "resources", key)
        yield part, "memory", part.get("memory")


def amount(value: Any) -> float | None:
    """Bytes; null where it is no size."""
    match = _SIZE.fullmatch(str(value))
    return float(match[1]) * _POWERS.get((match[2] or "").lower(), 1) if match else None


def _sizes(files: Files, path: str) -> Iterator[Hit]:
    for name, service in _services(_documents(files, path)):
        for owner, key, value in _amounts(service):
            if isinstance(value, str) and "$" not in value and value != "-1" and amount(value) is None:
                yield Hit(at((owner, key)), f"service `{name}`: `{key}: {value}` is no size such as 512m or 1g")
        resources = mapping(service, "deploy", "resources")
        for owner in (service, mapping(resources, "limits"), mapping(resources, "reservations")):
            value = owner.get("cpus")
            if isinstance(value, str) and "$" not in value and not re.fullmatch(r"\d*\.?\d+|\d+\.", value):
                yield Hit(at((owner, "cpus")), f"service `{name}`: `cpus: {value}` is no number such as 0.5")
        limits, reserved = mapping(resources, "limits"), mapping(resources, "reservations")
        pairs = [(limits.get("memory"), reserved, "memory"), (service.get("mem_limit"), service, "mem_reservation")]
        for most, owner, key in pairs:
            least, top = amount(owner.get(key)), amount(most)
            if least is not None and top and least > top:
                yield Hit(at((owner, key)), f"service `{name}` reserves {owner[key]} and is limited to {most}")
        cpus = (str(reserved.get("cpus")), str(limits.get("cpus")))
        if all(re.fullmatch(r"\d*\.?\d+", each) for each in cpus) and float(cpus[0]) > float(cpus[1]):
            yield Hit(at((reserved, "cpus")), f"service `{name}` reserves {cpus[0]} CPUs and is limited to {cpus[1]}")


def _copies(files: Files, path: str) -> Iterator[Hit]:
    """Several containers of one service that would all have one name, or one port of the host."""
    document = _documents(files, path)
    swarm = any(_SWARM & set(mapping(service, "deploy")) for _, service in _services(document)) or any(
        mapping(each).get("driver") == "overlay" for each in mapping(document, "networks").values()
    )
    for name, service in _services(document):
        count = mapping(service, "deploy").get("replicas", service.get("scale"))
        if not isinstance(count, int) or count < 2:
            continue
        where = at((mapping(service, "deploy"), "replicas"), (service, "scale"))
        if "container_name" in service:
            yield Hit(where, f"service `{name}`: {count} containers cannot all be called `{service['container_name']}`")
        for port in (
            listed(service.get("ports")) if not swarm and {"build", "restart", "depends_on"} & set(service) else ()
        ):
            host = mapping(port).get("published") if isinstance(port, Mapping) else _published(str(port))
            if host is not None and re.fullmatch(r"[1-9]\d*", str(host)):
                yield Hit(where, f"service `{name}`: {count} containers cannot all have port {host} of the host")


def _published(port: str) -> str | None:
    parts = port.partition("/")[0].rsplit(":", 2)
    return parts[-2] if len(parts) > 1 else None


def _addresses(files: Files, path: str) -> Iterator[Hit]:
    document = _documents(files, path)
    subnets: dict[str, list[Any]] = {}
    for name, network in mapping(document, "networks").items():
        for each in listed(mapping(network, "ipam").get("config")):
            try:
                subnets.setdefault(str(name), []).append(ipaddress.ip_network(str(mapping(each).get("subnet"))))
            except ValueError:
                subnets.setdefault(str(name), []).append(None)
    taken: dict[tuple[str, str], str] = {}
    for name, service in _services(document):
        for network, how in mapping(service, "networks").items():
            for key in ("ipv4_address", "ipv6_address"):
                value = mapping(how).get(key)
                try:
                    address = ipaddress.ip_address(value) if isinstance(value, str) and "$" not in value else None
                except ValueError:
                    yield Hit(at((how, key)), f"service `{name}`: `{value}` is no address")
                    continue
                known = subnets.get(str(network), [])
                if address is None:
                    continue
                if known and None not in known and not any(address in each for each in known):
                    yield Hit(
                        at((how, key)),
                        f"service `{name}`: {value} is not within {', '.join(map(str, known))} of `{network}`",
                    )
                other = taken.setdefault((str(network), str(address)), name)
                if other != name and "profiles" not in service:
                    yield Hit(at((how, key)), f"service `{name}` has the address {value}, as `{other}` does")


_DOC = "Compose specification"
_C = "compose.yaml"


def _one(body: str, top: str = "") -> dict[str, str]:
    return {_C: f"services:\n  a:\n    image: a/b:1\n    restart: always\n{body}{top}"}


def _limits(text: str) -> dict[str, str]:
    return _one(f"    deploy: {{resources: {{{text}}}}}\n")


_NET = "networks: {n: {ipam: {config: [{subnet: 172.28.0.0/24}]}}}\n"

RULES = (
    Rule("compose/size", "error", "Write 512m or 1g for memory and 0.5 for CPUs; Mi and 500m are Kubernetes' words.", f"{_DOC}, byte values: b, k, m, g, or kb, mb, gb; Docker refuses other suffixes.", is_compose, _sizes,
         bad=(_one("    mem_limit: 256Mi\n"), _one("    shm_size: 1 gig\n"), _limits("limits: {cpus: 500m}"), _limits("limits: {memory: 1G}, reservations: {memory: 2G}"), _limits("limits: {cpus: '0.5'}, reservations: {cpus: '1'}")),
         good=(_one("    mem_limit: 256m\n    memswap_limit: -1\n    shm_size: 64mb\n    cpus: 0.5\n"), _limits("limits: {cpus: '0.5', memory: 1GiB}, reservations: {memory: 512M}"), _one("    mem_limit: ${MEM}\n"))),
    Rule("compose/copies", "error", "Leave the name out, and let a proxy or a range of ports stand before the copies.", f"{_DOC}, container_name: Compose does not scale a service beyond one container with it; a port of the host is bound once.", is_compose, _copies,
         bad=(_one("    ports: ['8080:80']\n    deploy: {replicas: 3}\n"), _one("    container_name: a\n    scale: 2\n"), _one("    ports: [{target: 80, published: '8080'}]\n    deploy: {replicas: 2}\n")),
         good=(_one("    ports: ['80']\n    deploy: {replicas: 3}\n"), _one("    ports: ['8080-8082:80']\n    deploy: {replicas: 3}\n"), _one("    ports: ['8080:80']\n    deploy: {replicas: 3, update_config: {order: start-first}}\n"), _one("    ports: ['8080:80']\n    deploy: {replicas: 1}\n"))),
    Rule("compose/address", "error", "Take a free address of the network's subnet.", f"{_DOC}, ipv4_address: it must be within the subnet of the network.", is_compose, _addresses,
         bad=(_one("    networks: {n: {ipv4_address: 172.29.0.5}}\n", _NET), _one("    networks: {n: {ipv4_address: 172.28.0.5}}\n  b: {image: 'a/b:1', networks: {n: {ipv4_address: 172.28.0.5}}}\n", _NET)),
         good=(_one("    networks: {n: {ipv4_address: 172.28.0.5}}\n", _NET), _one("    networks: {n: {ipv4_address: 172.29.0.5}}\n", "networks: {n: {external: true}}\n"))),
)  # fmt: skip
