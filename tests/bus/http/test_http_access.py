"""Operators, roles and tokens before every route, on the Unix socket and over TLS."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from admitting import Admitting
from country import service_of

from bus.daemon.access.failures import LIMIT
from bus.daemon.access.gate import Door, Gate
from bus.http.operator import PREFIX, operator_app
from bus.http.routes import DEEDS
from bus.logs.setup import make_logger
from bus.metrics.catalogue import Metrics
from bus.model.operator import OperatorRole
from bus.rules.access import MAY, Deed
from bus.workbook.template import fill

UNAUDITED = {Deed.LOOK, Deed.CHAIN}
ROLES = {
    "管理员甲": OperatorRole.ADMINISTRATOR,
    "提交员乙": OperatorRole.SUBMITTER,
    "查看员丙": OperatorRole.VIEWER,
    "审查员丁": OperatorRole.REVIEWER,
    "审计员戊": OperatorRole.AUDITOR,
}
ADMINISTRATOR = "管理员甲"


class Office:
    """A centre's API at both doors, with one operator of each role."""

    def __init__(self, country, name, log):
        self.country, self.name = country, name
        self.store, self.office = country[name].store, country[name].office
        self.metrics = Metrics(name)
        logger = make_logger(name, log)
        service = service_of(country, name)
        gate = Gate(self.office, self.store, self.metrics, logger)
        admissions = Admitting(country).service if name == "hub" else None
        self.apps = {
            door: operator_app(service, logger, admissions, gate=gate, door=door) for door in Door
        }
        self.tokens = {}

    async def call(self, method, path, door=Door.SOCKET, token=None, operator=None, **options):
        headers = options.pop("headers", {})
        if token is not None:
            headers |= {"Authorization": f"Bearer {token}"}
        if operator is not None:
            headers |= {"X-Hedui-Operator": httpx.QueryParams({"": operator}).__str__()[1:]}
        client = ("uid", 1000) if door is Door.SOCKET else ("192.0.2.7", 5000)
        transport = httpx.ASGITransport(self.apps[door], client=client)
        async with httpx.AsyncClient(transport=transport, base_url="http://hedui/api/v1") as http:
            return await http.request(method, path, headers=headers, **options)

    async def register(self, name, *roles, token=None, operator=None, **more):
        given = {"name": name, "roles": list(roles)} | more
        return await self.call("POST", "/operators", token=token, operator=operator, json=given)

    async def issue(self, name, token=None, operator=None, days=30):
        path = f"/operators/{name}/tokens"
        return await self.call("POST", path, token=token, operator=operator, json={"days": days})

    async def staff(self):
        """One operator of each role, with a token; the first made on the socket by its user."""
        await self.register(ADMINISTRATOR, "administrator", operator="值班员")
        first = await self.issue(ADMINISTRATOR, operator="值班员")
        self.tokens[ADMINISTRATOR] = first.json()["text"]
        for name, role in ROLES.items():
            if name != ADMINISTRATOR:
                await self.register(name, role, token=self.tokens[ADMINISTRATOR])
                made = await self.issue(name, token=self.tokens[ADMINISTRATOR])
                self.tokens[name] = made.json()["text"]
        return self

    async def audit(self, event):
        async with self.store.transaction() as unit:
            entries = await unit.audit(0, 1000)
        return [entry.event for entry in entries if entry.event.event == event]

    def routes(self):
        paths = self.apps[Door.SOCKET].openapi()["paths"]
        return {
            (method.upper(), path.removeprefix(PREFIX)): operation
            for path, operations in paths.items()
            for method, operation in operations.items()
        }


@pytest.fixture
async def centre(land, log):
    return await Office(land, "370000", log).staff()


@pytest.fixture
async def ministry(manual_land, log):
    return await Office(manual_land, "hub", log).staff()


def example(path):
    return re.sub(
        r"\{(\w+)\}",
        lambda found: {"number": "1", "act": "approve", "token": "0" * 16}.get(
            found[1], str(UUID(int=404))
        ),
        path,
    )


def said(response):
    return response.status_code, response.json()["code"]


@pytest.mark.requirement("R076")
async def test_every_route_says_what_it_does_and_every_line_has_its_route(centre, ministry):
    assert set(centre.routes()) | set(ministry.routes()) == set(DEEDS)


@pytest.mark.requirement("R076")
async def test_a_route_that_stands_on_no_list_answers_nobody(land, log, monkeypatch):
    monkeypatch.delitem(DEEDS, ("GET", "/queries"))
    office = Office(land, "370000", log)

    refused = await office.call("GET", "/queries", operator="王芳")
    other = await office.call("GET", "/standing")

    assert said(refused) == (500, "ROUTE_WITHOUT_DEED")
    assert refused.json()["where"] == "GET /queries"
    assert other.status_code == 200


@pytest.mark.requirement("R078")
async def test_every_route_but_lists_and_states_takes_who_calls(centre, ministry):
    for office in (centre, ministry):
        for route, operation in office.routes().items():
            named = {one["name"] for one in operation.get("parameters", ())}
            assert ("X-Hedui-Operator" in named) == (DEEDS[route] not in UNAUDITED), route


@pytest.mark.requirement("R076")
@pytest.mark.requirement("R078")
async def test_each_role_is_refused_what_is_not_its_own_and_the_books_say_who_tried(
    centre, ministry
):
    refusals = 0
    for office in (centre, ministry):
        expected = []
        for (method, path), deed in DEEDS.items():
            if (method, path) not in office.routes():
                continue
            for name, role in ROLES.items():
                if role in MAY[deed]:
                    continue
                response = await office.call(method, example(path), token=office.tokens[name])
                assert said(response) == (403, "ROLE_MISSING"), (name, method, path)
                expected.append((f"operator:{name}", "ROLE_MISSING", f"{method} {path}"))
        noted = [
            (event.actor, event.detail["code"], event.detail["act"])
            for event in await office.audit("access.refused")
        ]
        assert noted == expected
        refusals += len(expected)
    assert refusals > 80


@pytest.mark.requirement("R076")
@pytest.mark.parametrize("door", list(Door))
async def test_once_there_are_operators_nothing_goes_without_a_token(centre, ministry, door):
    for office in (centre, ministry):
        for method, path in office.routes():
            response = await office.call(method, example(path), door, operator=ADMINISTRATOR)
            assert said(response) == (401, "TOKEN_MISSING"), (method, path)


@pytest.mark.requirement("R076")
async def test_over_tls_nobody_is_let_in_before_there_are_operators(land, log):
    office = Office(land, "370000", log)

    for method, path in office.routes():
        response = await office.call(method, example(path), Door.TLS, operator="王芳")
        assert said(response) == (401, "TOKEN_MISSING")
    assert (await office.call("GET", "/openapi.json", Door.TLS)).status_code == 404
    assert (await office.call("GET", "/standing")).status_code == 200


@pytest.mark.requirement("R076")
async def test_the_first_operator_is_an_administrator_made_by_the_daemons_user(land, log):
    office = Office(land, "370000", log)

    other = await office.register("王芳", "submitter", operator="值班员")
    nameless = await office.register("王芳", "administrator")
    first = await office.register("王芳", "administrator", operator="值班员")
    without = await office.call("GET", "/queries", operator="王芳")
    token = await office.issue("王芳", operator="值班员")
    second = await office.register("李强", "administrator", operator="值班员")

    assert said(other) == (422, "FIRST_ADMINISTRATOR")
    assert said(nameless) == (401, "OPERATOR_MISSING")
    assert (first.status_code, first.json()["made_by"]) == (201, "值班员")
    assert said(without) == (401, "TOKEN_MISSING")
    assert token.status_code == 201
    # From here on the daemon's user is one like any other.
    assert said(second) == (401, "TOKEN_MISSING")
    (added,) = await office.audit("operator.added")
    assert added.actor == "operator:值班员"
    assert dict(added.detail) == {"operator": "王芳", "uid": 1000, "roles": "administrator"}


@pytest.mark.requirement("R076")
async def test_where_no_administrator_has_a_token_left_the_daemons_user_makes_one(centre):
    centre.country.clock.move(timedelta(days=31))

    everything = await centre.call("GET", "/queries")
    from_afar = await centre.call(
        "POST", f"/operators/{ADMINISTRATOR}/tokens", Door.TLS, json={"days": 1}
    )
    again = await centre.issue(ADMINISTRATOR, operator="值班员")
    closed = await centre.issue(ADMINISTRATOR, operator="值班员")

    assert said(everything) == said(from_afar) == (401, "TOKEN_MISSING")
    assert again.status_code == 201
    assert said(closed) == (401, "TOKEN_MISSING")
    made = [event for event in await centre.audit("token.made") if event.detail["days"] == 30]
    assert (made[-1].actor, made[-1].detail["uid"]) == ("operator:值班员", 1000)


@pytest.mark.requirement("R078")
async def test_who_calls_is_whose_token_it_is_and_no_other_name_goes_with_it(centre, make_draft):
    named = await centre.call(
        "GET", "/queries", token=centre.tokens["提交员乙"], operator="提交员乙"
    )
    other = await centre.call(
        "GET", "/queries", token=centre.tokens["提交员乙"], operator=ADMINISTRATOR
    )

    assert named.status_code == 200
    assert said(other) == (401, "TOKEN_OF_ANOTHER")
    (refused,) = await centre.audit("access.refused")
    assert refused.actor == "operator:提交员乙"


@pytest.mark.requirement("R076")
@pytest.mark.parametrize(
    "token",
    [
        "x",
        "",
        "hedui_0123456789abcdef_" + "A" * 43,
        "hedui_0123456789ABCDEF_" + "A" * 43,
        "hedui_0123456789abcdef_" + "A" * 44,
    ],
)
@pytest.mark.parametrize("door", list(Door))
async def test_a_wrong_token_is_refused_and_not_repeated(centre, log, door, token):
    response = await centre.call("GET", "/queries", door, token=token)

    assert said(response) == (401, "TOKEN_INVALID")
    assert not token or token not in response.text + log.getvalue().replace("GET", "")
    assert await centre.audit("access.refused") == []


@pytest.mark.requirement("R076")
async def test_a_right_id_with_a_wrong_secret_is_no_token(centre):
    right = centre.tokens["提交员乙"]
    wrong = right[:-2] + ("AA" if right[-2:] != "AA" else "QQ")

    assert said(await centre.call("GET", "/queries", token=wrong)) == (401, "TOKEN_INVALID")
    assert (await centre.call("GET", "/queries", token=right)).status_code == 200


async def test_any_other_scheme_is_refused(centre):
    response = await centre.call("GET", "/queries", headers={"Authorization": "Basic eDp5"})

    assert said(response) == (401, "TOKEN_SCHEME")


@pytest.mark.requirement("R076")
async def test_a_token_that_has_expired_or_was_taken_back_serves_no_more(centre):
    token = centre.tokens["查看员丙"]
    made = token.split("_")[1]

    await centre.call(
        "DELETE", f"/operators/查看员丙/tokens/{made}", token=centre.tokens[ADMINISTRATOR]
    )
    revoked = await centre.call("GET", "/queries", token=token)
    centre.country.clock.move(timedelta(days=30))
    expired = await centre.call("GET", "/queries", token=centre.tokens["提交员乙"])

    assert said(revoked) == (401, "TOKEN_REVOKED")
    assert said(expired) == (401, "TOKEN_EXPIRED")
    codes = [(e.actor, e.detail["code"]) for e in await centre.audit("access.refused")]
    assert codes == [("operator:查看员丙", "TOKEN_REVOKED"), ("operator:提交员乙", "TOKEN_EXPIRED")]


@pytest.mark.requirement("R076")
async def test_a_disabled_operator_may_do_nothing_until_it_is_enabled_again(centre):
    token, administrator = centre.tokens["提交员乙"], centre.tokens[ADMINISTRATOR]

    await centre.call("POST", "/operators/提交员乙/disable", token=administrator)
    refused = await centre.call("GET", "/queries", token=token)
    await centre.call("POST", "/operators/提交员乙/enable", token=administrator)
    back = await centre.call("GET", "/queries", token=token)

    assert said(refused) == (403, "OPERATOR_DISABLED")
    assert back.status_code == 200
    changed = await centre.audit("operator.changed")
    assert [e.detail["enabled"] for e in changed] == [0, 1]


@pytest.mark.requirement("R076")
async def test_nobody_changes_his_own_roles_or_standing(centre):
    administrator = centre.tokens[ADMINISTRATOR]
    path = f"/operators/{ADMINISTRATOR}"

    own = await centre.call(
        "POST", f"{path}/roles", token=administrator, json={"roles": ["auditor"]}
    )
    disabled = await centre.call("POST", f"{path}/disable", token=administrator)
    other = await centre.call(
        "POST", "/operators/查看员丙/roles", token=administrator, json={"roles": ["reviewer"]}
    )

    assert said(own) == said(disabled) == (403, "OPERATOR_OWN")
    assert other.json()["roles"] == ["reviewer"]
    now_refused = await centre.call("GET", "/audit", token=centre.tokens["查看员丙"])
    assert said(now_refused) == (403, "ROLE_MISSING")


@pytest.mark.requirement("R076")
@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"name": "提交员乙", "roles": ["viewer"]}, 409, "OPERATOR_EXISTS"),
        ({"name": "新人", "roles": []}, 422, "ROLES_EMPTY"),
        ({"name": "新人", "roles": ["auditor", "viewer"]}, 422, "ROLES_TOGETHER"),
        ({"name": "新人", "roles": ["submitter"], "unit": "县局"}, 422, "UNIT_ONLY_VIEWS"),
        ({"name": "新\n人", "roles": ["viewer"]}, 422, "REQUEST_INVALID"),
        ({"name": "新人", "roles": ["root"]}, 422, "REQUEST_INVALID"),
    ],
)
async def test_an_operator_that_cannot_be_is_not_registered(centre, given, status, code):
    response = await centre.call(
        "POST", "/operators", token=centre.tokens[ADMINISTRATOR], json=given
    )

    assert said(response) == (status, code)
    assert len(await centre.audit("operator.added")) == len(ROLES)


@pytest.mark.requirement("R076")
async def test_everybody_renews_his_own_token_and_nobody_elses(centre):
    viewer = centre.tokens["查看员丙"]

    own = await centre.issue("查看员丙", token=viewer)
    others = await centre.issue("提交员乙", token=viewer)
    long = await centre.issue("查看员丙", token=viewer, days=367)
    unknown = await centre.issue("无此人", token=centre.tokens[ADMINISTRATOR])
    other_token = await centre.call(
        "DELETE",
        f"/operators/查看员丙/tokens/{centre.tokens['提交员乙'].split('_')[1]}",
        token=viewer,
    )

    assert (await centre.call("GET", "/queries", token=own.json()["text"])).status_code == 200
    assert said(others) == (403, "TOKEN_NOT_YOURS")
    assert said(long) == (422, "TOKEN_DAYS")
    assert said(unknown) == (404, "OPERATOR_UNKNOWN")
    assert said(other_token) == (404, "TOKEN_UNKNOWN")


@pytest.mark.requirement("R076")
async def test_no_secret_stands_in_list_books_or_log(centre, log):
    listed = await centre.call("GET", "/operators", token=centre.tokens[ADMINISTRATOR])
    async with centre.store.transaction() as unit:
        entries = await unit.audit(0, 1000)
        kept = await unit.tokens()

    assert {one["name"] for one in listed.json()} == set(ROLES)
    assert listed.json()[0]["tokens"][0]["used"] is not None or len(kept) == len(ROLES)
    for text in centre.tokens.values():
        secret = text.split("_", 2)[2]
        assert secret not in listed.text + log.getvalue() + repr(entries) + repr(kept)


@pytest.mark.requirement("R076")
async def test_wrong_tokens_make_an_address_wait_and_shut_nobody_out(centre):
    right, clock = centre.tokens["提交员乙"], centre.country.clock
    other = centre.tokens["查看员丙"]
    assert (await centre.call("GET", "/queries", Door.TLS, token=right)).status_code == 200

    codes = [
        said(await centre.call("GET", "/queries", Door.TLS, token="x")) for _ in range(LIMIT + 3)
    ]
    known = await centre.call("GET", "/queries", Door.TLS, token=right)
    stranger = await centre.call("GET", "/queries", Door.TLS, token=other)
    on_the_socket = await centre.call("GET", "/queries", token=other)
    clock.move(timedelta(minutes=1))
    later = await centre.call("GET", "/queries", Door.TLS, token=other)

    assert codes == [(401, "TOKEN_INVALID")] * LIMIT + [(429, "TOO_MANY_FAILURES")] * 3
    assert said(stranger) == (429, "TOO_MANY_FAILURES")
    assert [r.status_code for r in (known, on_the_socket, later)] == [200, 200, 200]
    # One entry, however many wrong tokens came.
    (blocked,) = await centre.audit("access.blocked")
    assert dict(blocked.detail) == {"address": "192.0.2.7"}
    counted = centre.metrics.access_refused.labels(code="TOKEN_INVALID")._value.get()
    assert counted == LIMIT


@pytest.mark.requirement("R076")
async def test_a_body_is_not_read_before_it_is_known_who_calls(centre):
    response = await centre.call("POST", "/operators", Door.TLS, content=b"{not json")

    assert said(response) == (401, "TOKEN_MISSING")


@pytest.mark.requirement("R078")
async def test_what_each_role_may_do_stands_in_the_books_under_its_operators_name(
    centre, make_draft, xlsx
):
    table = 'year = 2027\nsource = "测试"\nholidays = [2027-01-01]\nworkdays = []\n'
    async with centre.store.transaction() as unit:
        at = centre.country.clock.now()
        await unit.quarantine("t", 0, 7, b"key", b"none", (), "MALFORMED", "", at)
    workbook = {"content": fill(make_draft(1)), "headers": {"Content-Type": xlsx}}
    submitted = await centre.call("POST", "/queries", token=centre.tokens["提交员乙"], **workbook)
    query = submitted.json()["query"]
    await centre.country.settle()
    days = {"json": {"since": "2026-03-01", "until": "2026-03-31"}}
    low = {"params": {"purpose": "低保"}}
    acts = [
        ("提交员乙", "POST", "/queries", workbook | {"headers": {"Content-Type": xlsx}}),
        ("查看员丙", "GET", f"/queries/{query}/result", low),
        ("查看员丙", "GET", f"/queries/{query}/result.xlsx", low),
        ("提交员乙", "GET", f"/queries/{query}/proof/opened", low),
        ("审计员戊", "GET", f"/queries/{query}/proof", {}),
        ("管理员甲", "POST", "/quarantine/1/replay", {}),
        ("管理员甲", "PUT", "/calendar", {"content": table}),
        ("审计员戊", "POST", "/audit/report", days),
        ("审计员戊", "POST", "/audit/inspections", days),
        ("管理员甲", "POST", "/operators", {"json": {"name": "新人", "roles": ["viewer"]}}),
        ("管理员甲", "POST", "/operators/新人/roles", {"json": {"roles": ["reviewer"]}}),
        ("管理员甲", "POST", "/operators/新人/disable", {}),
        ("管理员甲", "POST", "/operators/新人/enable", {}),
        ("查看员丙", "POST", "/operators/查看员丙/tokens", {"json": {"days": 1}}),
    ]
    for name, method, path, options in acts:
        async with centre.store.transaction() as unit:
            before = (await unit.last_audit()).number
        response = await centre.call(method, path, token=centre.tokens[name], **options)
        async with centre.store.transaction() as unit:
            after = await unit.audit(before, 100)
        assert response.is_success, (path, response.text)
        assert f"operator:{name}" in {entry.event.actor for entry in after}, path
