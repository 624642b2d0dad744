"""Which records another instance has settled since this one was given their partition.

Instances share a consumer group: a partition moves from one to another, while the first is still at
a batch, or stopped and about to wake. Both then have the same records. Accepted ones would meet the
dedupe table; refused ones would be refused twice, and the stored offset would go backwards.

The stored offset tells: where it is not what this instance last saw, another moved it, and the
records below it are settled. They stay so until the partition is assigned anew. An offset that
stands above a record from the beginning is something else, a topic that was made anew: its records
are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bus.ports.broker import Record
from bus.ports.store import Unit

Partition = tuple[str, int]


@dataclass
class Positions:
    """What this instance knows of the stored offsets of its partitions."""

    known: dict[Partition, int | None] = field(default_factory=dict)
    floor: dict[Partition, int] = field(default_factory=dict)

    def assigned(self, topic: str, stored: Mapping[int, int]) -> None:
        """Note the stored offsets from which a topic is read from now on."""
        for noted in (self.known, self.floor):
            for partition in [key for key in noted if key[0] == topic]:
                del noted[partition]
        self.known |= {(topic, partition): offset for partition, offset in stored.items()}

    def batch(self) -> Batch:
        """Return what is known now, for the batch that was just read.

        A partition may go and come back while the batch is settled; what counts is what was known
        when it was read.
        """
        return Batch(self, dict(self.known))


@dataclass(frozen=True)
class Batch:
    """The stored offsets as they were known when a batch was read."""

    positions: Positions
    known: Mapping[Partition, int | None]

    async def settled(self, unit: Unit, records: Sequence[Record]) -> frozenset[int]:
        """Return the places in `records` of those that another instance has settled.

        Args:
            unit: The transaction in which the others are settled.
            records: The batch.
        """
        floor = self.positions.floor
        for topic in {record.topic for record in records}:
            stored = await unit.offsets(topic)
            for partition in {record.partition for record in records if record.topic == topic}:
                key, now = (topic, partition), stored.get(partition)
                if now is not None and now != self.known.get(key):
                    floor[key] = max(now, floor.get(key, 0))
        return frozenset(
            place
            for place, record in enumerate(records)
            if record.offset < floor.get((record.topic, record.partition), 0)
        )

    def consumed(self, offsets: Mapping[Partition, int]) -> None:
        """Note the offsets that were stored with the batch; after the commit."""
        self.positions.known |= offsets
