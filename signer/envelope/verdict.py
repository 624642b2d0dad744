"""How opening ends, and the list of codes with their texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from schemas.errors import DefectError
from signer.envelope.format import Envelope, Header, Statement

# code: (number of the check in the spec's §10, Chinese, English)
CODES: dict[str, tuple[int, str, str]] = {
    "TOO_LARGE": (1, "信封超过 900 KiB", "the envelope is larger than 900 KiB"),
    "MAGIC": (2, "不是第一版信封", "not an envelope of version 1"),
    "MALFORMED": (2, "信封字节无法解析", "the bytes are not an envelope"),
    "NOT_CANONICAL": (2, "编码不唯一", "not the canonical encoding"),
    "LIMIT": (2, "超出数量或长度上限", "a count or a size is over its limit"),
    "HEADER_FIELD": (2, "信封头字段不合规", "a header field is malformed"),
    "SUITE_UNKNOWN": (3, "不识别的密码套件", "an unknown cipher suite"),
    "EXTENSION_CRITICAL": (3, "不识别的关键扩展", "an unknown critical extension"),
    "KIND_UNKNOWN": (4, "不识别的消息种类", "an unknown kind of message"),
    "KIND_ORIGIN": (4, "该参与方不能发出此类消息", "this participant may not make this kind"),
    "KIND_DESTINATION": (4, "此类消息不能发往该参与方", "this kind may not go to that destination"),
    "KIND_COMPRESSION": (4, "压缩方式不允许", "this compression is not allowed for the kind"),
    "KEY_MISMATCH": (4, "Kafka 键与会话不符", "the Kafka key is not the conversation"),
    "CE_HEADER_MISMATCH": (4, "Kafka 头与信封头不符", "a Kafka header contradicts the header"),
    "CHAIN_ROLE": (5, "签章角色不符", "a seal has the wrong role"),
    "CHAIN_BROKEN": (5, "签章链不连续", "the chain of seals is not contiguous"),
    "CHAIN_EDGE": (5, "签章链不沿隶属关系", "a step is not an edge of the tree"),
    "CHAIN_DIRECTION": (5, "此类消息不得向该方向传递", "the kind may not move in this direction"),
    "WRONG_PEER": (5, "最后签章人不是该主题的写入方", "the last signer may not write this topic"),
    "WRONG_HOP": (5, "下一站不是本方", "the next hop is not me"),
    "PEER_NOT_CONNECTED": (5, "对方尚未接入或已退出", "the peer is not connected yet, or has left"),
    "PEER_SUSPENDED": (5, "对方已被暂停", "the peer is suspended"),
    "DIRECTORY_BEHIND": (5, "本方目录版本落后", "my directory is behind the signer's"),
    "LIFETIME": (6, "有效期超过该种类上限", "the lifetime is longer than the kind allows"),
    "EXPIRED": (6, "消息已过期", "the message has expired"),
    "TIME_ORDER": (6, "时间先后不合理", "the times are out of order"),
    "FROM_FUTURE": (6, "时间在一天以后", "a time is more than a day ahead"),
    "NOT_YET_VALID": (6, "时间尚未到", "a time has not come yet"),
    "SIGNER_UNKNOWN": (7, "目录中没有该签名密钥", "the signing key is not in the directory"),
    "SIGNER_MISMATCH": (7, "签名密钥不属于签章人", "the signing key is another participant's"),
    "KEY_USE": (7, "密钥用途不符", "the key is certified for another use"),
    "SUITE_MISMATCH": (7, "套件与目录所列不符", "the suite is not the one listed for the key"),
    "KEY_EXPIRED": (7, "签名证书当时不在有效期", "the certificate was not valid at that time"),
    "KEY_REVOKED": (7, "签名证书已吊销", "the certificate is revoked"),
    "CHAIN_DIGEST": (8, "链摘要不符", "a statement's prev is wrong"),
    "PROOF_INVALID": (8, "默克尔证明不合规", "the Merkle proof is malformed"),
    "SIGNATURE_FORM": (8, "签名格式不合规", "a signature is malformed"),
    "SIGNATURE_INVALID": (8, "签名无效", "a signature is invalid"),
    "ORDER_MISSING": (9, "缺少查询指令", "the order is missing"),
    "ORDER_NOT_ALLOWED": (9, "此处不得有查询指令", "no order may stand here"),
    "ORDER_WIDENED": (9, "查询指令超出上级范围", "an order is wider than what it stands on"),
    "RECIPIENT_NOT_ORDERED": (10, "增加了无权指定的可读人", "a reader was added without the right"),
    "RECIPIENT_MISMATCH": (10, "可读人密钥与目录不符", "a reader's key is not what is listed"),
    "RECIPIENT_TWICE": (10, "同一可读人重复", "a reader stands twice"),
    "EPOCH_AGE": (10, "会话密钥超龄", "the epoch secret is too old for the statement"),
    "NO_WRAP": (11, "没有给本方的密钥", "no key is wrapped for me"),
    "KEY_NOT_HELD": (11, "本方未装载该解密密钥", "the decryption key is not loaded"),
    "EPOCH_INVALID": (12, "会话密钥无法解封", "the epoch secret does not open"),
    "WRAP_INVALID": (12, "内容密钥无法解封", "the content secret does not open"),
    "COMMITMENT": (13, "内容密钥与承诺不符", "the content secret is not the committed one"),
    "BODY_TAG": (14, "正文校验失败", "the body does not decrypt"),
    "PADDING": (14, "填充不合规", "the padding is malformed"),
    "COMPRESSION": (14, "正文无法解压或过大", "the payload does not inflate or is too large"),
    "SCHEMA_UNKNOWN": (15, "未知的正文模式", "the payload schema is not known here"),
    "PAYLOAD_MALFORMED": (15, "正文与模式不符", "the payload is not of its schema"),
    "PAYLOAD_LIMIT": (15, "正文条目过多", "the payload has too many items"),
    "COUNT_MISMATCH": (16, "人数与正文不符", "the subject count contradicts the payload"),
    "PART_MISMATCH": (16, "分册序号与正文不符", "the roster part contradicts the payload"),
}


@dataclass(frozen=True, slots=True)
class Opened:
    """What verification in clear yields: format, header, statements and both digests.

    `digest` is the message digest, `chain` the chain digest as the receiver got it.
    """

    envelope: Envelope
    header: Header
    statements: tuple[Statement, ...]
    digest: bytes
    chain: bytes


@dataclass(frozen=True, slots=True)
class Accept:
    """ACCEPT: verified and opened. `payload` is the Avro datum, `secret` the content secret."""

    opened: Opened
    payload: Any
    secret: bytes


@dataclass(frozen=True, slots=True)
class Relay:
    """RELAY: verified, not mine to open."""

    opened: Opened


@dataclass(frozen=True, slots=True)
class Hold:
    """HOLD: something is still to come; park it, retry, bounded."""

    code: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """REFUSE, with the code."""

    code: str


Verdict = Accept | Relay | Hold | Refuse


def number(code: str) -> int:
    """Return the number of the check that gives a code (spec §10)."""
    return CODES[code][0]


class RefusedEnvelope(Exception):  # noqa: N818 - an ending, not an error: it becomes a verdict
    """Ends the checks with REFUSE; becomes a `Refuse` before it leaves this room."""

    def __init__(self, code: str) -> None:
        if code not in CODES:
            raise DefectError("CODE_UNLISTED", "未列出的代码", "an unlisted code", where=code)
        super().__init__(code)
        self.code = code


class HeldEnvelope(RefusedEnvelope):
    """Ends the checks with HOLD; becomes a `Hold` before it leaves this room."""
