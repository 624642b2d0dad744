"""Errors of Kafka's administrative interface → our coded ones."""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException

from bus.errors import HeduiError
from bus.ports.broker_errors import BrokerRefused, unavailable

_DENIED = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
    }
)
_SILENT = frozenset(
    {
        KafkaError._TRANSPORT,  # noqa: SLF001 - the client's own codes are named so
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 - as above
        KafkaError._TIMED_OUT,  # noqa: SLF001 - as above
        KafkaError._TIMED_OUT_QUEUE,  # noqa: SLF001 - as above
        KafkaError._RESOLVE,  # noqa: SLF001 - as above
        KafkaError._SSL,  # noqa: SLF001 - as above
        KafkaError.REQUEST_TIMED_OUT,
    }
)


def translated(error: BaseException, where: str) -> HeduiError:
    """Return our error for what an administrative call ended with.

    Args:
        error: What the client library raised.
        where: The topic, the right, or the address of the cluster it was about.
    """
    cause = error.args[0] if isinstance(error, KafkaException) and error.args else None
    if not isinstance(cause, KafkaError) or cause.code() in _SILENT:
        return unavailable(where)
    if cause.code() in _DENIED:
        return BrokerRefused(
            "PROVISION_UNAUTHORISED",
            "该证书无权管理集群的主题和访问控制",
            "This certificate may not administer topics and rights",
            remedy_zh="请用 hub-admin 的证书，并核对消息集群配置中的 super.users",
            remedy_en="Use hub-admin's certificate, and check super.users of the brokers",
            where=where,
        )
    if cause.code() == KafkaError.SECURITY_DISABLED:
        return BrokerRefused(
            "PROVISION_NO_AUTHORISER",
            "消息集群没有启用访问控制，任何人都可读写任何主题",
            "The brokers have no authoriser: anybody may read and write everything",
            remedy_zh="请在消息集群配置中启用 StandardAuthorizer",
            remedy_en="Switch StandardAuthorizer on in the brokers' configuration",
            where=where,
        )
    return BrokerRefused(
        "PROVISION_REFUSED",
        f"消息集群拒绝了此项更改（{cause.name()}）",
        f"The brokers refused this change ({cause.name()})",
        remedy_zh="请按所述原因更正后再次运行",
        remedy_en="Remove the cause it names, then run the command again",
        where=where,
    )
