"""`hedui hub admission` and `hedui hub revoke`, against a hub on a real socket."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime

import pytest
from admitting import NODE, SECRETS, Applicant
from cryptography import x509

from bus.api.admission import AdmissionDetail, AdmissionSummary
from bus.cli.admission_document import document
from bus.model.admission import QueuedRenewal
from signer.admission.grant import read_grant
from signer.admission.renewal import make_renewal
from signer.ca.files import init_ca
from signer.directory.view import KeyUse

NAME = NODE.participant
OPERATOR = ("--operator", "王芳", "--reason", "民办函〔2026〕1号")


@pytest.fixture
def hub(hedui, live):
    def run(command, *arguments, named=OPERATOR):
        return hedui("hub", "admission", command, *arguments, "--socket", live.hub, *named)

    return run


@pytest.fixture
def application(live, tmp_path):
    path = tmp_path / "330000.hedui-apply"
    path.write_bytes(Applicant().application(live.admitting.now))
    return path


def test_an_application_is_filed_approved_certified_connected_and_suspended(
    hub, live, application, tmp_path
):
    grant = tmp_path / "330000.hedui-grant"
    assert hub("submit", application).out == f"{NAME} APPLIED 已申请\n"
    assert "APPROVED" in hub("approve", NAME).out
    certified = hub("certify", NAME, "--out", grant)
    assert certified.code == 0
    assert read_grant(grant.read_bytes()).participant == NAME
    assert stat.S_IMODE(grant.stat().st_mode) == 0o600
    early = hub("connect", NAME)
    assert (early.code, "REPORT_MISSING" in early.err) == (2, True)
    live.run(live.admitting.report())
    assert json.loads(hub("connect", NAME, "--json").out)["state"] == "CONNECTED"
    assert "SUSPENDED 已暂停" in hub("suspend", NAME).out
    illegal = hub("approve", NAME)
    assert (illegal.code, "ADMISSION_ILLEGAL" in illegal.err) == (2, True)
    assert "此时可以" in illegal.err
    listed = hub("list", "--state", "SUSPENDED", named=())
    assert NODE.title in listed.out
    assert hub("list", "--state", "APPLIED", named=()).out == "没有入网备案 / no admissions\n"
    assert "退出" in hub("withdraw", NAME).out


def test_a_grant_made_offline_is_handed_in(hub, live, application, tmp_path):
    hub("submit", application)
    hub("approve", NAME)
    wrong = tmp_path / "wrong"
    wrong.write_bytes(b"")
    ended = hub("certify", NAME, "--grant", wrong, "--out", tmp_path / "out")
    assert (ended.code, "GRANT_MALFORMED" in ended.err) == (2, True)
    wrong.write_bytes(live.admitting.grant(Applicant()))
    ended = hub("certify", NAME, "--grant", wrong, "--out", tmp_path / "out")
    assert (ended.code, "GRANT_KEY" in ended.err) == (2, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.requirement("R008")
def test_the_record_is_shown_and_exported_as_json_and_as_a_document(
    hub, live, application, tmp_path
):
    hub("submit", application)
    shown = hub("show", NAME, named=("--operator", "王芳"))
    for text in (NAME, NODE.title, SECRETS[0], SECRETS[1], "技术规范 2018", "民办函〔2026〕1号"):
        assert text in shown.out
    as_json, page = tmp_path / "filing.json", tmp_path / "filing.html"
    for path in (as_json, page):
        ended = hub("export", NAME, "--out", path, named=("--operator", "王芳"))
        assert ended.code == 0
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = json.loads(as_json.read_text("utf-8"))
    assert found["summary"]["participant"] == NAME
    assert found["filings"][0]["contacts"][0]["name"] == SECRETS[0]
    html = page.read_text("utf-8")
    for text in (NODE.title, SECRETS[2], "检测报告", "办理记录", NODE.hosts[0]):
        assert text in html
    assert "<script" not in html
    wrong = hub("export", NAME, "--out", tmp_path / "filing.pdf", named=("--operator", "王芳"))
    assert (wrong.code, "FILE_SUFFIX" in wrong.err) == (2, True)
    nobody = hub("export", NAME, "--out", tmp_path / "other.json", named=())
    assert (nobody.code, "OPERATOR_MISSING" in nobody.err) == (2, True)


def test_a_document_shows_what_was_written_and_nothing_it_could_do():
    summary = AdmissionSummary(
        participant="330000",
        title="<b>&单位</b>",
        parent="hub",
        state="APPLIED",
        generation=None,
        opened="2026-03-02T02:00:00Z",
        updated="2026-03-02T02:00:00Z",
    )
    page = document(
        AdmissionDetail(
            summary=summary, filings=(), certificates=(), report=None, revocations=(), record=()
        )
    )
    assert "&lt;b&gt;&amp;单位&lt;/b&gt;" in page
    assert "<b>" not in page


def test_amending_revoking_and_waiting_renewals(hub, hedui, live, tmp_path):
    applicant = live.run(live.admitting.connected())
    live.run(live.admitting.publish())
    path = tmp_path / "moved.hedui-apply"
    path.write_bytes(applicant.application(live.admitting.now, hosts=("10.33.0.99",)))
    assert "CONNECTED" in hub("amend", path).out
    revoke = ("hub", "revoke", NAME, "--generation", 1, "--socket", live.hub)
    assert f"{NAME} g1" in hedui(*revoke, *OPERATOR).out
    again = hedui(*revoke, *OPERATOR)
    assert (again.code, "GENERATION_REVOKED" in again.err) == (2, True)
    assert hub("renewals", named=()).out == "没有等待签发的换证请求 / no renewals wait\n"
    assert json.loads(hub("renewals", "--json", named=()).out) == []


def test_a_waiting_renewal_is_certified_on_another_machine_and_handed_in(
    hub, hedui, live, tmp_path
):
    ca, secret = tmp_path / "ca", tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text("ca")
    init_ca(ca, b"ca", datetime.now(UTC), 20)
    live.run(live.admitting.connected())
    newer = Applicant(generation=1)
    request = make_renewal(NAME, 1, newer.requests)
    queued = QueuedRenewal(NAME, 1, live.admitting.now, request)

    async def queue():
        async with live.country["hub"].store.transaction() as unit:
            await unit.put_renewal(queued)

    live.run(queue())
    assert NODE.hosts[0] in hub("renewals", named=()).out
    file, grant = tmp_path / "renewal", tmp_path / "grant"
    told = hub("renewal", NAME, "--out", file, named=())
    assert file.read_bytes() == request
    assert f"--participant {NAME} --host {NODE.hosts[0]}" in told.out
    ended = hedui(
        *("ca", "renew", file, "--participant", NAME, "--host", NODE.hosts[0], "--out", grant),
        *("--dir", ca, "--passphrase-file", secret),
    )
    assert ended.code == 0
    made = read_grant(grant.read_bytes())
    names = x509.load_der_x509_certificate(made.certificates[KeyUse.TLS]).extensions
    assert NODE.hosts[0] in str(names.get_extension_for_class(x509.SubjectAlternativeName).value)
    other = hub("renewal", "370000", "--out", tmp_path / "other", named=())
    assert (other.code, "RENEWAL_UNKNOWN" in other.err) == (2, True)
