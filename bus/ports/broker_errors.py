"""What a broker, real or in memory, can go wrong with: two kinds, a handful of codes.

| code | kind | meaning |
|---|---|---|
| BROKER_UNAVAILABLE | BrokerUnavailable | no answer now, or none before our deadline |
| BROKER_CLOSED | BrokerUnavailable | used before `start` or after `stop` or `close` |
| PREDECESSOR_UNSENT | BrokerUnavailable | an earlier record of the same key was not stored |
| BROKER_TLS | BrokerRefused | certificates, key or handshake |
| BROKER_UNAUTHORISED | BrokerRefused | the principal may not use the group or the cluster |
| TOPIC_UNAUTHORISED | BrokerRefused | the principal may not use the topic |
| TOPIC_MISSING | BrokerRefused | no such topic |
| RECORD_TOO_LARGE | BrokerRefused | one record above the limit |
| EMBEDDED_FULL | BrokerRefused | the embedded broker would begin to drop records |

Texts name topics and addresses only: never a key, a value or a header.
"""

from __future__ import annotations

from bus.errors import ConfigError, UnavailableError


class BrokerUnavailable(UnavailableError):  # noqa: N818 - the port's documentation names it so
    """The cluster cannot be reached or has not answered in time: try again later."""


class BrokerRefused(ConfigError):  # noqa: N818 - the twin of BrokerUnavailable
    """The cluster, or our own limit, says no: trying again alone does not help."""


def unavailable(where: str) -> BrokerUnavailable:
    """Return the error for a cluster or topic that does not answer."""
    return BrokerUnavailable(
        "BROKER_UNAVAILABLE",
        "消息集群暂时无法访问，或未在期限内应答",
        "The broker cannot be reached, or did not answer in time",
        remedy_zh="系统会自动重试；若持续出现，请检查网络和集群状态",
        remedy_en="It is retried by itself; if it lasts, check the network and the cluster",
        where=where,
    )


def closed(where: str) -> BrokerUnavailable:
    """Return the error for a connection that is not open."""
    return BrokerUnavailable(
        "BROKER_CLOSED",
        "与消息集群的连接尚未建立或已经关闭",
        "The connection to the broker is not open",
        where=where,
    )


def predecessor_unsent(topic: str) -> BrokerUnavailable:
    """Return the error for a record held back because an earlier one of its key failed."""
    return BrokerUnavailable(
        "PREDECESSOR_UNSENT",
        "同一会话中较早的消息未能发出，本条为保持次序而暂缓",
        "An earlier record of the same key was not stored, so this one waits to keep the order",
        where=topic,
    )


def topic_unauthorised(topic: str) -> BrokerRefused:
    """Return the error for a topic the principal may not use."""
    return BrokerRefused(
        "TOPIC_UNAUTHORISED",
        "本单位的证书无权使用该主题",
        "This participant's certificate may not use the topic",
        remedy_zh="请联系上级中心核对备案地址、证书代次和访问控制",
        remedy_en="Ask the parent centre to check the registered address, key generation and ACLs",
        where=topic,
    )


def broker_unauthorised(where: str) -> BrokerRefused:
    """Return the error for a consumer group or cluster the principal may not use."""
    return BrokerRefused(
        "BROKER_UNAUTHORISED",
        "本单位的证书无权使用该消费组或集群",
        "This participant's certificate may not use the consumer group or the cluster",
        remedy_zh="请联系上级中心核对访问控制",
        remedy_en="Ask the parent centre to check the ACLs",
        where=where,
    )


def topic_missing(topic: str) -> BrokerRefused:
    """Return the error for a topic that does not exist."""
    return BrokerRefused(
        "TOPIC_MISSING",
        "主题不存在",
        "The topic does not exist",
        remedy_zh="主题由部中心在接入时建立，请核对编号或联系部中心",
        remedy_en="The hub creates topics on admission: check the id, or ask the hub",
        where=topic,
    )


def record_too_large(topic: str) -> BrokerRefused:
    """Return the error for a record above the size limit."""
    return BrokerRefused(
        "RECORD_TOO_LARGE",
        "单条消息超过集群允许的大小",
        "The record is larger than the broker allows",
        remedy_zh="请减少每部分的人数，或调整集群与本机的消息上限",
        remedy_en="Put fewer persons in a part, or raise the limit at the broker and here",
        where=topic,
    )


def embedded_full(topic: str) -> BrokerRefused:
    """Return the error for a partition of the embedded broker that can hold no more."""
    return BrokerRefused(
        "EMBEDDED_FULL",
        "内置演示集群的分区已满，继续写入会丢失数据",
        "The embedded broker's partition is full; it would drop records silently",
        remedy_zh="内置集群仅供演示，请使用正式的 Kafka 集群",
        remedy_en="The embedded broker is for demonstrations only: use a real Kafka",
        where=topic,
    )


def tls_failed(zh: str, en: str, where: str) -> BrokerRefused:
    """Return the error for a certificate, key or handshake that does not do.

    Args:
        zh: What is wrong, in Chinese.
        en: The same in English.
        where: The file or the address at fault.
    """
    return BrokerRefused(
        "BROKER_TLS",
        zh,
        en,
        remedy_zh="请核对根证书、本机证书、私钥及其口令是否匹配且在有效期内",
        remedy_en="Check that CA, certificate, key and passphrase belong together and are valid",
        where=where,
    )
