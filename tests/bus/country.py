"""The in-memory country of tests/bus/daemon, for the tests of the faces: their services over it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from bus.daemon.gauges import Gauges
from bus.daemon.open_rows import OpenRows
from bus.daemon.service import Service
from bus.metrics.catalogue import Metrics


def _daemon_conftest():
    # Not `import conftest`: each folder has one of that name.
    path = Path(__file__).parent / "daemon" / "conftest.py"
    spec = importlib.util.spec_from_file_location("daemon_country", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


_country = _daemon_conftest()
NOW = _country.NOW
OFFERED = _country.OFFERED
WITH_CITY = {
    "parents": {**_country.PARENTS, **_country.CITY_PARENTS},
    "offered": {**_country.OFFERED, **_country.CITY_OFFERED},
}
"""A country in which a province has a city."""
make_country = _country.make_country
make_draft = _country.make_draft


async def open_country(policy, **how):
    """A country with every store open and every broker started."""
    made = make_country(policy, **how)
    await made.start()
    return made


async def close_country(made):
    await made.stop()


def service_of(country, name):
    desk = country[name]
    return Service(desk.office, desk.store, lambda: None, desk.step.run)


def gauges_of(country, name):
    desk = country[name]
    rows = OpenRows(desk.office, desk.store)
    return Gauges(desk.office, desk.store, Metrics(name), rows)
