"""The store on a PostgreSQL server: its sessions, its errors, and several instances on one."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from postgres import PostgresCluster, name_of
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from store_samples import NOW, digest, event, message, opened

from bus.errors import ConfigError, HeduiError
from bus.ports.audit_chain import verify
from bus.ports.store_errors import StoreCorrupt, StoreUnavailable
from bus.store.engine_postgresql import Limits
from bus.store.location import Access, database_of
from bus.store.reader import ChainReader
from bus.store.store import SqlStore
from signer.ca.issue import make_root
from signer.errors import KeyFileError

MARK = "must-not-be-quoted"
IMPATIENT = Limits(
    idle_in_transaction=timedelta(milliseconds=300),
    turn=timedelta(seconds=10),
    statement=timedelta(seconds=20),
    connect=timedelta(seconds=5),
)


@pytest.fixture
async def url(postgres) -> str:
    return await postgres.database()


@pytest.fixture
async def store(url) -> AsyncIterator[SqlStore]:
    async with opened(url) as store:
        yield store


async def start(url, **access) -> SqlStore:
    store = SqlStore(url, Access(**access))
    await store.open()
    return store


async def step(store, number=1) -> None:
    async with store.transaction() as unit:
        await unit.append_audit(event(number))


async def fault_of(work) -> HeduiError:
    with pytest.raises(HeduiError) as caught:
        await work
    assert MARK not in str(caught.value)
    assert caught.value.__suppress_context__
    return caught.value


async def test_a_session_commits_to_the_disk_and_is_given_up_in_time(store, postgres):
    async with store.transaction() as unit:

        async def setting(name: str) -> str:
            return (await unit._connection.execute(text(f"SHOW {name}"))).scalar_one()

        names = (
            "synchronous_commit",
            "transaction_isolation",
            "timezone",
            "idle_in_transaction_session_timeout",
            "lock_timeout",
            "statement_timeout",
            "application_name",
        )
        found = [await setting(name) for name in names]
    assert found == ["on", "read committed", "UTC", "30s", "45s", "1min", "hedui-bus"]


async def test_it_is_reached_by_its_loopback_address_too(postgres, url):
    async with opened(postgres.over_tcp(url)) as store:
        await step(store)
    async with opened(url) as store, store.transaction() as unit:
        assert len(await unit.audit(0, 10)) == 1


@pytest.mark.requirement("R076")
async def test_the_audit_chain_stays_whole_under_steps_of_several_instances(url):
    async def instance(number: int) -> None:
        async with opened(url) as store:
            for _ in range(20):
                async with store.transaction() as unit:
                    offset = (await unit.offsets("t")).get(0, 0)
                    await unit.append_audit(event(number))
                    await unit.enqueue("t", b"k", bytes([offset]), (), NOW)
                    await unit.store_offset("t", 0, offset + 1)

    await asyncio.gather(*(instance(number) for number in range(4)))
    async with opened(url) as store, store.transaction() as unit:
        entries = await unit.audit(0, 200)
        verify(entries)
        assert [entry.number for entry in entries] == list(range(1, 81))
        assert await unit.offsets("t") == {0: 80}
        # Numbers are given in the order of the commits.
        assert [row.value for row in await unit.unsent(100)] == [bytes([n]) for n in range(80)]


async def test_a_transaction_waits_for_another_instances(url):
    async with opened(url) as one, opened(url) as two:
        async with one.transaction() as unit:
            await unit.append_audit(event(1))
            task = asyncio.create_task(step(two, 2))
            await somebody_waits(unit)
            assert not task.done()
        await task
        async with one.transaction() as unit:
            entries = await unit.audit(0, 10)
    verify(entries)
    assert [entry.event for entry in entries] == [event(1), event(2)]


async def somebody_waits(unit) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    while not (await unit._connection.execute(waiting)).scalar_one():  # noqa: ASYNC110 - only the server knows
        await asyncio.sleep(0)


async def test_the_server_ends_a_transaction_that_falls_silent_and_others_go_on(url):
    one, two = await start(url, limits=IMPATIENT), await start(url)
    begun, woken = asyncio.Event(), asyncio.Event()

    async def stopped() -> None:
        async with one.transaction() as unit:
            await unit.append_audit(event(1))
            begun.set()
            await woken.wait()
            await unit.append_audit(event(2))

    task = asyncio.create_task(stopped())
    async with asyncio.timeout(20):
        await begun.wait()
        # It waits for the turn until the server has taken it away.
        while not await audited(two):
            await step(two, 3)
    woken.set()
    error = await fault_of(task)
    assert isinstance(error, StoreUnavailable)
    assert error.code == "STORE_UNAVAILABLE"
    await step(one, 1)
    async with two.transaction() as unit:
        entries = await unit.audit(0, 10)
    verify(entries)
    assert [entry.event for entry in entries] == [event(3), event(1)]
    await one.close()
    await two.close()


async def audited(store) -> int:
    async with store.transaction() as unit:
        return len(await unit.audit(0, 10))


async def test_whoever_waits_too_long_for_the_turn_is_told_to_try_again(url):
    short = Limits(turn=timedelta(milliseconds=50))
    one, two = await start(url), await start(url, limits=short)
    async with one.transaction() as unit:
        await unit.append_audit(event(1))
        error = await fault_of(step(two))
    assert (error.code, "55P03" in error.en) == ("STORE_UNAVAILABLE", True)
    await step(two, 2)
    await one.close()
    await two.close()


@pytest.fixture
def own_cluster(postgres):
    """A server of the test's own, to be ended and started again."""
    cluster = PostgresCluster.make()
    cluster.start()
    yield cluster
    cluster.remove()


@pytest.mark.requirement("R075")
async def test_a_server_that_dies_in_a_transaction_takes_it_back_and_is_found_again(own_cluster):
    store = await start(await own_cluster.database())
    await step(store, 1)

    async def cut_off() -> None:
        async with store.transaction() as unit:
            await unit.append_audit(event(2))
            own_cluster.kill()
            await unit.put_message(message(2))

    for work in (cut_off(), step(store, 3)):
        error = await fault_of(work)
        assert isinstance(error, StoreUnavailable)
        assert error.code == "STORE_UNAVAILABLE"
    own_cluster.start()
    await step(store, 4)
    async with store.transaction() as unit:
        entries = await unit.audit(0, 10)
        assert await unit.message(digest(2)) is None
    verify(entries)
    assert [entry.event for entry in entries] == [event(1), event(4)]
    await store.close()


@pytest.mark.requirement("R075")
async def test_a_server_that_dies_before_the_commit_takes_the_step_back(own_cluster):
    store = await start(await own_cluster.database())

    async def cut_off() -> None:
        async with store.transaction() as unit:
            await unit.append_audit(event(1))
            own_cluster.kill()

    assert (await fault_of(cut_off())).code == "STORE_UNAVAILABLE"
    own_cluster.start()
    assert await audited(store) == 0
    await store.close()


async def test_a_server_restarted_between_two_steps_is_not_even_noticed(own_cluster):
    store = await start(await own_cluster.database())
    await step(store, 1)
    own_cluster.stop()
    own_cluster.start()
    await step(store, 2)
    assert await audited(store) == 2
    await store.close()


async def test_a_session_ended_by_the_administrator_is_made_anew(store, postgres, url):
    await step(store, 1)
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"
    await postgres.execute("postgres", end.format(name_of(url)))
    await step(store, 2)
    assert await audited(store) == 2


@pytest.mark.parametrize(
    ("state", "kind", "code"),
    [
        ("53100", StoreUnavailable, "STORE_FULL"),
        ("53200", StoreUnavailable, "STORE_UNAVAILABLE"),
        ("58030", StoreUnavailable, "STORE_UNAVAILABLE"),
        ("57014", StoreUnavailable, "STORE_UNAVAILABLE"),
        ("40P01", StoreUnavailable, "STORE_UNAVAILABLE"),
        ("08006", StoreUnavailable, "STORE_UNAVAILABLE"),
        ("42501", StoreUnavailable, "STORE_DENIED"),
        ("25006", StoreUnavailable, "STORE_UNWRITABLE"),
        ("XX001", StoreCorrupt, "STORE_CORRUPT"),
        ("23505", StoreCorrupt, "STORE_STATEMENT_FAILED"),
        ("P0001", StoreCorrupt, "STORE_STATEMENT_FAILED"),
    ],
)
async def test_an_error_of_the_server_is_one_of_ours_and_takes_everything_back(
    store, url, state, kind, code
):
    async def fail() -> None:
        async with store.transaction() as unit:
            await unit.append_audit(event(1))
            raised = f"DO $$ BEGIN RAISE '{MARK}' USING ERRCODE = '{state}'; END $$"
            await unit._run(lambda _: None, text(raised), {})

    error = await fault_of(fail())
    assert isinstance(error, kind)
    assert error.code == code
    assert state in error.en
    assert error.where.endswith(f"/{name_of(url)}")
    assert await audited(store) == 0


async def test_a_swallowed_failure_cannot_be_committed(store):
    async def swallow() -> None:
        async with store.transaction() as unit:
            await unit.append_audit(event(1))
            with pytest.raises(StoreCorrupt):
                await unit.put_directory(MARK + "\0", b"1")

    assert (await fault_of(swallow())).code == "STORE_STATEMENT_FAILED"
    assert await audited(store) == 0


async def test_a_value_too_large_for_a_column_is_one_of_our_errors(store):
    async def overflow() -> None:
        async with store.transaction() as unit:
            await unit.store_offset("t", 0, 2**63)

    assert isinstance(await fault_of(overflow()), StoreCorrupt)


async def test_a_dump_is_restored_into_an_empty_database_and_goes_on(own_cluster, tmp_path):
    url, other = await own_cluster.database(), await own_cluster.database()
    dump = tmp_path / "store.dump"
    store = await start(url)
    for number in range(1, 4):
        await step(store, number)
    async with store.transaction() as unit:
        await unit.enqueue("t", b"k", b"1", (), NOW)
    # While it runs, and as the operators' page says.
    command = ["--format=custom", f"--file={dump}", name_of(url)]
    await asyncio.to_thread(own_cluster.client, "pg_dump", *command)
    await store.close()
    command = ["--no-owner", "--role=hedui", "--exit-on-error", f"--dbname={name_of(other)}"]
    await asyncio.to_thread(own_cluster.client, "pg_restore", *command, str(dump))
    async with opened(other) as restored:
        await step(restored, 4)
        async with restored.transaction() as unit:
            await unit.enqueue("t", b"k", b"2", (), NOW)
            assert [row.number for row in await unit.unsent(10)] == [1, 2]
            entries = await unit.audit(0, 10)
    verify(entries)
    assert [entry.number for entry in entries] == [1, 2, 3, 4]


async def test_nobody_listening_is_told_with_the_address(tmp_path):
    url = f"postgresql+asyncpg://hedui@/bus?host={tmp_path}"
    error = await fault_of(start(url))
    assert (error.code, error.where) == ("STORE_UNAVAILABLE", f"{tmp_path}:5432/bus")


async def test_a_missing_database_and_a_missing_right_are_told(postgres, url):
    missing = url.replace(name_of(url), "missing")
    assert (await fault_of(start(missing))).code == "STORE_DENIED"
    await postgres.execute(name_of(url), "CREATE ROLE guest LOGIN")
    try:
        error = await fault_of(start(url.replace("hedui@", "guest@")))
    finally:
        await postgres.execute(name_of(url), "DROP ROLE guest")
    assert (error.code, "42501" in error.en) == ("STORE_DENIED", True)


async def test_a_standby_is_not_written_to(postgres, url):
    name = name_of(url)
    await postgres.execute(
        "postgres", f"ALTER DATABASE {name} SET default_transaction_read_only = on"
    )
    assert (await fault_of(start(url))).code == "STORE_UNWRITABLE"


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "password"
    path.write_text(f"{MARK}\n")
    path.chmod(0o600)
    return path


@pytest.fixture
async def guarded_url(own_cluster) -> str:
    """A database whose user must give a password over TCP."""
    url = await own_cluster.database()
    await own_cluster.execute(name_of(url), f"ALTER ROLE hedui PASSWORD '{MARK}'")
    access = own_cluster.folder / "data" / "pg_hba.conf"
    access.write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
    await own_cluster.execute(name_of(url), "SELECT pg_reload_conf()")
    await reloaded(own_cluster, name_of(url))
    return own_cluster.over_tcp(url)


async def reloaded(cluster, name) -> None:
    rules = "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method = 'scram-sha-256'"
    connection = await cluster.connect(name)
    try:
        while await connection.fetchval(rules) != 1:  # noqa: ASYNC110 - only the server knows
            await asyncio.sleep(0)
    finally:
        await connection.close()


async def test_the_password_is_read_from_its_file(guarded_url, password_file, monkeypatch):
    store = await start(guarded_url, password_file=password_file)
    await step(store)
    await store.close()
    password_file.write_text("another")
    assert (await fault_of(start(guarded_url, password_file=password_file))).code == "STORE_DENIED"
    # None is looked for anywhere else.
    monkeypatch.setenv("PGPASSWORD", MARK)
    assert (await fault_of(start(guarded_url))).code == "STORE_DENIED"


async def test_a_password_file_that_others_can_read_is_refused(guarded_url, password_file):
    password_file.chmod(0o644)
    error = await fault_of(start(guarded_url, password_file=password_file))
    assert isinstance(error, KeyFileError)
    assert (error.code, error.where) == ("KEY_FILE_READABLE", str(password_file))


def self_signed(host: str) -> tuple[bytes, bytes]:
    """A private key and a certificate of its own for a host, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private, certificate.public_bytes(serialization.Encoding.PEM)


@pytest.fixture
async def tls(own_cluster, tmp_path):
    """A server with a certificate for localhost; returns its CA and its database."""
    data = own_cluster.folder / "data"
    key, certificate = self_signed("localhost")
    owner = data.stat()
    for name, content in (("server.key", key), ("server.crt", certificate)):
        path = data / name
        path.write_bytes(content)
        path.chmod(0o600)
        os.chown(path, owner.st_uid, owner.st_gid)
    url = await own_cluster.database()
    await own_cluster.execute(name_of(url), "ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()")
    ca = tmp_path / "ca.pem"
    ca.write_bytes(certificate)
    return ca, own_cluster.over_tcp(url)


async def test_with_a_ca_the_connection_is_encrypted_and_the_host_verified(tls):
    ca, url = tls
    store = await start(url.replace("127.0.0.1", "localhost"), ca_file=ca)
    async with store.transaction() as unit:
        found = await unit._connection.execute(
            text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        )
        assert found.scalar_one() is True
    await store.close()
    # The certificate does not name this address.
    assert (await fault_of(start(url, ca_file=ca))).code == "STORE_TLS"


async def test_a_certificate_of_another_ca_is_refused(tls, tmp_path):
    _, url = tls
    root = make_root(datetime.now(UTC))
    other = tmp_path / "other.pem"
    other.write_bytes(ssl.DER_cert_to_PEM_cert(root.der).encode())
    error = await fault_of(start(url.replace("127.0.0.1", "localhost"), ca_file=other))
    assert error.code == "STORE_TLS"


async def test_a_server_without_tls_is_not_talked_to_in_clear(url, postgres, tmp_path):
    other = tmp_path / "ca.pem"
    other.write_bytes(ssl.DER_cert_to_PEM_cert(make_root(datetime.now(UTC)).der).encode())
    assert (await fault_of(start(postgres.over_tcp(url), ca_file=other))).code == "STORE_TLS"


@pytest.mark.parametrize("host", ["db.example.org", "10.0.0.7", "[2001:db8::7]:6432"])
def test_off_this_machine_there_is_no_connection_without_tls(host):
    with pytest.raises(ConfigError) as caught:
        SqlStore(f"postgresql+asyncpg://hedui@{host}/bus")
    assert (caught.value.code, caught.value.where) == ("STORE_TLS_NEEDED", "[store] ca_file")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]:6432"])
def test_on_this_machine_there_may_be(host):
    SqlStore(f"postgresql+asyncpg://hedui@{host}/bus")


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_cannot_be_used_is_named(tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError) as caught:
        SqlStore("postgresql+asyncpg://hedui@db.example.org/bus", Access(ca_file=path))
    assert (caught.value.code, caught.value.where) == ("STORE_CA_UNREADABLE", str(path))


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql+asyncpg://user:must-not-be-quoted@localhost/bus", "STORE_URL_SECRET"),
        ("postgresql+asyncpg://user@localhost/bus?password=must-not-be-quoted", "STORE_URL_SECRET"),
        ("postgresql+asyncpg://user:@localhost/bus", "STORE_URL_SECRET"),
        ("sqlite+aiosqlite://user:must-not-be-quoted@/bus.db", "STORE_URL_SECRET"),
        ("postgresql+asyncpg://user@db.example.org/bus?ssl=disable", "STORE_URL_INVALID"),
        ("postgresql+asyncpg://user@localhost/bus?host=/run", "STORE_URL_INVALID"),
        ("postgresql+asyncpg://user@/bus?host=db.example.org", "STORE_URL_INVALID"),
        ("postgresql+asyncpg://user@/bus?host=/a&host=/b", "STORE_URL_INVALID"),
        ("postgresql+asyncpg://user@/bus", "STORE_URL_INVALID"),
        ("postgresql+asyncpg://localhost/bus", "STORE_URL_INVALID"),
        ("postgresql+asyncpg://user@localhost", "STORE_URL_INVALID"),
        ("postgresql://user@localhost/bus", "STORE_URL_INVALID"),
        ("postgresql+psycopg://user@localhost/bus", "STORE_URL_INVALID"),
    ],
)
def test_a_url_that_says_too_much_or_too_little_is_refused_without_quoting_it(url, code):
    with pytest.raises(ConfigError) as caught:
        SqlStore(url)
    assert (caught.value.code, caught.value.where) == (code, "[store] url")
    assert MARK not in str(caught.value)


@pytest.mark.parametrize("setting", ["password_file", "ca_file"])
def test_what_only_a_server_needs_is_refused_for_a_file(tmp_path, setting):
    with pytest.raises(ConfigError) as caught:
        SqlStore(f"sqlite+aiosqlite:///{tmp_path}/bus.db", Access(**{setting: tmp_path}))
    assert caught.value.code == "STORE_SETTING_UNUSED"


async def test_the_chain_is_read_beside_a_daemon_without_a_turn(store, url):
    await step(store, 1)
    async with store.transaction() as unit:
        await unit.append_audit(event(2))
        # The daemon's transaction goes on, and what it has not committed is not there yet.
        pages = [page async for page in ChainReader(url, Access()).pages()]
    assert [entry.number for page in pages for entry in page] == [1]
    engine = database_of(url, Access()).reader()
    try:
        with pytest.raises(DBAPIError, match="read-only"):
            async with engine.begin() as connection:
                await connection.execute(text("DELETE FROM audit"))
    finally:
        await engine.dispose()
