"""The embedded broker: librdkafka's in-process cluster, for the demo and quick tests.

It speaks the real protocol, so the same client code runs against it, but it is no Kafka: no TLS,
no ACLs, no disk; four partitions a topic, each holding `EMBEDDED_PARTITION_BYTES` and dropping
older records without a word. Nothing about faults can be learned from it.

As a process of its own:

    python -m bus.broker.embedded --topics-file TOPICS --ready-file READY

hosts one cluster until SIGTERM or SIGINT. TOPICS names one topic a line; READY appears, with the
bootstrap address in it, once the topics exist.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from confluent_kafka import KafkaException, Producer

from bus.broker.settings import EMBEDDED_PARTITION_BYTES
from bus.errors import HeduiError, InputError
from bus.ports.broker_errors import closed, unavailable

__all__ = ["EMBEDDED_PARTITIONS", "EMBEDDED_PARTITION_BYTES", "EmbeddedCluster", "main"]

EMBEDDED_PARTITIONS = 4
"""Partitions of every topic: what the broker gives a topic it creates on first use."""

_ANSWER_SECONDS = 10.0
_WHERE = "embedded"


class EmbeddedCluster:
    """A cluster that lives in this process as long as this object does."""

    def __init__(self) -> None:
        self._host: Producer | None = None

    def start(self) -> str:
        """Start the cluster; a second call returns the same address.

        Returns:
            The bootstrap address, `host:port`.

        Raises:
            BrokerUnavailable: It does not come up.
        """
        if self._host is None:
            # log_level 0: librdkafka announces the mock cluster on standard error otherwise.
            self._host = Producer(
                {"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 0}
            )
        try:
            brokers = self._host.list_topics(timeout=_ANSWER_SECONDS).brokers.values()
        except KafkaException as error:
            raise unavailable(_WHERE) from error
        return ",".join(f"{broker.host}:{broker.port}" for broker in brokers)

    def touch(self, topics: Iterable[str]) -> None:
        """Create topics by asking for them, so that nobody waits for one later.

        Raises:
            BrokerUnavailable: The cluster is not started, or does not answer.
        """
        if self._host is None:
            raise closed(_WHERE)
        try:
            for topic in topics:
                self._host.list_topics(topic, timeout=_ANSWER_SECONDS)
        except KafkaException as error:
            raise unavailable(_WHERE) from error

    def stop(self) -> None:
        """End the cluster and everything in it; safe to call twice."""
        host, self._host = self._host, None
        if host is not None:
            host.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Host a cluster until SIGTERM or SIGINT.

    Args:
        arguments: The command line after the program's name; None takes this process's.

    Returns:
        The exit status: 0 after a signal, 2 when the cluster could not be hosted.
    """
    parser = argparse.ArgumentParser(prog="python -m bus.broker.embedded", description=_ABOUT)
    parser.add_argument("--topics-file", type=Path, required=True, help="one topic a line")
    parser.add_argument("--ready-file", type=Path, required=True, help="gets the address")
    options = parser.parse_args(arguments)
    ends = {signal.SIGTERM, signal.SIGINT}
    # Blocked before librdkafka starts its threads, so that the signal waits for sigwait below.
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    cluster = EmbeddedCluster()
    try:
        topics = _read_topics(options.topics_file)
        bootstrap = cluster.start()
        cluster.touch(topics)
        _write_ready(options.ready_file, bootstrap)
        signal.sigwait(ends)
    except HeduiError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    finally:
        cluster.stop()
    return 0


_ABOUT = "内置演示集群，不是正式的 Kafka / The embedded broker of the demo; not a real Kafka"


def _read_topics(path: Path) -> Sequence[str]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "TOPICS_FILE_UNREADABLE",
            "主题清单文件无法读取",
            "The file of topics cannot be read",
            where=str(path),
        ) from error
    return [line.strip() for line in lines if line.strip()]


def _write_ready(path: Path, bootstrap: str) -> None:
    """Write the address so that a reader sees all of it or no file."""
    draft = path.with_name(f"{path.name}.new")
    try:
        draft.write_text(f"{bootstrap}\n", "utf-8")
        draft.replace(path)
    except OSError as error:
        raise InputError(
            "READY_FILE_UNWRITABLE",
            "就绪文件无法写入",
            "The ready file cannot be written",
            where=str(path),
        ) from error


if __name__ == "__main__":
    sys.exit(main())
