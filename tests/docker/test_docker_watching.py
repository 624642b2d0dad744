"""Prometheus' rules and Grafana's dashboard: checked by promtool, and against the catalogue."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import combinations

import pytest
import yaml
from image_recipe import DOCKER, ROOT
from prometheus_site import (
    dashboard,
    dashboard_expressions,
    families,
    names_in,
    panels,
    rules,
)

PROMETHEUS = DOCKER / "prometheus"
GRAFANA = DOCKER / "grafana"
COLUMNS = 24


@pytest.fixture
def promtool(prometheus_possible):
    def run(*arguments):
        done = subprocess.run(  # noqa: S603 - the system's own tool
            [shutil.which("promtool"), *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=PROMETHEUS,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_promtool_takes_the_configuration(promtool):
    assert "SUCCESS" in promtool("check", "config", "prometheus.yml")


def test_promtool_takes_the_rules_and_they_do_as_their_tests_say(promtool):
    assert f"SUCCESS: {len(rules())} rules found" in promtool("check", "rules", "alerts.yml")
    promtool("test", "rules", "alerts.test.yml")


def test_each_rule_is_shown_to_fire_and_to_stay_quiet():
    shown = {}
    for case in yaml.safe_load((PROMETHEUS / "alerts.test.yml").read_text("utf-8"))["tests"]:
        for expected in case["alert_rule_test"]:
            fires = bool(expected["exp_alerts"])
            shown.setdefault(expected["alertname"], set()).add(fires)
    assert shown == {rule["alert"]: {True, False} for rule in rules()}


def test_promtool_takes_every_expression_of_the_dashboard(promtool, tmp_path):
    made = [
        {"record": f"panel:{number}", "expr": expression}
        for number, (_, expression) in enumerate(dashboard_expressions())
    ]
    file = tmp_path / "dashboard.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": made}]}), "utf-8")
    promtool("check", "rules", file)


def test_expressions_name_metrics_of_the_catalogue_alone():
    known = families().keys()
    for rule in rules():
        assert names_in(rule["expr"]) <= known, rule["alert"]
        assert names_in(json.dumps(rule["annotations"])) <= known, rule["alert"]
    for title, expression in dashboard_expressions():
        assert names_in(expression) <= known, title
        assert names_in(expression) or "up{" in expression, title


def test_every_metric_stands_on_the_dashboard_or_in_a_rule_or_is_told_why_not():
    shown = {name for _, expression in dashboard_expressions() for name in names_in(expression)}
    shown |= {name for rule in rules() for name in names_in(rule["expr"])}
    shown |= names_in(json.dumps(dashboard()["templating"]))
    # Counted once more by `hedui_held_messages`, which says how many wait now.
    # What was destroyed is an account, and no trouble: `hedui_retention_waiting_queries` is.
    # An agency's own: `hedui_source_up` and `hedui_deadlines` are what somebody is called for.
    assert families().keys() - shown == {
        "hedui_messages_held_total",
        "hedui_cases_purged_total",
        "hedui_source_breaker",
        "hedui_rows_waiting_for_people",
    }


def test_rules_speak_both_languages_and_are_documented():
    page = (ROOT / "docs" / "operate" / "README.md").read_text("utf-8")
    table = page.partition("## Alerts")[2].partition("\n## ")[0]
    documented = re.findall(r"`(Hedui[A-Za-z0-9]+)`", table)
    assert sorted(documented) == sorted(rule["alert"] for rule in rules())
    for rule in rules():
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        for text in rule["annotations"].values():
            chinese, _, english = text.partition(" / ")
            assert re.search(r"[\u4e00-\u9fff]", chinese), rule["alert"]
            assert re.search(r"[a-z]{3}", english), rule["alert"]


def test_prometheus_asks_every_participant_by_its_id():
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))["services"]
    addresses = {
        name: f"{entry['networks']['bus']['ipv4_address']}:9464"
        for name, entry in compose.items()
        if entry["image"].startswith("hedui-") and name not in {"init", "provision"}
    }
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text("utf-8"))
    [job] = config["scrape_configs"]
    asked = {entry["labels"]["instance"]: entry["targets"] for entry in job["static_configs"]}
    assert asked == {name: [address] for name, address in addresses.items()}
    assert config["rule_files"] == ["alerts.yml"]


def test_panels_are_numbered_apart_and_do_not_overlap():
    every = dashboard()["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    assert len({panel["title"] for panel in every}) == len(every)
    for panel in every:
        at = panel["gridPos"]
        assert 0 <= at["x"] < at["x"] + at["w"] <= COLUMNS, panel["title"]
        assert at["h"] > 0
    for one, other in combinations(every, 2):
        a, b = one["gridPos"], other["gridPos"]
        apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert apart, (one["title"], other["title"])


def test_titles_are_chinese_first_with_english_beside():
    titles = [panel["title"] for panel in dashboard()["panels"]]
    variables = [variable["label"] for variable in dashboard()["templating"]["list"]]
    for title in [*titles, *variables, dashboard()["title"]]:
        assert re.match(r"[\u4e00-\u9fff]", title), title
        assert re.search(r"[A-Za-z]{3}", title), title


def test_panels_ask_the_data_source_of_the_variable():
    source = {"type": "prometheus", "uid": "${datasource}"}
    [variable] = [v for v in dashboard()["templating"]["list"] if v["name"] == "datasource"]
    assert (variable["type"], variable["query"]) == ("datasource", "prometheus")
    for panel in panels():
        assert panel["datasource"] == source, panel["title"]
        assert [target["datasource"] for target in panel["targets"]] == [source] * len(
            panel["targets"]
        )
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)


def test_grafana_finds_source_and_dashboard_where_they_are_mounted():
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))["services"]
    mounted = dict(text.split(":")[1::-1] for text in compose["grafana"]["volumes"])
    provisioning = GRAFANA / "provisioning"
    sources = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text("utf-8"))
    [source] = sources["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in compose
    assert set(compose["grafana"]["networks"]) & set(compose["prometheus"]["networks"])
    providers = yaml.safe_load((provisioning / "dashboards" / "hedui.yaml").read_text("utf-8"))
    [provider] = providers["providers"]
    assert mounted[provider["options"]["path"]] == "./grafana/dashboards"
    assert mounted["/etc/grafana/provisioning"] == "./grafana/provisioning"
    [variable] = [v for v in dashboard()["templating"]["list"] if v["name"] == "datasource"]
    assert variable["current"]["value"] == source["uid"]
