"""A cluster as a process of its own, until SIGTERM or SIGINT: `make kafka`, and the demo's.

    python -m bus.broker.local --folder .kafka --nodes 3 --port 9093

What it keeps lies in the folder and is there again at the next start. Without `--ca` it makes a
certificate authority of its own in the folder.
"""

from __future__ import annotations

import argparse
import secrets
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bus.broker.local.cluster import LocalCa, LocalCluster
from bus.broker.local.layout import Layout, lay_out
from bus.errors import HeduiError, InputError
from signer.ca.files import init_ca
from signer.ca.issue import ROOT_YEARS
from signer.ca.services import issue_service_keys
from signer.identity import ADMIN_SERVICE
from signer.secretfiles import read_passphrase, write_new

NODES = (1, 3)
_LOOK_SECONDS = 1.0


class _Stopped(BaseException):
    """A signal asked to stop."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a cluster until SIGTERM or SIGINT.

    Args:
        arguments: The command line after the program's name; None takes this process's.

    Returns:
        The exit status: 0 after a signal, 2 when the cluster could not be run or a node ended.
    """
    options = _parser().parse_args(arguments)
    cluster: LocalCluster | None = None
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        options.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ca = _ca(options)
        layout = lay_out(options.folder.resolve(), options.nodes, options.port)
        _check_earlier(layout, options.nodes)
        cluster = LocalCluster(layout, ca)
        cluster.prepare()
        cluster.start()
        _tell(cluster, ca, options)
        while True:
            threading.Event().wait(_LOOK_SECONDS)
            for node in cluster.nodes:
                node.check()
    except _Stopped:
        return 0
    except HeduiError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        if cluster is not None:
            cluster.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bus.broker.local", description=_ABOUT)
    parser.add_argument("--folder", type=Path, required=True, help="what the cluster keeps")
    parser.add_argument("--nodes", type=int, choices=NODES, default=1)
    parser.add_argument("--port", type=int, help="first client port; free ones by default")
    parser.add_argument("--ca", type=Path, help="CA directory that issues the certificates")
    parser.add_argument("--ca-passphrase-file", type=Path, help="opens its key")
    parser.add_argument("--ready-file", type=Path, help="gets the address once all nodes serve")
    return parser


_ABOUT = "本机 Kafka 集群（mTLS 与访问控制） / A Kafka cluster on this machine, mTLS and ACLs"


def _stop(*_: object) -> None:
    raise _Stopped


def _ca(options: argparse.Namespace) -> LocalCa:
    """Return the CA that was named, or the folder's own, made at the first start."""
    if (options.ca is None) != (options.ca_passphrase_file is None):
        raise InputError(
            "CA_INCOMPLETE",
            "--ca 与 --ca-passphrase-file 须同时给出",
            "--ca and --ca-passphrase-file go together",
            where="--ca",
        )
    if options.ca is not None:
        return LocalCa(options.ca, options.ca_passphrase_file)
    ca = LocalCa(options.folder / "ca", options.folder / "ca.pass")
    now = datetime.now(UTC)
    if not ca.passphrase_file.exists():
        write_new(ca.passphrase_file, secrets.token_hex(32).encode())
    passphrase = read_passphrase(ca.passphrase_file)
    if not ca.directory.exists():
        init_ca(ca.directory, passphrase, now, ROOT_YEARS)
    admin = options.folder / ADMIN_SERVICE
    if not admin.exists():
        secret = options.folder / f"{ADMIN_SERVICE}.pass"
        if not secret.exists():
            write_new(secret, secrets.token_hex(32).encode())
        issue_service_keys(
            ca.directory, passphrase, ADMIN_SERVICE, admin, read_passphrase(secret), now=now
        )
    return ca


def _check_earlier(layout: Layout, nodes: int) -> None:
    """Refuse another number of nodes than the folder was made for: records would be lost."""
    folder = layout.nodes[0].folder.parent
    earlier = len(list(folder.glob("node-*")))
    if earlier not in {0, nodes}:
        raise InputError(
            "NODES_DIFFER",
            f"该目录的集群有 {earlier} 个节点，不是 {nodes} 个",
            f"the cluster in this folder has {earlier} nodes, not {nodes}",
            remedy_zh="请使用原来的 --nodes，或另选目录",
            remedy_en="Give the same --nodes, or another folder",
            where=str(folder),
        )


def _tell(cluster: LocalCluster, ca: LocalCa, options: argparse.Namespace) -> None:
    sys.stdout.write(
        f"Kafka 已就绪 / Kafka is up: {cluster.bootstrap}\n"
        f"签发机构 / CA: {ca.directory} ({ca.passphrase_file})\n"
        f"按 Ctrl-C 停止 / Ctrl-C stops it\n"
    )
    sys.stdout.flush()
    if options.ready_file is not None:
        draft = options.ready_file.with_name(f"{options.ready_file.name}.new")
        draft.write_text(f"{cluster.bootstrap}\n", "utf-8")
        draft.replace(options.ready_file)


if __name__ == "__main__":
    sys.exit(main())
