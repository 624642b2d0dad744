"""How one node lives and dies: formatted once, started, stopped, killed, frozen."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bus.broker.local.ending import dies_with_parent
from bus.broker.local.layout import Node
from bus.errors import UnavailableError

_FORMAT_SECONDS = 60.0
_STOP_SECONDS = 20.0
_JVM = (
    "-Xms128m",
    "-Xmx512m",
    # Quick to start and small, rather than fast in the long run.
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
)

_LOGGING = """\
<Configuration status="WARN">
  <Appenders>
    <Console name="out"><PatternLayout pattern="%d{ISO8601} %p %c{1} %m%n"/></Console>
  </Appenders>
  <Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
"""


class NodeProcess:
    """The process of one node.

    Args:
        node: The node; its settings and keys are written already.
        java: Path of Java.
        jars: Folder of Kafka's jars.
    """

    def __init__(self, node: Node, java: str, jars: Path) -> None:
        self.node = node
        self._java = java
        self._jars = jars
        self._process: subprocess.Popen[bytes] | None = None
        self._before_exec = dies_with_parent()

    @property
    def log(self) -> Path:
        """What the node says."""
        return self.node.folder / "node.log"

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def format(self, cluster_id: str) -> None:
        """Prepare the node's storage, once; a node that has some is left alone.

        Raises:
            UnavailableError: `KAFKA_NOT_FORMATTED`.
        """
        if (self.node.data / "meta.properties").exists():
            return
        tool = ("kafka.tools.StorageTool", "format", "-t", cluster_id, "-c")
        command = self._command((*tool, str(self.node.settings)))
        try:
            done = subprocess.run(  # noqa: S603 - our own command
                command, capture_output=True, timeout=_FORMAT_SECONDS, check=False
            )
        except subprocess.SubprocessError:
            raise self._fault("KAFKA_NOT_FORMATTED") from None
        if done.returncode != 0:
            self.log.write_bytes(done.stdout + done.stderr)
            raise self._fault("KAFKA_NOT_FORMATTED")

    def start(self) -> None:
        """Start the process; what it says is added to its log.

        Raises:
            UnavailableError: `KAFKA_NOT_STARTED`.
        """
        try:
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603 - our own command
                    self._command(("kafka.Kafka", str(self.node.settings))),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=self.node.folder,
                    start_new_session=True,
                    preexec_fn=self._before_exec,  # noqa: PLW1509 - the child only calls prctl
                )
        except OSError:
            raise self._fault("KAFKA_NOT_STARTED") from None

    def check(self) -> None:
        """Notice a node that ended by itself.

        Raises:
            UnavailableError: `KAFKA_NOT_STARTED`, with the log to read.
        """
        if not self.running:
            raise self._fault("KAFKA_NOT_STARTED")

    def ask_to_stop(self) -> None:
        """Tell the node to stop."""
        self._signal(signal.SIGTERM)

    def stop(self) -> None:
        """Stop the node: SIGTERM, a while, SIGKILL; safe to call twice."""
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Kill the node at once (SIGKILL)."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def freeze(self) -> None:
        """Stop the node's time (SIGSTOP)."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the node's time go on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _command(self, rest: Sequence[str]) -> list[str]:
        logging = self.node.folder / "log4j2.xml"
        if not logging.exists():
            logging.write_text(_LOGGING, "utf-8")
        options = (*_JVM, f"-Dlog4j2.configurationFile={logging}")
        return [self._java, *options, "-cp", f"{self._jars}/*", *rest]

    def _fault(self, code: str) -> UnavailableError:
        return UnavailableError(
            code,
            f"Kafka 节点 {self.node.number} 未能启动",
            f"the Kafka node {self.node.number} did not start",
            remedy_zh="原因见其日志",
            remedy_en="Its log says why",
            where=str(self.log),
        )
