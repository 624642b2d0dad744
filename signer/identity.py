"""Who a participant is: its id, its role, and the names both carry in certificates.

Ids (docs/spec/envelope.md, "Participants"): `hub`; a node is its six-digit region code
(`370000`); an adapter is `<parent>.<agency>` (`320000.housing-fund`, `hub.marriage`).

A service of the cluster (`broker-1`, `hub-admin`) is no participant: it has a TLS certificate and a
principal, and nothing to say on the bus. Its name can never be taken for a participant's id.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from schemas.errors import InputError

HUB = "hub"

_NODE = re.compile(r"[1-9][0-9]{5}")
_AGENCY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MAX_AGENCY = 40


_SERVICE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
_MAX_SERVICE = 40


class Role(StrEnum):
    """The three kinds of participant."""

    HUB = "hub"
    NODE = "node"
    ADAPTER = "adapter"


class IdentityError(InputError):
    """A participant id, URN or principal is not of the prescribed form."""


@lru_cache(maxsize=4096)
def role_of(participant: str) -> Role:
    """Return the role that a participant id implies.

    Raises:
        IdentityError: `PARTICIPANT_ID` when the id has none of the three forms.
    """
    if participant == HUB:
        return Role.HUB
    if _NODE.fullmatch(participant):
        return Role.NODE
    centre, dot, agency = participant.partition(".")
    centre_ok = centre == HUB or _NODE.fullmatch(centre)
    if dot and centre_ok and len(agency) <= _MAX_AGENCY and _AGENCY.fullmatch(agency):
        return Role.ADAPTER
    raise IdentityError(
        "PARTICIPANT_ID",
        "参与方标识不合规",
        "not a participant id",
        remedy_zh="应为 hub、六位行政区划代码，或“节点.机构”（如 320000.housing-fund）",
        remedy_en="Use hub, a six-digit region code, or <node>.<agency>",
        where=repr(participant[:64]),
    )


def urn(participant: str) -> str:
    """Return the certificate's SAN URI, `urn:hedui:<role>:<id>`."""
    return f"urn:hedui:{role_of(participant)}:{participant}"


def from_urn(value: str) -> str:
    """Return the participant id that a SAN URI names.

    Raises:
        IdentityError: `PARTICIPANT_URN` when the URI is not `urn:hedui:<role>:<id>` or when role
            and id disagree.
    """
    prefix, _, participant = value.rpartition(":")
    if participant and prefix == f"urn:hedui:{role_of(participant)}":
        return participant
    raise IdentityError(
        "PARTICIPANT_URN",
        "证书中的参与方名称不合规",
        "the certificate's URI is not urn:hedui:<role>:<id>",
        where=repr(value[:96]),
    )


def principal(participant: str, generation: int) -> str:
    """Return the TLS certificate's CN and Kafka principal, e.g. `370000.g3`."""
    role_of(participant)
    return f"{participant}.g{generation}"


def service_urn(service: str) -> str:
    """Return the SAN URI of a service's certificate, `urn:hedui:service:<name>`.

    Raises:
        IdentityError: `SERVICE_NAME` when the name has not the form `<word>-<word>`.
    """
    if len(service) > _MAX_SERVICE or not _SERVICE.fullmatch(service):
        raise IdentityError(
            "SERVICE_NAME",
            "服务名称不合规",
            "not a service name",
            remedy_zh="应为小写字母、数字与连字符，至少两段，如 broker-1、hub-admin",
            remedy_en="Use lower-case words joined by hyphens, such as broker-1 or hub-admin",
            where=repr(service[:64]),
        )
    return f"urn:hedui:service:{service}"


def service_principal(service: str, generation: int) -> str:
    """Return a service's CN and Kafka principal, e.g. `hub-admin.g1`."""
    service_urn(service)
    return f"{service}.g{generation}"


def outbox_topic(participant: str) -> str:
    """Return the topic only this participant writes and only its parent reads."""
    role_of(participant)
    return f"hedui.{participant}.outbox"


def inbox_topic(participant: str) -> str:
    """Return the topic only this participant's parent writes and only it reads."""
    role_of(participant)
    return f"hedui.{participant}.inbox"


def consumer_group(participant: str) -> str:
    """Return the consumer group in which all instances of a participant read."""
    role_of(participant)
    return f"hedui.{participant}"


DIRECTORY_TOPIC = "hedui.directory"

ADMIN_SERVICE = "hub-admin"
"""The service that makes topics and rights at the broker."""
