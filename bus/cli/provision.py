"""`hedui hub provision`: topics, settings and rights at the brokers, from list or directory.

Exit codes: 0 everything stands, 2 an error or a change that failed, 3 changes are due
(`--dry-run`), 4 something needs a person; where several hold, 2 goes before 4 and 4 before 3.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track
from rich.table import Table

from bus.api.errors import FindingBody
from bus.api.provisioning import ChangeBody, ProvisionBody
from bus.broker.provisioning.cluster import Cluster, Outcome
from bus.broker.provisioning.credentials import read_credentials
from bus.broker.provisioning.desired import Desired, TopicPolicy, desired
from bus.broker.provisioning.plan import (
    AddRight,
    Change,
    CreateTopic,
    DeleteTopic,
    Plan,
    RemoveRight,
    SetSettings,
)
from bus.broker.provisioning.rights import Right
from bus.broker.provisioning.run import Provisioner
from bus.cli.options import AsJson
from bus.cli.output import console, findings_table, plain, print_error, print_json, table
from bus.cli.provision_directory import following, published
from bus.config.participants import load_participants
from bus.config.provision import ProvisionConfig, load_provision_config
from bus.errors import ConfigError, HeduiError, InputError
from signer.directory.tree import check_keys, check_tree
from signer.directory.view import Participant

FAILED = 2
DUE = 3
DRIFTED = 4

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="hub-admin 的配置文件 / The TOML file of hub-admin")
]
FromDirectory = Annotated[
    bool,
    typer.Option(
        "--from-directory", help="按已发布的目录而非清单文件 / From the published directory"
    ),
]
Follow = Annotated[
    bool,
    typer.Option("--follow", help="持续运行，随目录变化更改权限 / Keep running, follow it"),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="只列出计划，不作更改 / Show the plan and change nothing"),
]


def provision(
    config: ConfigFile,
    from_directory: FromDirectory = False,
    follow: Follow = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """按参与方清单或目录建立主题与权限 / Bring topics and rights in step with list or directory."""
    settings = load_provision_config(config)
    files, principal = read_credentials(
        settings.keys.directory, settings.keys.passphrase_file, settings.broker.ca_file
    )
    cluster = Cluster(settings.broker.bootstrap, files)
    accepted = frozenset({principal, *settings.rights.accepted_principals})

    def provisioner_for(participants: Iterable[Participant]) -> Provisioner:
        return Provisioner(cluster, _wanted(settings, participants), accepted)

    if follow:
        if dry_run or as_json:
            raise InputError(
                "OPTIONS_CONFLICT",
                "--follow 不能与 --dry-run 或 --json 同用",
                "--follow goes with neither --dry-run nor --json",
                where="--follow",
            )
        following(settings, files, provisioner_for)
        return
    if from_directory:
        provisioner = provisioner_for(published(settings, files))
    else:
        provisioner = provisioner_for(_filed(settings, config))
    due = provisioner.plan()
    if not as_json:
        _show(due)
    outcomes = () if dry_run else _applied(provisioner, due.changes)
    if as_json:
        print_json(plain(_report(due, outcomes, dry_run=dry_run)))
    else:
        for error in _errors(outcomes):
            print_error(error, as_json=False)
        typer.echo(_ending(due, outcomes, dry_run=dry_run))
    raise typer.Exit(_code(due, outcomes, dry_run=dry_run))


def _filed(settings: ProvisionConfig, config: Path) -> Sequence[Participant]:
    if settings.hub is None:
        raise ConfigError(
            "CONFIG_INVALID",
            "缺少 [hub] participants；或加 --from-directory",
            "[hub] participants is missing; or add --from-directory",
            where=str(config),
        )
    if settings.directory.state.exists():
        # The list does not know who was admitted: a run from it would take their rights away.
        raise InputError(
            "PROVISION_FOLLOWS_DIRECTORY",
            "此处的权限已随目录变化；按清单执行会撤销已入网参与方的权限，未作任何更改",
            "rights follow the directory here; a run from the list would take the rights of those"
            " who were admitted away; nothing was changed",
            remedy_zh="请加 --from-directory；若确已不再办理入网，先删除此文件",
            remedy_en="Add --from-directory; if nobody is admitted here any more, remove this file",
            where=str(settings.directory.state),
        )
    listed = load_participants(settings.hub.participants)
    # As the directory itself is checked: rights follow parents, so the tree must be one.
    by_id = {participant.id: participant for participant in listed}
    check_tree(by_id)
    check_keys(by_id)
    return listed


def _wanted(settings: ProvisionConfig, listed: Iterable[Participant]) -> Desired:
    topics = settings.topics
    policy = TopicPolicy(topics.partitions, topics.replication_factor, topics.min_insync_replicas)
    return desired(listed, policy, datetime.now(UTC))


def _applied(provisioner: Provisioner, changes: Sequence[Change]) -> Sequence[Outcome]:
    made = track(
        provisioner.apply(changes),
        "更改中 applying",
        total=len(changes),
        console=console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    return provisioner.confirm(tuple(made))


def _errors(outcomes: Sequence[Outcome]) -> list[HeduiError]:
    return [outcome.error for outcome in outcomes if outcome.error is not None]


def _code(due: Plan, outcomes: Sequence[Outcome], *, dry_run: bool) -> int:
    if _errors(outcomes):
        return FAILED
    if due.drift:
        return DRIFTED
    return DUE if dry_run and due.changes else 0


def _report(due: Plan, outcomes: Sequence[Outcome], *, dry_run: bool) -> ProvisionBody:
    if dry_run:
        changes = tuple(ChangeBody.of(change) for change in due.changes)
    else:
        changes = tuple(ChangeBody.of(each.change, each) for each in outcomes)
    drift = tuple(FindingBody.of(finding) for finding in due.drift)
    return ProvisionBody(dry_run=dry_run, changes=changes, drift=drift)


def _show(due: Plan) -> None:
    if due.changes:
        console().print(_changes_table(due.changes))
    if due.drift:
        typer.echo("\n须由人工处理 / for a person to decide:")
        console().print(findings_table([FindingBody.of(finding) for finding in due.drift]))


def _changes_table(changes: Sequence[Change]) -> Table:
    made = table("更改 change", "对象 subject", "内容 detail")
    rights: list[tuple[str, Right]] = []
    for change in changes:
        match change:
            case CreateTopic(topic):
                detail = (
                    f"{topic.partitions} 分区 partitions, {topic.replication_factor} 副本 replicas"
                )
                made.add_row("建主题 create topic", topic.name, detail)
            case SetSettings(topic, wanted, found):
                for name, value in wanted.items():
                    made.add_row("改设置 set", topic, f"{name}: {found[name] or '-'} → {value}")
            case AddRight(right):
                rights.append(("授权 add right", right))
            case RemoveRight(right):
                rights.append(("撤权 remove right", right))
            case DeleteTopic(topic):
                made.add_row("删主题 delete topic", topic, "已读完 read to its end")
    # The operations of one principal on one topic stand in one line.
    for (act, subject, who), alike in groupby(rights, key=_line):
        operations = ", ".join(right.operation.capitalize() for _, right in alike)
        made.add_row(act, subject, f"{who}: {operations}")
    return made


def _line(entry: tuple[str, Right]) -> tuple[str, str, str]:
    act, right = entry
    return act, f"{right.resource.lower()} {right.name}", f"{right.principal}@{right.host}"


def _ending(due: Plan, outcomes: Sequence[Outcome], *, dry_run: bool) -> str:
    if not due.changes:
        return "主题与权限均已符合清单 / topics and rights are in step with the list"
    if dry_run:
        count = len(due.changes)
        return f"待更改 {count} 项，未作任何更改 / {count} changes are due; nothing was changed"
    failed = len(_errors(outcomes))
    done = len(outcomes) - failed
    return f"完成 {done} 项，失败 {failed} 项 / {done} changes made, {failed} failed"
