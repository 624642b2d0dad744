"""Which message broker a run is on: how it is started, and what that means for everybody.

| choice | is | persons |
|---|---|---|
| `embedded` | librdkafka's in-process cluster: quick, no TLS, no rights, no disk | 2,000 |
| `kafka` | a real Kafka on this machine: mutual TLS, rights from the directory | 25,000 |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from adapters.demo.state import State
from bus.broker.local.jars import find_jars, find_java


class BrokerChoice(StrEnum):
    """The brokers a run can be on."""

    EMBEDDED = "embedded"
    KAFKA = "kafka"


_PERSONS = {BrokerChoice.EMBEDDED: 2_000, BrokerChoice.KAFKA: 25_000}

_REMARKS = {
    BrokerChoice.EMBEDDED: (
        "内嵌代理仅供试用：没有 TLS、没有访问控制、不落盘；正式环境请用 Kafka",
        "The embedded broker is for trying out only: no TLS, no ACLs, nothing on disk",
    ),
    BrokerChoice.KAFKA: (
        "本机 Kafka：双向 TLS，主题与权限由 hedui hub provision 按参与方清单建立",
        "A real Kafka on this machine: mutual TLS, topics and rights by `hedui hub provision`",
    ),
}


@dataclass(frozen=True, slots=True)
class BrokerHost:
    """The broker of a run.

    Attributes:
        choice: Which one.
        nodes: How many nodes a real Kafka has, 1 or 3.
    """

    choice: BrokerChoice = BrokerChoice.EMBEDDED
    nodes: int = 1

    @property
    def real(self) -> bool:
        """Whether it is a real Kafka."""
        return self.choice is BrokerChoice.KAFKA

    @property
    def persons(self) -> int:
        """Most persons of a run: the embedded broker keeps 5 MiB a partition, no more."""
        return _PERSONS[self.choice]

    @property
    def remark(self) -> tuple[str, str]:
        """What people should know about it, in Chinese and English."""
        return _REMARKS[self.choice]

    def check(self) -> None:
        """Find out beforehand whether it can run here; fetches Kafka at the first use.

        Raises:
            ConfigError: `JAVA_MISSING`, `MAVEN_MISSING`, `KAFKA_LIBS_MISSING`,
                `KAFKA_NOT_FETCHED`.
        """
        if self.real:
            find_java()
            find_jars()

    def command(self, state: State) -> tuple[str, ...]:
        """Return the arguments for this Python that run the broker; the state's CA exists."""
        ready = ("--ready-file", str(state.broker_ready))
        if not self.real:
            topics = state.folder / "topics.txt"
            topics.write_text("\n".join(state.topics()), "utf-8")
            return ("-P", "-m", "bus.broker.embedded", "--topics-file", str(topics), *ready)
        options = ("--folder", str(state.folder / "kafka"), "--nodes", str(self.nodes))
        ca = ("--ca", str(state.ca), "--ca-passphrase-file", str(state.ca_passphrase))
        return ("-P", "-m", "bus.broker.local", *options, *ca, *ready)
