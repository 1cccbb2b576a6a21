"""`boringops serve mcp|a2a|acp`: boringops for other programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from boringops.cli import options as opt
from boringops.cli.output import fail

if TYPE_CHECKING:
    from boringops.serve.desk import Desk

app = typer.Typer(help="Serve other programs: MCP, A2A, ACP.", no_args_is_help=True, rich_markup_mode=None)

Roots = Annotated[
    list[Path] | None,
    typer.Option(
        "--root", metavar="DIR", help="Repository, or folder of repositories, that clients may use. Repeatable."
    ),
]
Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", metavar="FILE", help="Clients must send this as a bearer token.")
]


@app.command()
def mcp(
    root: Roots = None,
    http: Annotated[
        bool, typer.Option("--http", help="Streamable HTTP in place of standard input and output.")
    ] = False,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port for --http; 0 takes a free one.")] = 8331,
    token_file: TokenFile = None,
    persona: opt.PersonaName = None,
    model: opt.ModelId = None,
    offline: opt.Offline = False,
    sets: opt.Sets = None,
) -> None:
    """Serve MCP over standard input and output, or over HTTP."""
    with _explained("mcp"):
        from boringops.serve.mcp_server import build

        desk = _desk(root, sets, persona=persona, model=model, offline=offline)
        try:
            if http:
                from boringops.serve.http import listen, read_token, require_safe

                token = read_token(token_file)
                require_safe(host, token)

                def made(url: str) -> Any:
                    from mcp.server.transport_security import TransportSecuritySettings

                    _say(f"MCP at {url}/mcp")
                    ours = TransportSecuritySettings(enable_dns_rebinding_protection=False)  # `Guard` does it
                    return build(desk).streamable_http_app(host=host, transport_security=ours)

                listen(made, host=host, port=port, token=token)
            else:
                build(desk).run("stdio")
        finally:
            desk.close()


@app.command()
def a2a(
    root: Roots = None,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen on; 0 takes a free one.")] = 8332,
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="The address the agent card gives, behind a proxy.")
    ] = None,
    token_file: TokenFile = None,
    persona: opt.PersonaName = None,
    model: opt.ModelId = None,
    offline: opt.Offline = False,
    sets: opt.Sets = None,
) -> None:
    """Serve A2A over HTTP: an agent card, tasks that wait for answers and approval, streaming."""
    with _explained("a2a"):
        from boringops.serve.a2a_server import build
        from boringops.serve.http import listen, read_token, require_safe

        token = read_token(token_file)
        require_safe(host, token)
        desk = _desk(root, sets, persona=persona, model=model, offline=offline)

        def made(address: str) -> Any:
            _say(f"A2A at {url or address}/")
            return build(desk, url or address, token=token is not None)

        try:
            listen(made, host=host, port=port, token=token)
        finally:
            desk.close()


@app.command()
def acp(
    root: Roots = None,
    persona: opt.PersonaName = None,
    model: opt.ModelId = None,
    offline: opt.Offline = False,
    sets: opt.Sets = None,
) -> None:
    """Serve ACP over standard input and output, for editors."""
    with _explained("acp"):
        import asyncio

        from boringops.serve.acp_agent import serve

        desk = _desk(root, sets, persona=persona, model=model, offline=offline)
        try:
            asyncio.run(serve(desk))
        finally:
            desk.close()


def _desk(root: list[Path] | None, sets: list[str] | None, **flags: Any) -> Desk:
    from boringops.repository import Repository
    from boringops.serve.desk import Desk

    return Desk(tuple(root or [Repository(Path()).root]), opt.flags_of(**flags), sets or [])


def _say(text: str) -> None:
    """To standard error: standard output belongs to the protocol."""
    print(text, file=sys.stderr, flush=True)


_NEEDED = {"mcp": {"mcp", "mcp_types", "uvicorn", "starlette"}, "a2a": {"a2a", "uvicorn", "starlette"}, "acp": {"acp"}}


@contextmanager
def _explained(extra: str) -> Iterator[None]:
    """A missing extra and a wrong option, said with the way out and exit code 2."""
    from boringops.errors import BoringopsError, UsageError

    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _NEEDED[extra]:
            raise
        fail(
            UsageError(
                f"`serve {extra}` needs an extra that is not installed.", hint=f"pip install 'boringops[{extra}]'"
            )
        )
    except BoringopsError as error:
        fail(error)
    except KeyboardInterrupt:
        sys.exit(130)
