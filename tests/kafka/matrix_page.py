"""The matrix as the page for operators shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from kafka_country import HOSTS, TOPICS
from kafka_matrix import CLUSTER, GROUPS, Allowed, Matrix
from kafka_probe import ON_CLUSTER, ON_TOPICS

from signer.identity import ADMIN_SERVICE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
BEGIN = "<!-- The matrix is written by tests/kafka/test_kafka_matrix.py: HEDUI_WRITE_DOCS=1 -->\n"
END = "<!-- end of the matrix -->\n"
COLUMNS = (*HOSTS, ADMIN_SERVICE)
_LETTERS = {
    "describe": "D",
    "read": "R",
    "write": "W",
    "create": "C",
    "settings": "S",
    "set": "E",
    "delete": "X",
}


def section(found: Matrix) -> str:
    """Return the text between the markers."""
    return "\n".join(
        [
            *_legend(found),
            "",
            *_table("topic", found.after, TOPICS, ON_TOPICS),
            "",
            *_table("join the group", found.after, GROUPS, ["join"]),
            "",
            *_cluster(found.after),
            "",
            *_strangers(found),
            "",
        ]
    )


def written() -> str:
    """Return what the page holds between the markers."""
    return PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]


def write(text: str) -> None:
    """Put a new text between the markers."""
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    PAGE.write_text(before + BEGIN + text + END + rest.partition(END)[2], "utf-8")


def _legend(found: Matrix) -> Iterator[str]:
    yield (
        f"Asked of a real Kafka over mutual TLS: {len(COLUMNS)} principals, {len(TOPICS)} topics, "
        f"{len(GROUPS)} groups."
    )
    yield (
        f"Each principal makes {found.each} requests. **D** describe, **R** read, **W** write, "
        "**C** create,"
    )
    yield "**S** see the settings, **E** change the settings, **X** delete; a dot is denied."


def _strangers(found: Matrix) -> Iterator[str]:
    at_first = sum(len(found.before[name]) for name in HOSTS)
    yield _row(["and", "may"])
    yield _row(["---", "---"])
    for who, may in {
        "all participants, while the topics are there and no right is given": (
            f"{at_first} of {found.each * len(HOSTS)}"
        ),
        "370000 from an address that is not registered": f"{len(found.strange)} of {found.each}",
        "370000 with its first key generation, once only the second is listed, on its open "
        "connection": f"{len(found.old)} of {found.each}",
        "370000 with its second generation then": _same(found),
        "a certificate for 370000 from another root": f"not connect: `{found.other_root}`",
        "TLS without a certificate": f"not connect: `{found.no_certificate}`",
        "TCP without TLS": "not connect: the broker closes" if found.plain else "connect",
    }.items():
        yield _row([who, may])


def _table(
    title: str, found: Mapping[str, Allowed], subjects: Iterable[str], acts: Iterable[str]
) -> Iterator[str]:
    yield _row([title, *COLUMNS])
    yield _row(["---"] * (len(COLUMNS) + 1))
    for subject in subjects:
        yield _row([f"`{subject}`", *(_cell(found[name], subject, acts) for name in COLUMNS)])


def _cluster(found: Mapping[str, Allowed]) -> Iterator[str]:
    yield _row(["of the cluster", *COLUMNS])
    yield _row(["---"] * (len(COLUMNS) + 1))
    for act in ON_CLUSTER:
        yield _row([act, *(_cell(found[name], CLUSTER, [act]) for name in COLUMNS)])


def _cell(found: Allowed, subject: str, acts: Iterable[str]) -> str:
    letters = [_LETTERS.get(act, "yes") for act in acts if (subject, act) in found]
    return " ".join(letters) or "·"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _same(found: Matrix) -> str:
    return "what the first might" if found.renewed == found.after["370000"] else "something else"
