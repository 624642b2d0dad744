"""What is made wrong, and how a participant must judge it (docs/spec/envelope.md §10).

The hundreds of a number say the check that must see it: 602 is the second case of check 6. Below
100 stand right envelopes, so that whoever refuses everything fails too; 17xx is the deduplication
that follows opening. A number is never used for anything else later; a new case has a new number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from signer.directory.view import KeyUse
from signer.envelope.format import MAX_ENVELOPE, Extension
from signer.faulty import altering, making
from signer.faulty.making import NOBODY, Given, Maker
from signer.faulty.workshop import Workshop
from signer.suites.suite import HASH_SIZE

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_SOON = timedelta(hours=20)
"""Later than any answer to a challenge, sooner than the day after which a time is refused."""
_FAR = timedelta(days=3)
_ZEROS = bytes(HASH_SIZE)


@dataclass(frozen=True, slots=True)
class Case:
    """One case: what is wrong, and the verdict on it: `ACCEPT`, `REFUSE <code>`, `HOLD <code>`."""

    number: int
    expect: str
    zh: str
    en: str
    make: Maker


CASES: tuple[Case, ...] = (
    Case(1, "ACCEPT", "正确的信封", "a right envelope", making.right),
    Case(2, "ACCEPT", "成批签名的信封", "signed as one of a batch", making.in_batch),
    Case(
        *(3, "ACCEPT", "不识别的非关键扩展", "an unknown extension that is not critical"),
        making.header(extensions=(Extension("test.note", critical=False, data=b"\x01"),)),
    ),
    Case(4, "RELAY", "只供转递的信封", "verified, not its to open", making.returned),
    Case(
        *(101, "REFUSE TOO_LARGE", "超过 900 KiB", "over 900 KiB"),
        making.arrival(pad_to=MAX_ENVELOPE + 1),
    ),
    Case(
        *(201, "REFUSE MAGIC", "标识不符", "another magic"),
        altering.data(lambda data: b"HDX9" + data[4:]),
    ),
    Case(
        *(202, "REFUSE MALFORMED", "字节截短", "cut short"),
        altering.data(lambda data: data[:-1]),
    ),
    Case(
        *(203, "REFUSE NOT_CANONICAL", "长度编码过长", "a length in too many bytes"),
        altering.data(altering.long_varint),
    ),
    Case(
        *(204, "REFUSE LIMIT", "签章过多", "too many seals"),
        altering.after_signing(altering.too_many_seals),
    ),
    Case(
        *(205, "REFUSE HEADER_FIELD", "人数为负", "a negative number of persons"),
        making.header(subject_count=-1),
    ),
    Case(
        *(301, "REFUSE SUITE_UNKNOWN", "不识别的套件", "an unknown suite"),
        making.header(suite="none/1"),
    ),
    Case(
        *(302, "REFUSE EXTENSION_CRITICAL", "不识别的关键扩展", "an unknown critical extension"),
        making.header(extensions=(Extension("test.must", critical=True, data=b"\x01"),)),
    ),
    Case(
        *(401, "REFUSE KIND_UNKNOWN", "不识别的消息种类", "an unknown kind"),
        making.header(kind="Nothing"),
    ),
    Case(
        *(402, "REFUSE KIND_ORIGIN", "部中心发出的查询申请", "an application of the hub's"),
        making.header(kind="Application"),
    ),
    Case(
        *(403, "REFUSE KIND_DESTINATION", "发往发出方自己", "addressed to its own source"),
        making.header(destination="hub"),
    ),
    Case(
        *(404, "REFUSE KIND_COMPRESSION", "不允许的压缩", "a compression that is not allowed"),
        making.header(compression="deflate"),
    ),
    Case(
        *(405, "REFUSE KEY_MISMATCH", "Kafka 键属于另一会话", "the key of another conversation"),
        making.arrival(key=bytes(16)),
    ),
    Case(
        *(406, "REFUSE CE_HEADER_MISMATCH", "Kafka 头与信封头不符", "a Kafka header that differs"),
        making.arrival(headers=(("ce_type", b"hedui.Answer.v1"),)),
    ),
    Case(
        *(501, "REFUSE CHAIN_ROLE", "首个签章自称批转", "a first seal that calls itself a relay"),
        making.statement(role="relay"),
    ),
    Case(
        *(502, "REFUSE CHAIN_BROKEN", "签章人不是发出方", "signed by another than the source"),
        making.statement(sender=NOBODY),
    ),
    Case(
        *(503, "REFUSE CHAIN_EDGE", "经目录之外的参与方", "through nobody of the directory"),
        making.through_nobody,
    ),
    Case(
        *(504, "REFUSE CHAIN_DIRECTION", "下行后又上行", "up again after it went down"),
        making.up_after_down,
    ),
    Case(
        *(505, "REFUSE WRONG_PEER", "从他方主题读到", "read from another participant's topic"),
        making.arrival(peer=NOBODY),
    ),
    Case(
        *(506, "REFUSE WRONG_HOP", "下一站改为他方", "signed for another next hop"),
        making.statement(to=NOBODY),
    ),
    Case(
        *(507, "HOLD DIRECTORY_BEHIND", "签章人目录更新", "a signer with a newer directory"),
        making.statement(directory_version=2**40),
    ),
    Case(
        *(601, "REFUSE LIFETIME", "有效期过长", "it lives for too long"),
        making.lifetime(timedelta(days=2)),
    ),
    Case(602, "REFUSE EXPIRED", "已过期", "expired", making.times(-_HOUR - 5 * _MINUTE)),
    Case(
        *(603, "REFUSE TIME_ORDER", "签章早于制作", "signed before it was made"),
        lambda w: making.given(w, w.make(header={"created": w.now + 10 * _MINUTE})),
    ),
    Case(604, "REFUSE FROM_FUTURE", "时间在一天以后", "days ahead", making.times(_FAR)),
    Case(605, "HOLD NOT_YET_VALID", "时间未到", "not valid yet", making.times(_SOON)),
    Case(
        *(701, "REFUSE SIGNER_UNKNOWN", "目录中没有的签名密钥", "a key nobody has"),
        making.statement(signer=_ZEROS),
    ),
    Case(
        *(702, "REFUSE SIGNER_MISMATCH", "他方的签名密钥", "the key of another participant"),
        making.signed_with(KeyUse.SIGNING, own=False),
    ),
    Case(
        *(703, "REFUSE KEY_USE", "以加密密钥签名", "an encryption key as the signer's"),
        making.signed_with(KeyUse.ENCRYPTION, own=True),
    ),
    Case(
        *(704, "REFUSE SUITE_MISMATCH", "套件与密钥不符", "a suite that is not the key's"),
        making.other_suite,
    ),
    Case(
        *(705, "REFUSE KEY_EXPIRED", "证书已到期的密钥", "a key whose certificate has ended"),
        making.ended_key,
    ),
    Case(
        *(706, "REFUSE KEY_REVOKED", "已吊销的密钥", "a key that is revoked"),
        making.revoked_key,
    ),
    Case(
        *(801, "REFUSE CHAIN_DIGEST", "签后改动密文", "a ciphertext changed after signing"),
        altering.after_signing(altering.flipped_body),
    ),
    Case(
        *(802, "REFUSE CHAIN_DIGEST", "签后改投他方", "addressed to another after signing"),
        altering.after_signing(altering.readdressed),
    ),
    Case(
        *(803, "REFUSE CHAIN_DIGEST", "签后改入另一会话", "moved to another conversation"),
        altering.after_signing(altering.other_conversation),
    ),
    Case(
        *(804, "REFUSE CHAIN_DIGEST", "签章指向别的内容", "a seal on something else"),
        making.statement(prev=_ZEROS),
    ),
    Case(
        *(805, "REFUSE PROOF_INVALID", "默克尔证明不合规", "a malformed proof"),
        altering.after_signing(altering.bad_proof),
    ),
    Case(
        *(806, "REFUSE SIGNATURE_FORM", "签名截短", "a signature cut short"),
        altering.after_signing(altering.signature(lambda value: value[:-1])),
    ),
    Case(
        *(807, "REFUSE SIGNATURE_INVALID", "改动的签名", "a flipped bit in the signature"),
        altering.after_signing(altering.signature(making.flipped)),
    ),
    Case(
        *(808, "REFUSE SIGNATURE_INVALID", "签后改动签章", "a seal changed after signing"),
        altering.after_signing(altering.altered_seal),
    ),
    Case(
        *(901, "REFUSE ORDER_NOT_ALLOWED", "不应有的查询指令", "an order where none may stand"),
        making.ordered,
    ),
    Case(
        *(1001, "REFUSE RECIPIENT_NOT_ORDERED", "批转方增加可读人", "a relay that adds a reader"),
        making.returned_with_reader,
    ),
    Case(
        *(1002, "REFUSE RECIPIENT_MISMATCH", "可读人密钥不在目录", "a reader that is not listed"),
        making.recipient(key=_ZEROS),
    ),
    Case(1003, "REFUSE RECIPIENT_TWICE", "可读人重复", "a reader twice", making.reader_twice),
    Case(
        *(1004, "REFUSE EPOCH_AGE", "会话密钥超龄", "an epoch secret that is too old"),
        making.recipient(age=_HOUR),
    ),
    Case(
        *(1101, "REFUSE NO_WRAP", "没有给收到方的密钥", "no key for the receiver"),
        making.statement(recipients=()),
    ),
    Case(
        *(1201, "REFUSE EPOCH_INVALID", "会话密钥损坏", "a spoiled epoch secret"),
        making.spoiled_recipient("epoch"),
    ),
    Case(
        *(1202, "REFUSE WRAP_INVALID", "内容密钥损坏", "a spoiled content secret"),
        making.spoiled_recipient("wrapped"),
    ),
    Case(
        *(1301, "REFUSE COMMITMENT", "承诺的是另一密钥", "a commitment to another secret"),
        making.header(commitment=_ZEROS),
    ),
    Case(
        *(1401, "REFUSE BODY_TAG", "正文用另一密钥加密", "a body under another key"),
        making.other_body_key,
    ),
    Case(1402, "REFUSE PADDING", "填充不为零", "a byte set in the padding", making.bad_padding),
    Case(
        *(1501, "HOLD SCHEMA_UNKNOWN", "未知的正文模式", "an unknown payload schema"),
        making.header(payload_schema=_ZEROS),
    ),
    Case(
        *(1502, "REFUSE PAYLOAD_MALFORMED", "正文之后还有字节", "a byte after the payload"),
        making.trailing_payload,
    ),
    Case(
        *(1503, "REFUSE PAYLOAD_MALFORMED", "别种消息的模式", "the schema of another kind"),
        making.other_schema,
    ),
    Case(
        *(1504, "REFUSE PAYLOAD_LIMIT", "正文条目过多", "more items than a payload may have"),
        making.too_many_items,
    ),
    Case(1701, "DUPLICATE", "重放的消息", "a message taken before, again", making.replayed),
    Case(
        *(1702, "REFUSE EQUIVOCATION", "同一编号的另一消息", "another message under a known id"),
        making.equivocal,
    ),
)

UNTRIED: dict[str, str] = {
    "PEER_NOT_CONNECTED": "the hub hands these over, and it is connected",
    "PEER_SUSPENDED": "as PEER_NOT_CONNECTED",
    "ORDER_MISSING": "needs a Roster, which only a node can make",
    "ORDER_WIDENED": "as ORDER_MISSING",
    "KEY_NOT_HELD": "needs a listed key that the participant does not hold",
    "COMPRESSION": "needs a kind that is compressed, none of which the hub makes",
    "COUNT_MISMATCH": "needs a kind with persons, none of which the hub makes",
    "PART_MISMATCH": "as COUNT_MISMATCH",
}
"""Codes of the envelope's checks that the hub alone cannot bring about, and why."""


def made(workshop: Workshop) -> Sequence[tuple[Case, Given]]:
    """Make every case that can be made in the run as it stands.

    Raises:
        KeyRingError: The signing key cannot be used.
    """
    found = [(case, case.make(workshop)) for case in CASES]
    return [(case, given) for case, given in found if given is not None]
