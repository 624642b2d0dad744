"""The first questions: who is it, with what kind of source, for which resource?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adapters.init.asking import Asking, Question, invalid, one_of
from bus.config.models import bootstrap
from schemas.resources import Resource
from signer.identity import IdentityError, Role, role_of

KINDS = ("sql", "rest", "upload", "template", "medium")

_EXAMPLE = "320000.housing-fund"


@dataclass(frozen=True, slots=True)
class Beginning:
    """What every adapter's file begins with, and the resource it is for."""

    participant: str
    bootstrap: str
    kind: str
    resource: Resource

    @property
    def agency(self) -> str:
        """The agency's name without its centre."""
        return self.participant.partition(".")[2]


def begin(asking: Asking, folder: Path, resources: Mapping[str, Resource]) -> Beginning:
    """Ask them.

    Args:
        asking: Where answers come from.
        folder: The file's folder: keys that are there say who it is.
        resources: The catalogue's resources by name.

    Raises:
        InputError: An answer in a file does not do.
    """
    participant = asking.ask(
        Question(
            "participant",
            "机构前置编号",
            "the adapter's id",
            _held(folder) or _EXAMPLE,
            "“节点.机构”，与证书一致",
            "<centre>.<agency>, as in its certificates",
            _adapter_id,
        )
    )
    servers = asking.ask(
        Question(
            "bootstrap",
            "消息代理地址",
            "broker addresses",
            "kafka1.example:9093",
            "主机:端口，多个以逗号分隔；由所属节点告知",
            "host:port, several separated by commas; your centre tells them",
            _servers,
        )
    )
    kind = asking.ask(
        Question(
            "kind",
            "数据来源",
            "kind of source",
            KINDS[0],
            "sql 数据库，rest 接口，upload 定期上传，template 人工填表，medium 离线介质",
            "a database, a service, periodic uploads, lists filled in by people, an offline medium",
            one_of(KINDS),
        )
    )
    listed = "，".join(f"{one.name} {one.zh}" for one in resources.values())
    name = asking.ask(
        Question(
            "resource",
            "信息资源",
            "resource",
            next(iter(resources)),
            f"一项：{listed}",
            "one of these; others are added to the file later",
            one_of(tuple(resources)),
        )
    )
    return Beginning(participant, servers, kind, resources[name])


def _held(folder: Path) -> str | None:
    """Return the adapter whose keys lie in the folder, where it is one."""
    try:
        found = [one.name for one in (folder / "keys").iterdir() if _is_adapter(one.name)]
    except OSError:
        return None
    return found[0] if len(found) == 1 else None


def _is_adapter(name: str) -> bool:
    try:
        return role_of(name) is Role.ADAPTER
    except IdentityError:
        return False


def _adapter_id(answer: str) -> str:
    if not _is_adapter(answer):
        raise invalid(
            f"须为“节点.机构”，如 {_EXAMPLE}", f"<centre>.<agency> is needed, such as {_EXAMPLE}"
        )
    return answer


def _servers(answer: str) -> str:
    try:
        return bootstrap(answer)
    except ValueError:
        raise invalid("须为 主机:端口", "host:port is needed") from None
