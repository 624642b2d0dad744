"""One agency's tables as an HTTP service of its own process, until SIGTERM or SIGINT.

    python -m adapters.demo.rest_service --tables DIR --client-id hedui --client-secret-file FILE

DIR holds `<resource>.csv`, as `hedui demo --data` has it for one agency. The first line of its
output is the service's URL; it writes nothing about anybody. `rest_toml` is the mapping of it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import socket
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from adapters.demo.csv_table import Table, read_table
from adapters.demo.faults import DataFaultsError, fault
from adapters.demo.rest_app import Door, tables_app
from adapters.secret_file import read_source_secret
from bus.errors import HeduiError
from bus.http.sockets import listen_tcp, url_of
from bus.workbook.faults import Fault
from schemas.resources import resources

UNUSABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT.

    Args:
        arguments: The command line after the program's name; None takes this process's.

    Returns:
        The exit status: 0 after a signal, 2 when tables, secret or address cannot be used.
    """
    options = _parser().parse_args(arguments)
    try:
        tables = load_tables(options.tables)
        door = Door(options.client_id, read_source_secret(options.client_secret_file))
        listening = listen_tcp(options.listen, "--listen")
    except HeduiError as error:
        sys.stderr.write(f"{error}\n")
        return UNUSABLE
    with listening:
        sys.stdout.write(f"{url_of(listening)}\n")
        sys.stdout.flush()
        app = tables_app(tables, door)
        config = uvicorn.Config(
            app, ws="none", lifespan="off", log_config=None, access_log=False, server_header=False
        )
        asyncio.run(_serve(config, listening))
    return 0


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the signals to us: its own end the process by the signal."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture none."""
        yield


async def _serve(config: uvicorn.Config, listening: socket.socket) -> None:
    server = _Server(config)

    def stop() -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    await server.serve([listening])


def load_tables(folder: Path) -> tuple[Table, ...]:
    """Read every table of one agency.

    Raises:
        DataFaultsError: `DATA_FAULTS`, naming every fault with file, row and column.
    """
    tables: list[Table] = []
    faults: list[Fault] = []
    for file in sorted(folder.glob("*.csv")):
        resource = resources().get(file.stem)
        if resource is None:
            zh, en = "文件名不是“信息资源.csv”", "the file is not named <resource>.csv"
            faults.append(fault(file.name, "RESOURCE_UNKNOWN", zh, en))
            continue
        table, found = read_table(file, file.name, resource)
        faults += found
        tables += [table] if table else []
    if not faults and not tables:
        zh, en = "目录中没有表格", "there is no table in the folder"
        faults.append(fault(str(folder), "AGENCY_EMPTY", zh, en))
    if faults:
        raise DataFaultsError(faults)
    return tuple(tables)


def rest_toml(tables: Sequence[Table], url: str, client_id: str, secret_file: str) -> str:
    """Return the sections of an adapter's file that make the service its source.

    Args:
        tables: What it serves.
        url: Its address, as it printed it.
        client_id: As it was given.
        secret_file: The client's secret, as the adapter finds it.
    """
    source = _pairs({"kind": "rest", "url": f"{url}/api/", "health": "health"})
    oauth2 = _pairs(
        {
            "token_url": f"{url}/oauth2/token",
            "client_id": client_id,
            "client_secret_file": secret_file,
        }
    )
    entries = "".join(map(_resource, tables))
    return f"[source]\n{source}[source.oauth2]\n{oauth2}{entries}"


def _resource(table: Table) -> str:
    held = [item.name for item in table.items]
    entry: dict[str, object] = {
        "name": table.resource.name,
        "path": table.resource.name,
        "batch": 100,
        "records": "$.records",
        "count": "$.total",
        "id_number": "id_number",
        "not_held": [item.name for item in table.resource.items if item.name not in held],
    }
    if "id_type" in held:
        entry["id_type"] = "id_type"
    if "name" in held:
        entry["person_name"] = "name"
    ok = 'ok = { path = "$.code", equals = 0 }\n'
    body = _pairs({"persons": "{persons}"})
    columns = _pairs({item: item for item in held})
    return (
        f"\n[[resource]]\n{_pairs(entry)}{ok}[resource.body]\n{body}[resource.columns]\n{columns}"
    )


def _pairs(keys: Mapping[str, object]) -> str:
    # A JSON string, number or list of strings is a TOML one too.
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m adapters.demo.rest_service",
        description="机构表格的查询服务 / An agency's tables as a service",
    )
    parser.add_argument("--tables", type=Path, required=True, help="目录：<信息资源>.csv")
    parser.add_argument("--listen", default="127.0.0.1:0", help="监听地址 / Where to listen")
    parser.add_argument("--client-id", default="hedui", help="客户端标识 / OAuth 2.0 client")
    parser.add_argument(
        "--client-secret-file", type=Path, required=True, help="客户端密钥文件 / Its secret, 0600"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
