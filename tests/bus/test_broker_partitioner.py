import pytest
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from bus.ports.broker import Outgoing
from bus.ports.partitioner import murmur2, partition_for
from bus.ports.record_size import record_bytes


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_gives_the_values_kafka_publishes(data, expected):
    assert murmur2(data) == expected & 0xFFFFFFFF


@given(st.binary(max_size=70), st.integers(1, 50))
def test_partition_is_the_one_of_the_client_library(key, partitions):
    everyone = list(range(partitions))

    assert partition_for(key, partitions) == DefaultPartitioner()(key, everyone, everyone)


@given(
    st.binary(max_size=300),
    st.none() | st.binary(max_size=300),
    st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=40)), max_size=4),
)
def test_record_size_is_never_estimated_too_small(key, value, headers):
    builder = DefaultRecordBatchBuilder(
        2, 0, is_transactional=0, producer_id=1, producer_epoch=0, base_sequence=0, batch_size=9**9
    )
    builder.append(0, None, key, value, headers)
    message = Outgoing("t", key, value, tuple(headers))

    assert len(builder.build()) <= record_bytes(message)
