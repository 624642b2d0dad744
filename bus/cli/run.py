"""`hedui hub run` and `hedui node run`: the daemons with their faces."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from bus.cli.admission import app as admissions
from bus.cli.admission import revoke
from bus.cli.inspection import circular, inspect
from bus.cli.provision import provision
from bus.config.load import load_config
from bus.config.models import Config
from bus.daemon.admission.renewing import LOOK_EVERY, RENEWED_EXIT, Renewing, renewing_of
from bus.daemon.assemble import Participant, assemble
from bus.daemon.audit_inspection import LOOK_EVERY as DUE_EVERY
from bus.daemon.audit_inspection import inspection_due
from bus.daemon.conformance.examiner import Examiner
from bus.daemon.conformance.inspections import LOOK_EVERY as INSPECT_EVERY
from bus.daemon.conformance.inspections import Waiting
from bus.daemon.cut_off import CLOSE_EVERY, CutOff
from bus.daemon.evidence.running import evidence_rules, hub_evidence, node_evidence
from bus.daemon.hub import (
    admission_service,
    exam_rules,
    hub_directory,
    hub_timers,
    inspections,
    report_taker,
    review_policy,
)
from bus.daemon.provincial import LOOK_EVERY as RULES_EVERY
from bus.daemon.provincial import RuleWatch, check_rules
from bus.daemon.retention import LOOK_EVERY as PURGE_EVERY
from bus.daemon.retention import retention_of
from bus.daemon.router import CentreRouter
from bus.daemon.run import Regular, deadlines, run
from bus.daemon.service import Service
from bus.errors import ConfigError
from bus.flow.levels import AssentPolicy
from bus.http.server import faces
from bus.ports.broker import Record
from bus.rules.review_policy import ReviewPolicy
from signer.commands import admission
from signer.identity import Role, role_of

hub = typer.Typer(no_args_is_help=True, help="部中心 / The ministry hub.")
hub.command("provision")(provision)
hub.command("revoke")(revoke)
hub.command("inspect")(inspect)
hub.command("circular")(circular)
hub.add_typer(admissions, name="admission")
node = typer.Typer(no_args_is_help=True, help="节点 / A provincial or lower node.")
admission.register(node)

CALENDAR_EVERY = timedelta(seconds=60)

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="配置文件 / Its TOML file.")]
Dev = Annotated[
    bool,
    typer.Option("--dev", help="允许无 TLS 的内嵌代理，仅供试用 / Allow the plaintext broker."),
]


@hub.command("run")
def run_hub(config: ConfigFile, dev: Dev = False) -> None:
    """运行部中心 / Run the hub."""
    _run(load_config(config), config, Role.HUB, dev=dev)


@node.command("run")
def run_node(config: ConfigFile, dev: Dev = False) -> None:
    """运行节点 / Run a node."""
    _run(load_config(config), config, Role.NODE, dev=dev)


def _run(config: Config, path: Path, role: Role, *, dev: bool) -> None:
    if role_of(config.participant.id) is not role:
        raise ConfigError(
            "ROLE_DIFFERS",
            f"{config.participant.id} 不能以 {role} 身份运行",
            f"{config.participant.id} cannot run as {role}",
            remedy_zh="请检查命令与 [participant] id",
            remedy_en="Check the command and [participant] id",
            where=str(path),
        )
    policy, examiner = ReviewPolicy.AUTOMATIC, Examiner()
    if role is Role.HUB:
        if config.hub is None:
            raise ConfigError(
                "CONFIG_INVALID", "缺少 [hub] 一节", "the section [hub] is missing", where=str(path)
            )
        policy = review_policy(config.hub)
        examiner = Examiner(exam_rules(config.hub))
        if config.levels is not None or config.rule:
            raise ConfigError(
                "CONFIG_INVALID",
                "[levels] 与 [[rule]] 只用于节点",
                "[levels] and [[rule]] are a node's",
                where=str(path),
            )
    assent = AssentPolicy() if config.levels is None else config.levels.policy
    centre = assemble(config, CentreRouter(policy, examiner, assent), dev=dev)
    centre.office.rules = tuple(
        section.rule(number) for number, section in enumerate(config.rule, start=1)
    )
    if config.hub is not None:
        centre.office.evidence = evidence_rules(config.hub.evidence)
    renewing = None if role is Role.HUB else renewing_of(centre)
    uvloop.run(_serve(centre, path, examiner, renewing))
    if renewing is not None and renewing.renewed:
        raise typer.Exit(RENEWED_EXIT)


async def _serve(
    centre: Participant, path: Path, examiner: Examiner, renewing: Renewing | None
) -> None:
    service = service_of(centre)
    closing = CutOff(centre.office, centre.store, centre.loops.outbox, centre.log)
    regular = [
        # Another instance may have imported a year table.
        Regular("calendar", CALENDAR_EVERY, service.load_calendar),
        Regular("cut-off", CLOSE_EVERY, closing.close),
        Regular("retention", PURGE_EVERY, retention_of(centre).purge),
        deadlines(centre),
        Regular("audit-inspection", DUE_EVERY, inspection_due(centre).look),
    ]
    if renewing is not None:
        regular.append(Regular("renewal", LOOK_EVERY, renewing.look))
    section = centre.config.hub
    admitting = None
    if section is not None:
        directory = hub_directory(centre, section)
        admitting = admission_service(centre, section, directory)
        regular += hub_timers(centre, directory, admitting)
        examiner.filed = report_taker(admitting)
        regular.append(inspections(centre, examiner))
        regular += hub_evidence(centre, admitting)
    else:
        waiting = Waiting(centre.office, centre.store)
        regular.append(Regular("test-runs", INSPECT_EVERY, waiting.look))
        rules = RuleWatch(centre.office, centre.store, centre.metrics, centre.log)
        regular.append(Regular("rules", RULES_EVERY, rules.look))
        regular += node_evidence(centre)

    async def prepare() -> None:
        await service.load_calendar()
        check_rules(centre.office, str(path))

    await run(
        centre,
        faces(service, centre, examiner, admitting),
        regular,
        prepare=prepare,
        follow_directory=section is None,
    )


def service_of(centre: Participant) -> Service:
    """Return the operations of a centre that was put together."""

    async def retry(records: Sequence[Record]) -> None:
        await centre.step.run(records)

    wake = centre.loops.outbox.wake.set
    return Service(centre.office, centre.store, wake, retry, centre.keeper.validator)
