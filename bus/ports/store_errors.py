"""The errors of every store, so that the twin and the real one fail alike.

| code | kind | when |
|---|---|---|
| STORE_UNAVAILABLE | StoreUnavailable | locked by another process for too long, or an I/O error |
| STORE_FULL | StoreUnavailable | no space is left |
| STORE_UNWRITABLE | StoreUnavailable | the file cannot be opened, made or written |
| STORE_CLOSED | StoreUnavailable | used before `open` or after `close` |
| STORE_CORRUPT | StoreCorrupt | what is stored cannot be read back |
| STORE_STATEMENT_FAILED | StoreCorrupt | the database refused a statement of ours |
| CASE_UNREADABLE | StoreCorrupt | a stored case is not of this version's shape |
| AUDIT_CHAIN_BROKEN | StoreCorrupt | an audit entry was altered, removed or put in |
| AUDIT_HEAD_INVALID | StoreCorrupt | a signed head does not fit its entries |
| AUDIT_SIGNER_INVALID | StoreCorrupt | a certificate in the chain is not the participant's |
| AUDIT_TIMESTAMP_INVALID | StoreCorrupt | a timestamp is not over its head |
| STORE_NESTED | DefectError | a transaction inside a transaction |
| STORE_UNIT_ENDED | DefectError | a unit used after its transaction |
| EQUIVOCATION_UNCHECKED | DefectError | a message id marked seen twice with two digests |
| AUDIT_EVENT_INVALID | DefectError | an audit detail that is not flat JSON |
| CASE_UNWRITABLE | DefectError | a case with a value that has no JSON form |
| INSTANT_WITHOUT_ZONE | DefectError | a naive datetime |
"""

from __future__ import annotations

from bus.errors import DefectError, UnavailableError


class StoreUnavailable(UnavailableError):  # noqa: N818 - the name the Store protocol documents
    """The database cannot be reached or written now; the transaction left nothing behind."""


class StoreCorrupt(DefectError):  # noqa: N818 - named after its sibling
    """The database holds what it should not, or refused a statement of ours."""


def store_closed() -> StoreUnavailable:
    """Return the error of a store that is not open."""
    return StoreUnavailable(
        "STORE_CLOSED",
        "数据库尚未打开或已关闭",
        "the store is not open, or closed already",
        remedy_zh="进程正在停止时属正常现象，重新启动后重试",
        remedy_en="this is normal while the process stops; try again after it has started",
    )


def transaction_nested() -> DefectError:
    """Return the error of a transaction asked for inside one: it would wait for itself."""
    return DefectError(
        "STORE_NESTED",
        "在一个事务之内又请求了新的事务",
        "a transaction was asked for inside an open one",
    )


def unit_ended() -> DefectError:
    """Return the error of a unit that outlived its transaction."""
    return DefectError(
        "STORE_UNIT_ENDED",
        "事务结束后仍在使用其工作单元",
        "a unit was used after its transaction had ended",
    )


def equivocation_unchecked(source: str) -> DefectError:
    """Return the error of a message id recorded again with another digest.

    Args:
        source: The participant the message came from.
    """
    return DefectError(
        "EQUIVOCATION_UNCHECKED",
        "同一消息编号以不同摘要重复登记，调用方未先查重",
        "a message id was recorded again with another digest: the caller did not check first",
        where=source,
    )
