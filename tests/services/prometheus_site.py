"""A real Prometheus on this machine, and what docker/ tells it and Grafana to ask."""

from __future__ import annotations

import json
import math
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import httpx
import yaml

from bus.metrics.catalogue import Metrics

DOCKER = Path(__file__).parents[2] / "docker"
ALERTS = DOCKER / "prometheus" / "alerts.yml"
DASHBOARD = DOCKER / "grafana" / "dashboards" / "hub.json"
TOOLS = ("prometheus", "promtool")
PATIENCE = 90
_NAME = re.compile(r"\bhedui_[a-z0-9_]+")
_HISTOGRAM = re.compile(r"_(bucket|sum|count)$")
_LOOK_SECONDS = 0.2


def missing_tools():
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def families():
    """Type of each metric of the catalogue, by the name it is asked for."""
    return {
        f"{family.name}_total" if family.type == "counter" else family.name: family.type
        for family in Metrics("hub").registry.collect()
    }


def names_in(expression):
    """The metrics an expression names, a histogram by the name in the catalogue."""
    known = families()
    found = set()
    for name in _NAME.findall(expression):
        base = _HISTOGRAM.sub("", name)
        found.add(base if known.get(base) == "histogram" else name)
    return found


def dashboard():
    return json.loads(DASHBOARD.read_text("utf-8"))


def panels():
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def dashboard_expressions():
    """Every expression of the dashboard as Grafana would send it, with its panel's title."""
    return [
        (
            panel["title"],
            target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*"),
        )
        for panel in panels()
        for target in panel["targets"]
    ]


def rules():
    """Every alert rule."""
    groups = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


class Prometheus:
    """A server that scrapes each second.

    Args:
        folder: What it keeps.
        targets: Participant → URL of its metrics.
    """

    def __init__(self, folder, targets):
        self._folder = folder
        self._targets = targets
        self._process = None
        self._http = None

    def __enter__(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
        config = self._folder / "prometheus.yml"
        config.write_text(yaml.safe_dump(self._config()), "utf-8")
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the system's own server
                [
                    shutil.which("prometheus"),
                    f"--config.file={config}",
                    f"--storage.tsdb.path={self._folder / 'data'}",
                    f"--web.listen-address={address}",
                ],
                stdout=log,
                stderr=log,
            )
        self._http = httpx.Client(base_url=f"http://{address}", trust_env=False)
        self.until(self._ready, "Prometheus is ready")
        return self

    def __exit__(self, *_):
        self._http.close()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(PATIENCE)
        finally:
            self._process.kill()

    def _config(self):
        return {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(ALERTS)],
            "scrape_configs": [
                {
                    "job_name": "hedui",
                    "static_configs": [
                        {
                            "targets": [str(httpx.URL(url).netloc, "ascii")],
                            "labels": {"instance": participant},
                        }
                        for participant, url in self._targets.items()
                    ],
                }
            ],
        }

    def _ready(self):
        try:
            return self._http.get("/-/ready").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def ask(self, expression):
        """The numbers an expression gives now, by their labels."""
        answer = self._http.get("/api/v1/query", params={"query": expression}).json()
        assert answer["status"] == "success", answer
        values = {
            tuple(sorted(each["metric"].items())): float(each["value"][1])
            for each in answer["data"]["result"]
        }
        return {labels: value for labels, value in values.items() if not math.isnan(value)}

    def rules(self):
        """Every rule as the server evaluates it."""
        groups = self._http.get("/api/v1/rules").json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def until(self, condition, what):
        """Wait until a condition holds, and return what it gave."""
        end = time.monotonic() + PATIENCE
        while not (found := condition()):
            assert self._process.poll() is None, (self._folder / "prometheus.log").read_text()
            assert time.monotonic() < end, f"it did not come to this: {what}"
            threading.Event().wait(_LOOK_SECONDS)
        return found
