"""The fifteen checks of a proof by name, and every way one fails (docs/spec/proof.md §2)."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.errors import HeduiError


@dataclass(frozen=True, slots=True)
class Check:
    """One numbered check, with what to do when it fails."""

    number: int
    name: str
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str


_DAMAGED = (
    "文件已损坏或被改动，请重新索取原件",
    "The file is damaged or was altered: ask for the original again",
)
_ROOT = (
    "请确认所用根证书正确；若正确，则此证明不可信",
    "Make sure the root certificate is the right one; if it is, do not rely on this proof",
)
_UNTRUSTED = (
    "此证明不可信，请向部中心核实该查询",
    "Do not rely on this proof: ask the hub about the query",
)

CHECKS: tuple[Check, ...] = (
    Check(1, "magic", "大小与标识", "size and magic", *_DAMAGED),
    Check(2, "digest", "全文摘要", "whole-file digest", *_DAMAGED),
    Check(3, "encoding", "编码与字段", "encoding and fields", *_DAMAGED),
    Check(4, "directory", "参与方目录", "directory", *_ROOT),
    Check(5, "envelopes", "信封与签名", "envelopes and signatures", *_UNTRUSTED),
    Check(6, "audit", "审计记录与时间戳", "audit entries and timestamps", *_UNTRUSTED),
    Check(7, "keys", "签名证书在可信时间的效力", "keys at their trusted time", *_UNTRUSTED),
    Check(8, "conversation", "查询与收发方", "query, senders and receivers", *_UNTRUSTED),
    Check(9, "disclosure", "公开的内容", "disclosed contents", *_UNTRUSTED),
    Check(10, "application", "查询申请及分册", "application and its parts", *_UNTRUSTED),
    Check(11, "decision", "受理决定", "decision", *_UNTRUSTED),
    Check(12, "dispatch", "分发清单", "dispatches", *_UNTRUSTED),
    Check(13, "answers", "反馈", "answers", *_UNTRUSTED),
    Check(14, "stops", "撤销与停办", "withdrawal and what was stopped", *_UNTRUSTED),
    Check(15, "receipts", "签收", "receipts", *_UNTRUSTED),
)

# code: (number of its check, Chinese, English)
FAILURES: dict[str, tuple[int, str, str]] = {
    "PROOF_SIZE": (1, "文件过短或过大", "the file is too short or too large"),
    "PROOF_MAGIC": (1, "不是第一版证明文件", "not a proof of version 1"),
    "PROOF_DIGEST": (2, "全文摘要不符", "the digest at the end is not that of the file"),
    "PROOF_ENCODING": (3, "内容不是唯一编码", "the content is not in its one encoding"),
    "PROOF_FIELD": (3, "字段取值不合规", "a field's value is not allowed"),
    "PROOF_DIRECTORY": (4, "目录不能追溯到根证书", "the directory does not verify to the root"),
    "PROOF_ENVELOPE": (5, "信封检查未通过", "an envelope does not verify"),
    "PROOF_AUDIT_RECORD": (6, "审计记录不合规", "an audit entry is malformed or out of place"),
    "PROOF_AUDIT_HEAD": (6, "审计首页无效", "an audit head does not verify"),
    "PROOF_AUDIT_PATH": (6, "审计记录不在其首页之下", "an audit entry is not under its head"),
    "PROOF_AUDIT_MISSING": (6, "审计记录中没有此消息", "no audit entry names the message as it is"),
    "PROOF_TIMESTAMP": (6, "时间戳无效", "a timestamp does not verify"),
    "PROOF_KEY_REVOKED": (
        7,
        "签名证书在可信时间之前已吊销",
        "the certificate was revoked before the time the signature can be trusted for",
    ),
    "PROOF_KEY_EXPIRED": (
        7,
        "签名证书在可信时间之前已过期",
        "the certificate had ended before the time the signature can be trusted for",
    ),
    "PROOF_TIME_UNPROVEN": (
        7,
        "签名证书已吊销，且除签名人自述外没有签名时间的证据",
        "the certificate is revoked, and only the signer's own clock says when it signed",
    ),
    "PROOF_CONVERSATION": (8, "消息属于另一查询", "a message is of another query"),
    "PROOF_KIND": (8, "此类消息不属于证明", "this kind of message has no place here"),
    "PROOF_PARTY": (8, "消息不是申请方发出或收到的", "not sent or received by the requester"),
    "PROOF_PATH": (8, "批转路径不完整", "the seals are not those of the whole path"),
    "PROOF_TIME": (8, "发出时间与签章不符", "the time of sending is not that of its seal"),
    "PROOF_MESSAGE_TWICE": (8, "同一消息编号重复", "a message id stands twice"),
    "PROOF_SECRET_MISSING": (9, "应公开的内容没有公开", "its content is not disclosed"),
    "PROOF_SECRET_SURPLUS": (9, "公开了不应公开的内容", "this content must stay sealed"),
    "PROOF_SECRET_WRONG": (9, "所附内容密钥打不开消息", "the content secret does not open it"),
    "PROOF_APPLICATION": (10, "应有且仅有一份查询申请", "there must be exactly one application"),
    "PROOF_PART": (10, "名单与授权分册不成套", "the roster and consent parts do not match"),
    "PROOF_ASSENT": (
        11,
        "省级同意缺失、多余或不属于此申请",
        "the province's assent is missing, surplus, or not to this application",
    ),
    "PROOF_DECISION": (11, "应有且仅有一份受理决定", "there must be exactly one decision"),
    "PROOF_DECISION_ELSEWHERE": (11, "决定针对另一申请", "the decision is on another application"),
    "PROOF_AFTER_REFUSAL": (11, "申请已被拒绝，不应再有此消息", "nothing may follow a refusal"),
    "PROOF_DISPATCH_FOREIGN": (12, "分发清单没有上级指令", "no order stands above the dispatch"),
    "PROOF_DISPATCH_TWICE": (12, "同一指令分发两次", "an order was dispatched twice"),
    "PROOF_DISPATCH_ROW": (12, "分发清单有一行不合规", "a row of the dispatch is not allowed"),
    "PROOF_DISPATCH_COVER": (12, "分发清单与指令不符", "the dispatch does not cover its order"),
    "PROOF_ANSWER_FOREIGN": (13, "反馈没有对应的指令", "no order stands above the answer"),
    "PROOF_ANSWER_TWICE": (13, "同一分片反馈两次", "a fragment was answered twice"),
    "PROOF_ANSWER_FRAGMENT": (13, "分片超出末片", "a fragment stands beyond the last"),
    "PROOF_CANCELLATION_TWICE": (14, "撤销了两次", "it is withdrawn twice"),
    "PROOF_CANCELLATION_ELSEWHERE": (
        14,
        "撤销或回执针对另一申请",
        "a Cancellation or reply is about something else",
    ),
    "PROOF_RECEIPT_FOREIGN": (15, "签收的反馈或申请不在证明内", "what is received is not here"),
    "PROOF_RECEIPT_EARLY": (
        15,
        "已签收完毕却缺少反馈",
        "all is received, yet an answer is missing",
    ),
}


class ProofError(HeduiError):
    """A proof failed a check: `check` says which.

    Args:
        code: A code of `FAILURES`.
        where: The place: a field, or a message by number and kind.
        because: Chinese and English text of what lies beneath, e.g. the envelope's own code.
    """

    def __init__(self, code: str, where: str = "", because: tuple[str, str] | None = None) -> None:
        number, zh, en = FAILURES[code]
        self.check = CHECKS[number - 1]
        if because is not None:
            zh, en = f"{zh}：{because[0]}", f"{en}: {because[1]}"
        super().__init__(
            code,
            zh,
            en,
            remedy_zh=self.check.remedy_zh,
            remedy_en=self.check.remedy_en,
            where=where,
        )
