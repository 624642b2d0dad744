"""How a run goes on: one test after the other, each asked, answered and judged; then it ends.

A test that fails does not end the run, so that the report names all that is wrong. A challenge
that nobody answers does. What has ended never goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from bus.errors import RefusedError
from bus.flow.conformance.check import Challenge, Check, ExamRules, digest
from bus.flow.conformance.checks import BY_NUMBER, numbers_of
from bus.model.probe import Expected, Probe, Reply, Run, RunPurpose, RunResult, RunState

UNANSWERED = "UNANSWERED"
SUPERSEDED = "SUPERSEDED"


def open_run(
    run: UUID,
    participant: str,
    purpose: RunPurpose,
    now: datetime,
    rules: ExamRules,
    ordered_by: str | None = None,
) -> Run:
    """Return a new run, nothing asked yet."""
    return Run(
        id=run,
        participant=participant,
        purpose=purpose,
        state=RunState.RUNNING,
        opened=now,
        due=now + rules.answer_within,
        tests=numbers_of(purpose),
        ordered_by=ordered_by,
    )


def next_check(run: Run) -> Check | None:
    """Return the test to ask next, or None when all have ended."""
    ended = {result.test for result in run.results}
    return next((BY_NUMBER[n] for n in run.tests if n not in ended), None)


def ask(
    run: Run,
    check: Check,
    sent: Sequence[tuple[Challenge, bytes]],
    now: datetime,
    rules: ExamRules,
) -> Run:
    """Return the run after the challenges of a test went out.

    Args:
        run: The run.
        check: The test.
        sent: Each challenge with the message digest it was sent under.
        now: The present instant.
        rules: How long there is to answer.
    """
    expected = tuple(
        Expected(number, message, digest(challenge.answer), challenge.verdicts)
        for number, (challenge, message) in enumerate(sent, 1)
    )
    return replace(
        run,
        current=check.number,
        asked=now,
        due=now + rules.answer_within,
        expected=expected,
        replies=(),
    )


def take(
    run: Run, probe: Probe, in_reply_to: bytes | None, made: datetime, received: datetime
) -> Run:
    """Return the run after a response came.

    Args:
        run: The run.
        probe: The response.
        in_reply_to: The message digest of the challenge it says it answers.
        made: When it was made, by the participant's clock.
        received: When it was here, by ours.

    Raises:
        RefusedError: `PROBE_NOT_OWED`: no such challenge is out.
    """
    expected = {one.number: one for one in run.expected}.get(probe.number)
    owed = (
        run.state is RunState.RUNNING
        and probe.test == run.current
        and expected is not None
        and expected.message == in_reply_to
        and all(reply.number != probe.number for reply in run.replies)
    )
    if not owed:
        raise not_owed(run.id)
    reply = Reply(probe.number, digest(probe.data), probe.verdicts, made, received)
    return replace(run, replies=(*run.replies, reply), product=probe.product, specs=probe.specs)


def judge(run: Run, rules: ExamRules) -> Run:
    """Return the run with the test that is out judged, if every challenge of it is answered."""
    if not run.current or len(run.replies) < len(run.expected):
        return run
    return _close(run, BY_NUMBER[run.current].judge(run, rules))


def break_off(run: Run, code: str) -> Run:
    """Return the run with its present test failed for a reason of its own."""
    check = next_check(run)
    number = run.current or (check.number if check else 0)
    return _close(run, RunResult(number, False, code, (), ()))


def conclude(run: Run, now: datetime, rules: ExamRules) -> Run:
    """Return the run ended: passed where every test was made and passed."""
    passed = {result.test for result in run.results if result.passed}
    well = passed == set(run.tests) and all(result.passed for result in run.results)
    state = RunState.PASSED if well else RunState.FAILED
    return replace(run, state=state, ended=now, expires=now + rules.valid_for)


def not_owed(run: UUID) -> RefusedError:
    """Return the refusal of a probe that nobody waits for."""
    return RefusedError(
        "PROBE_NOT_OWED",
        "没有待答的检测消息与之对应",
        "no challenge of ours is open that this would answer",
        where=str(run),
    )


def _close(run: Run, result: RunResult) -> Run:
    return replace(
        run, results=(*run.results, result), current=0, expected=(), replies=(), asked=None
    )
