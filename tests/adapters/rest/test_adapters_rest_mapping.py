"""The mapping of a service: every fault at once, by its key, and no value in any text."""

from __future__ import annotations

import tomllib

import pytest
from fund_service import SINGLE

from adapters.contract import Setup
from adapters.mapping.faults import MappingError
from adapters.registry import open_connector
from adapters.rest.connector import RestConnector
from adapters.rest.paths import ABSENT, column_path
from bus.errors import ConfigError
from schemas.resources import resources

URL = "https://api.example/gjj/"


def faults(make) -> dict[str, str]:
    with pytest.raises(MappingError) as caught:
        make()
    assert caught.value.code == "MAPPING_INVALID"
    return {finding.where: finding.en for finding in caught.value.findings}


def test_a_mapping_that_is_whole_is_read(rest_mapping):
    [entry] = rest_mapping(URL).resources
    assert entry.columns["amount"] == "$.tq.je"
    assert entry.method == "POST"
    assert entry.place == "housing-fund-withdrawal"


async def test_it_is_found_by_its_name(document, tmp_path):
    setup = Setup(document(URL), "adapter.toml", tmp_path, resources(), None)
    connector = open_connector(setup)
    assert isinstance(connector, RestConnector)
    assert await connector.sample("housing-fund-withdrawal", 3) is None
    await connector.close()


def test_every_fault_is_named_at_once_and_no_value_of_it(rest_mapping):
    found = faults(
        lambda: rest_mapping(
            "https://hedui:sesame@api.example/gjj/",
            {
                "headers": {"Authorization": "sesame"},
                "requests_at_once": 0,
                "proxy": "sesame",
                "health": "../sesame",
                "oauth2": {"token_url": "ftp://sesame", "client_id": "", "secret": "sesame"},
            },
            path="/sesame?x=1",
            records="$.data[?@.sesame]",
            count="$..sesame",
            id_number="a.sesame",
            columns={"amount": "$[sesame", "reason": "yy"},
            person="sesame",
            body={"persons": "{sesame}", "x": ["no {id_number} within"]},
            ok={"path": "code", "equals": 1.5},
            date_format="%Y%m",
            batch=0,
            method="PUT",
        )
    )
    assert set(found) == {
        "source.url",
        "source.headers",
        "source.requests_at_once",
        "source.proxy",
        "source.health",
        "source.oauth2.token_url",
        "source.oauth2.client_id",
        "source.oauth2.client_secret_file",
        "source.oauth2.secret",
        "resource[1].path",
        "resource[1].records",
        "resource[1].count",
        "resource[1].id_number",
        "resource[1].columns.amount",
        "resource[1].body",
        "resource[1].ok.path",
        "resource[1].ok.equals",
        "resource[1].person",
        "resource[1].date_format",
        "resource[1].batch",
        "resource[1].method",
    }
    with pytest.raises(MappingError) as caught:
        rest_mapping("https://hedui:sesame@api.example/", {"headers": {"Cookie": "sesame"}})
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://api.example", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://[::1]:8080", True),
        ("http://localhost", True),
        ("http://api.example", False),
        ("http://127.0.0.1.example", False),
        ("https://", False),
        ("https://a.example/?q=1", False),
        ("https://a.example/#x", False),
        ("https://u@a.example/", False),
        ("https://a.example:port/", False),
        ("/relative", False),
        ("", False),
    ],
)
def test_only_tls_leaves_the_machine(rest_mapping, url, good):
    if good:
        rest_mapping(url)
    else:
        assert set(faults(lambda: rest_mapping(url))) <= {"source.url", "source"}


def test_clear_text_is_possible_for_who_says_so(rest_mapping):
    assert "insecure_http" in faults(lambda: rest_mapping("http://api.example/"))["source"]
    rest_mapping("http://api.example/", {"insecure_http": True})
    token = {"token_url": "http://sso.example/", "client_id": "a", "client_secret_file": "s"}
    assert "insecure_http" in faults(lambda: rest_mapping(URL, {"oauth2": token}))["source"]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ({"client_certificate": "a.pem"}, "or neither"),
        ({"client_key": "a.key"}, "or neither"),
        ({"client_key_passphrase_file": "a"}, "needs client_key"),
        ({"headers": {"X-A": "1"}, "header_files": {"x-a": "f"}}, "twice"),
        (
            {
                "header_files": {"authorization": "f"},
                "oauth2": {"token_url": URL, "client_id": "a", "client_secret_file": "s"},
            },
            "not both",
        ),
    ],
)
def test_a_source_agrees_with_itself(rest_mapping, source, text):
    assert text in faults(lambda: rest_mapping(URL, source))["source"]


@pytest.mark.parametrize(
    ("headers", "good"),
    [
        ({"X-Centre": "320000"}, True),
        ({"Host": "x"}, False),
        ({"content-length": "1"}, False),
        ({"X A": "1"}, False),
        ({"X-A": "1\r\nX-B: 2"}, False),
        ({"X-A": "值"}, False),
    ],
)
def test_headers_are_headers(rest_mapping, headers, good):
    if good:
        rest_mapping(URL, {"headers": headers})
    else:
        assert "source.headers" in faults(lambda: rest_mapping(URL, {"headers": headers}))


PAGED = {"persons": "{persons}", "page": "{page}"}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"method": "GET"}, "GET has none"),
        ({"body": None}, "POST needs a body"),
        ({"body": {"all": True}}, "who is asked about"),
        ({"body": {"zjhm": "{id_number}"}}, "who is asked about"),
        ({"body": {"persons": "{persons}", "xm": "{name}"}}, "who is asked about"),
        ({"person": {"xm": "{name}"}}, "who is asked about"),
        ({"person": {"zjhm": "{id_number}", "q": "{query}"}}, "person holds"),
        ({"query": {"p": "{persons}"}}, "in the body only"),
        ({"batch": 1, "query": {"zjhm": "{id_number}"}}, "who is asked about"),
        ({**SINGLE, "query": {"xm": "{name}"}}, "servers' logs"),
        ({**SINGLE, "query": {"why": "{purpose}"}}, "servers' logs"),
        ({"body": PAGED}, "go together"),
        ({"paging": {"most": 5}}, "go together"),
        ({"body": PAGED, "paging": {"most": 5}, "count": None}, "paging needs count"),
        ({"not_found_status": [404]}, "for batch = 1"),
        ({"ok": {"path": "$.c", "equals": 0, "not_found": [1]}}, "for batch = 1"),
        ({"id_number": "{id_number}"}, "must hold its ID number"),
        ({**SINGLE, "person_name": "{id_number}"}, "id_number only"),
    ],
)
def test_a_request_that_would_not_say_what_is_meant_is_refused(rest_mapping, changes, text):
    assert text in faults(lambda: rest_mapping(URL, **changes))["resource[1]"]


@pytest.mark.parametrize(
    "value", ["{nobody}", "a {id_number}", "{id_number}{name}", float("nan"), None, b"x"]
)
def test_a_template_holds_json_and_whole_placeholders(rest_mapping, value):
    body = {"persons": "{persons}", "deep": [{"x": value}]}
    assert "resource[1].body" in faults(lambda: rest_mapping(URL, body=body))


def test_braces_that_are_no_placeholder_are_text(rest_mapping):
    rest_mapping(URL, body={"persons": "{persons}", "filter": "{A} {} {1}"})


@pytest.mark.parametrize(
    "column", ["", " xm", "a.b", "a[0]", "@.xm", "$", "$.xm ", "xm | zh", "$['xm", "$.f(1)"]
)
def test_a_column_is_a_member_or_a_jsonpath(rest_mapping, column):
    columns = {"amount": column, "withdrawn_on": "rq"}
    if column in {"$", "xm | zh"}:
        rest_mapping(URL, columns=columns)  # odd, and well formed
    else:
        assert "resource[1].columns.amount" in faults(lambda: rest_mapping(URL, columns=columns))


RECORD = {
    "姓名": "a",
    "a b": 0,
    "tq": [{"je": 1, "lx": "x"}, {"je": 2, "lx": "y"}, {"je": 3, "lx": "y"}],
    "none": None,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("姓名", "a"),
        ("a b", 0),
        ("$['a b']", 0),
        ("$.tq[0].je", 1),
        ("$.tq[-1].je", 3),
        ("$.tq[3].je", ABSENT),
        ("$.tq.je", ABSENT),
        ("$.姓名[0]", ABSENT),
        ("$.none", None),
        ("$.none.x", ABSENT),
        ("other", ABSENT),
        ("$.tq[?@.lx == 'x'].je", 1),
        ("$.tq[?@.lx == 'z'].je", ABSENT),
        ("$.tq[?@.lx == 'y'].je", [2, 3]),
        ("$..je", [1, 2, 3]),
    ],
)
def test_paths_find_what_rfc_9535_says(path, value):
    assert column_path(path).find(RECORD) == value


def test_a_path_that_may_name_several_is_not_looked_for_in_a_text():
    assert column_path("$..je").find('{"je": 1}') is ABSENT


async def test_the_catalogue_is_held_to_as_everywhere(rest):
    with pytest.raises(ConfigError, match="not_held") as caught:
        await rest(not_held=[]).check()
    assert caught.value.code == "SOURCE_MISMATCH"


def test_toml_says_what_the_page_says(rest_mapping, tmp_path):
    text = """
        person = "{id_number}"
        ok = { path = "$.code", equals = "0000" }
        [body]
        head = { system = "hedui" }
        numbers = "{persons}"
    """
    [entry] = rest_mapping(URL, **tomllib.loads(text)).resources
    assert entry.asked_of_one == {"id_number"}
