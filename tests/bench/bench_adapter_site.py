"""The housing fund's table that `bench_adapter.py` asks: millions of withdrawals in PostgreSQL.

All of it is made inside the server. Nobody in it exists: area code 990000, check digits that are
right, each person with one to seven withdrawals, which lie in the order of their days, as a fund's
own do, so that one person's rows are on as many pages as rows.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import asyncpg
from postgres import PostgresCluster

from adapters.contract import Subject
from adapters.sql.mapping import SqlMapping

TABLE = "gjj_withdrawal"
ROWS_A_PERSON = 4
"""On average."""

UNKNOWN_SHARE = 10
"""One in so many of those asked about is not in the table."""

REASONS = {
    "01": "购买住房",
    "02": "偿还住房贷款本息",
    "03": "租房",
    "04": "离休、退休",
    "05": "其他",
}
ID_TYPES = {"1": "111", "2": "414"}

_SETTINGS = """
shared_buffers = 2GB
maintenance_work_mem = 512MB
max_wal_size = 8GB
"""

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_AREA = "990000"
_SUM = " + ".join(
    f"{weight} * (ascii(substr(body, {at}, 1)) - 48)" for at, weight in enumerate(_WEIGHTS, start=1)
)

_ID_NUMBER = f"""
CREATE FUNCTION id_number(n integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT body || substr('10X98765432', ({_SUM}) % 11 + 1, 1)
  FROM (SELECT '{_AREA}' || to_char(date '1950-01-01' + n % 18250, 'YYYYMMDD')
               || lpad((n / 18250)::text, 3, '0') AS body) AS made
$$"""  # noqa: S608 - our own function

_FILL = f"""
CREATE TABLE {TABLE} AS
  SELECT zjhm::varchar(18) AS zjhm, '1'::varchar(2) AS zjlx, xm::varchar(60) AS xm,
         ('GJJ' || lpad(n::text, 9, '0'))::varchar(20) AS grzh,
         ('622848' || lpad((n::bigint * 7 + k)::text, 13, '0'))::varchar(32) AS tqzh,
         ((hashint4(n * 10 + k) & 16777215) / 100.0)::numeric(18,2) AS tqje,
         (date '2015-01-01' + (hashint4(k * 1000003 + n) & 4095))::date AS tqrq,
         ('0' || (1 + (n + k) % 5))::varchar(4) AS tqyy
  FROM (SELECT n, id_number(n) AS zjhm, '测试' || n AS xm
        FROM generate_series(1, $persons) AS n) AS person,
       LATERAL generate_series(1, 1 + n % 7) AS k
  ORDER BY tqrq
"""  # noqa: S608 - our own table


def own_cluster() -> PostgresCluster:
    """Start a cluster that may use the machine's memory."""
    cluster = PostgresCluster.make()
    with (cluster.folder / "data" / "postgresql.conf").open("a") as settings:
        settings.write(_SETTINGS)
    cluster.start()
    return cluster


@dataclass
class Site:
    """A database with the table."""

    cluster: PostgresCluster
    url: str
    rows: int
    persons: int

    @classmethod
    async def make(cls, cluster: PostgresCluster, rows: int) -> Site:
        """Fill the table in a database of its own: some minutes for five million rows."""
        url = cluster.over_tcp(await cluster.database())
        site = cls(cluster, url, 0, rows // ROWS_A_PERSON)
        connection = await site.connect()
        try:
            await connection.execute(_ID_NUMBER)
            await connection.execute(_FILL.replace("$persons", str(site.persons)))
            await connection.execute(f"CREATE INDEX ON {TABLE} (zjhm)")
            await connection.execute(f"VACUUM ANALYZE {TABLE}")
            site.rows = await connection.fetchval(f"SELECT count(*) FROM {TABLE}")  # noqa: S608 - ours
        finally:
            await connection.close()
        return site

    async def people(self, count: int) -> list[Subject]:
        """Choose people to ask about, by dice of a fixed seed; some are not in the table."""
        dice = random.Random(count)  # noqa: S311 - the same people in each run
        unknown = count // UNKNOWN_SHARE
        chosen = dice.sample(range(1, self.persons + 1), count - unknown)
        chosen += range(self.persons + 1, self.persons + 1 + unknown)
        dice.shuffle(chosen)
        connection = await self.connect()
        try:
            rows = await connection.fetch(
                "SELECT id_number(n), '测试' || n FROM unnest($1::integer[])"
                " WITH ORDINALITY AS asked(n, at) ORDER BY at", chosen,
            )  # fmt: skip
        finally:
            await connection.close()
        return [Subject(at, name, "111", number) for at, (number, name) in enumerate(rows, start=1)]

    async def connect(self) -> asyncpg.Connection:
        """A connection over loopback TCP, as the connector's."""
        plain = self.url.replace("+asyncpg", "")
        return await asyncpg.connect(plain, ssl=False)

    def mapping(self) -> SqlMapping:
        """How the table maps to the resource: every item, codes and names."""
        document = {
            "source": {"url": self.url},
            "resource": [
                {
                    "name": "housing-fund-withdrawal",
                    "table": TABLE,
                    "id_number": "zjhm",
                    "id_number_exact": True,
                    "id_type": "zjlx",
                    "id_types": ID_TYPES,
                    "person_name": "xm",
                    "columns": {
                        "name": "xm",
                        "id_type": "zjlx",
                        "id_number": "zjhm",
                        "account": "grzh",
                        "paid_to": "tqzh",
                        "amount": "tqje",
                        "withdrawn_on": "tqrq",
                        "reason": "tqyy",
                    },
                    "codes": {"reason": REASONS},
                }
            ],
        }
        return SqlMapping.from_toml(document, "bench.toml")
