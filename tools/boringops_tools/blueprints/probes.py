"""Health checks in exec form, each with what its image has: HTTP where the code has a health route, else the open port."""

from __future__ import annotations

from boringops_tools.stack.facts import Application


def bash(app: Application) -> list[str]:
    """bash opens connections by itself (`/dev/tcp`); for images with neither curl nor a language to ask with."""
    opened = f"exec 3<>/dev/tcp/127.0.0.1/{app.port}"
    if app.health is None:
        return ["bash", "-c", opened]
    asked = rf"printf 'GET {app.health.path} HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3"
    return ["bash", "-c", f'{opened} && {asked} && read -r _ status _ <&3 && [ "$status" -lt 400 ]']


def ruby(app: Application) -> list[str]:
    if app.health is None:
        return ["ruby", "-rsocket", "-e", f"TCPSocket.new('127.0.0.1', {app.port}).close"]
    asked = f"Net::HTTP.get_response(URI('http://127.0.0.1:{app.port}{app.health.path}')).code.to_i < 400"
    return ["ruby", "-rnet/http", "-e", f"exit({asked})"]


def php(app: Application) -> list[str]:
    if app.health is None:
        return ["php", "-r", f"exit(@fsockopen('127.0.0.1', {app.port}, $code, $said, 4) ? 0 : 1);"]
    asked = f"@file_get_contents('http://127.0.0.1:{app.port}{app.health.path}')"
    return ["php", "-r", f"exit({asked} === false ? 1 : 0);"]


def _fetch(app: Application, leave: str) -> str:
    if app.health is None:
        raise ValueError("there is no route to ask")
    url = f"http://127.0.0.1:{app.port}{app.health.path}"
    return f"fetch('{url}',{{redirect:'manual'}}).then(r=>{leave}(r.status<400?0:1),()=>{leave}(1))"


def bun(app: Application) -> list[str]:
    if app.health is not None:
        return ["bun", "-e", _fetch(app, "process.exit")]
    return [
        "bun",
        "-e",
        f"require('net').connect({app.port},'127.0.0.1').on('connect',()=>process.exit(0)).on('error',()=>process.exit(1))",
    ]


def deno(app: Application) -> list[str]:
    if app.health is not None:
        return ["deno", "eval", _fetch(app, "Deno.exit")]
    return ["deno", "eval", f"Deno.connect({{port:{app.port}}}).then(()=>Deno.exit(0),()=>Deno.exit(1))"]


def wget(app: Application) -> list[str]:
    """BusyBox in nginx' Alpine image. The site's own first page is what it is there for."""
    return ["wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{app.port}/"]
