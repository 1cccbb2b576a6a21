"""Runs Terraform with providers that know their schemas and nothing else.

    python -m boringops_tools.terraform.stub SCHEMAS COMMAND...

`SCHEMAS` is a JSON file: {provider address: {"configuration": block, "resources": {type: block}, "data": {...}}}, blocks
as in `tables`. Each provider is served by gRPC on a unix socket of its own, and TF_REATTACH_PROVIDERS tells Terraform of
them: no plugin is installed, no registry asked. Nothing here can reach a cloud: what is not a question for a schema or
for its validity is refused.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from concurrent import futures
from pathlib import Path
from typing import Any

_NESTING = {"single": 1, "list": 2, "set": 3, "map": 4}
_WRITE_ONLY = b"\x58\x01"
"""Field 11 of an attribute, set: the classes of the `tf` package do not know it yet, but pass it on."""
_LONGEST = 80
_MOST_MESSAGE = 64 * 1024 * 1024


def _block(messages: Any, made: dict[str, Any], *, configuration: bool = False) -> Any:
    block = messages.Schema.Block()
    for name, (flag, kind) in made.get("a", {}).items():
        attribute = block.attributes.add(name=name, type=json.dumps(kind).encode())
        attribute.required = flag == "r"
        attribute.optional = flag == "o"
        write_only = name.endswith("_wo")
        attribute.computed = flag == "c" or (flag == "o" and not configuration and not write_only)
        if write_only:
            attribute.MergeFromString(_WRITE_ONLY)
    for name, (nesting, least, most, inner) in made.get("b", {}).items():
        single = nesting == "single"
        block.block_types.add(
            type_name=name, nesting=_NESTING[nesting], min_items=0 if single else least, max_items=0 if single else most,
            block=_block(messages, inner, configuration=configuration),
        )  # fmt: skip
    return block


def response(messages: Any, schemas: dict[str, Any]) -> Any:
    """What a provider answers when it is asked for its schemas."""
    made = messages.GetProviderSchema.Response()
    made.provider.block.CopyFrom(_block(messages, schemas.get("configuration", {}), configuration=True))
    for name, each in schemas.get("resources", {}).items():
        made.resource_schemas[name].block.CopyFrom(_block(messages, each))
    for name, each in schemas.get("data", {}).items():
        made.data_source_schemas[name].block.CopyFrom(_block(messages, each))
    return made


def serve(schemas: dict[str, Any], place: str) -> Any:
    """Start to serve one provider on a socket; the server is returned so that it stays."""
    import grpc
    from tf.gen import grpc_controller_pb2, grpc_controller_pb2_grpc, grpc_stdio_pb2_grpc, tfplugin_pb2_grpc
    from tf.gen import tfplugin_pb2 as messages

    answer = response(messages, schemas)

    class Provider(tfplugin_pb2_grpc.ProviderServicer):  # type: ignore[misc, name-defined, unused-ignore]
        """What it does not answer, gRPC refuses as unimplemented."""

        def GetProviderSchema(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
            return answer

        def ValidateProviderConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
            return messages.ValidateProviderConfig.Response()

        def ValidateResourceConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
            return messages.ValidateResourceConfig.Response()

        def ValidateDataResourceConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
            return messages.ValidateDataResourceConfig.Response()

        def StopProvider(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
            return messages.StopProvider.Response()

    class Controller(grpc_controller_pb2_grpc.GRPCControllerServicer):  # type: ignore[misc, name-defined, unused-ignore]
        def Shutdown(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
            return grpc_controller_pb2.Empty()

    class Output(grpc_stdio_pb2_grpc.GRPCStdioServicer):  # type: ignore[misc, name-defined, unused-ignore]
        def StreamStdio(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
            return iter([])

    options = [("grpc.max_send_message_length", _MOST_MESSAGE)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), options=options)
    tfplugin_pb2_grpc.add_ProviderServicer_to_server(Provider(), server)  # type: ignore[no-untyped-call, unused-ignore]
    grpc_controller_pb2_grpc.add_GRPCControllerServicer_to_server(Controller(), server)  # type: ignore[no-untyped-call, unused-ignore]
    grpc_stdio_pb2_grpc.add_GRPCStdioServicer_to_server(Output(), server)  # type: ignore[no-untyped-call, unused-ignore]
    server.add_insecure_port(f"unix://{place}")
    server.start()
    return server


def _short() -> str | None:
    """Where sockets go: their paths may have no more than about a hundred bytes."""
    return None if len(os.fsencode(tempfile.gettempdir())) < _LONGEST else "/tmp"  # noqa: S108


def main(arguments: list[str]) -> int:
    schemas, *command = arguments
    with tempfile.TemporaryDirectory(prefix="tf-", dir=_short()) as folder:
        servers, attached = [], {}
        for number, (address, each) in enumerate(json.loads(Path(schemas).read_text("utf-8")).items()):
            place = f"{folder}/{number}"
            servers.append(serve(each, place))
            attached[address] = {
                "Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True,
                "Addr": {"Network": "unix", "String": place},
            }  # fmt: skip
        done = subprocess.run(
            command,
            env={**os.environ, "TF_REATTACH_PROVIDERS": json.dumps(attached)},
            check=False,
            stdin=subprocess.DEVNULL,
        )
        for server in servers:
            server.stop(None)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
