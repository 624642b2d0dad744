"""The embedded cluster itself, and what only a cluster can show."""

import contextlib
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from aiokafka import TopicPartition

from bus.broker import embedded
from bus.broker.embedded import EMBEDDED_PARTITIONS, EmbeddedCluster
from bus.broker.kafka import KafkaBroker
from bus.broker.settings import BrokerSettings, Profile
from bus.ports.broker import Outgoing
from bus.ports.broker_errors import BrokerUnavailable

LONG = timedelta(seconds=10)


async def nothing_stored(_topic):
    return {}


@pytest.fixture
def cluster():
    cluster = EmbeddedCluster()
    yield cluster
    cluster.stop()


def broker_at(bootstrap, **changes):
    settings = {"client_id": "test", "profile": Profile.EMBEDDED, **changes}
    return KafkaBroker(BrokerSettings(bootstrap=bootstrap, **settings))


async def test_touched_topics_are_there_and_starting_again_changes_nothing(cluster):
    bootstrap = cluster.start()
    cluster.touch(["hedui.directory", "hedui.hub.inbox"])
    broker = broker_at(cluster.start())
    await broker.start()

    assert cluster.start() == bootstrap
    assert await broker._publisher.partitions("hedui.hub.inbox") == list(range(EMBEDDED_PARTITIONS))
    await broker.stop()


def test_a_stopped_cluster_is_gone(cluster):
    cluster.start()
    cluster.stop()
    cluster.stop()

    with pytest.raises(BrokerUnavailable, match="BROKER_CLOSED"):
        cluster.touch(["t"])


@pytest.mark.requirement("R075")
async def test_a_member_of_a_group_starts_at_the_stored_offsets(cluster):
    bootstrap = cluster.start()
    cluster.touch(["t"])
    broker = broker_at(bootstrap, profile=Profile.KAFKA, session_timeout=timedelta(seconds=6))
    await broker.start()
    await broker.publish([Outgoing("t", b"k", b"%d" % n) for n in range(3)])

    async def stored(_topic):
        return dict.fromkeys(range(EMBEDDED_PARTITIONS), 1)

    subscription = await broker.subscribe(["t"], "hedui.370000", stored)
    records = await subscription.poll(LONG, 10)

    assert [record.value for record in records] == [b"1", b"2"]
    place = TopicPartition("t", records[0].partition)
    await subscription.commit({tuple(place): 3})
    assert await subscription._consumer.committed(place) == 3
    await broker.stop()


async def test_a_cluster_that_vanishes_is_reported_and_everything_still_ends(cluster):
    short = timedelta(milliseconds=400)
    broker = broker_at(
        cluster.start(), request_timeout=short, delivery_timeout=short, topic_timeout=short
    )
    await broker.start()
    subscription = await broker.subscribe(["t"], "g", nothing_stored)
    assert await broker.publish([Outgoing("t", b"k", b"1")]) == [None]
    assert await subscription.poll(LONG, 1)
    cluster.stop()

    with pytest.raises(BrokerUnavailable, match="BROKER_UNAVAILABLE"):
        await subscription.poll(2 * short, 1)
    outcomes = await broker.publish([Outgoing("t", b"k", b"2"), Outgoing("new", b"k", b"3")])
    assert [outcome.code for outcome in outcomes] == ["BROKER_UNAVAILABLE"] * 2
    with pytest.raises(BrokerUnavailable, match="BROKER_UNAVAILABLE"):
        await broker.follow("t")
    await broker.stop()


async def test_the_cluster_runs_as_a_process_of_its_own(tmp_path):
    topics, ready = tmp_path / "topics", tmp_path / "ready"
    topics.write_text("hedui.directory\n\nhedui.hub.inbox\n")
    process = subprocess.Popen(  # noqa: ASYNC220, S603 - our own program, started at once
        [
            sys.executable,
            *("-m", "bus.broker.embedded"),
            *("--topics-file", str(topics)),
            *("--ready-file", str(ready)),
        ],
        stderr=subprocess.PIPE,
    )
    try:
        while not ready.exists():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
                pytest.fail("it ended before it was ready")
        broker = broker_at(ready.read_text().strip())
        await broker.start()
        assert await broker.publish([Outgoing("hedui.directory", b"k", b"v")]) == [None]
        await broker.stop()
        process.terminate()
        assert process.wait(10) == 0
        assert process.stderr.read() == b""
    finally:
        process.kill()
        process.wait(10)
        process.stderr.close()


@pytest.fixture
def pending_end():
    """SIGTERM has come already, and waits."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    # To the thread that waits for it: others that the test runner may have do not block it.
    signal.pthread_kill(threading.main_thread().ident, signal.SIGTERM)
    yield
    signal.sigtimedwait({signal.SIGTERM}, 0)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_the_ready_file_holds_the_address_and_nothing_is_left_beside_it(pending_end, tmp_path):
    topics, ready = tmp_path / "topics", tmp_path / "ready"
    topics.write_text("t")

    assert embedded.main(["--topics-file", str(topics), "--ready-file", str(ready)]) == 0

    host, port = ready.read_text().strip().split(":")
    assert (host, port.isdigit()) == ("127.0.0.1", True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ready", "topics"]


@pytest.mark.parametrize(
    ("topics", "ready", "code"),
    [
        ("absent", "ready", "TOPICS_FILE_UNREADABLE"),
        ("topics", "no/such/folder/ready", "READY_FILE_UNWRITABLE"),
    ],
)
def test_files_that_cannot_be_used_are_named(pending_end, tmp_path, capsys, topics, ready, code):
    (tmp_path / "topics").write_text("t")
    paths = ["--topics-file", str(tmp_path / topics), "--ready-file", str(tmp_path / ready)]

    assert embedded.main(paths) == 2

    assert code in capsys.readouterr().err
