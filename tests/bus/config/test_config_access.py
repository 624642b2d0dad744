"""Where the operator's API is served from afar, and what it shows there."""

from __future__ import annotations

import pytest

from bus.config.load import load_config
from bus.errors import ConfigError

GOOD = """
[participant]
id = "370000"
[keys]
directory = "keys"
passphrase_file = "/run/secrets/pass"
store_key = "store.key"
[broker]
bootstrap = "127.0.0.1:9093"
[store]
url = "sqlite+aiosqlite:///data/node.db"
[http]
socket = "api.sock"
"""
WHOLE = 'api_listen = "[::]:9443"\napi_certificate = "api.pem"\napi_key = "api.key"\n'


@pytest.fixture
def load(tmp_path):
    def loaded(text):
        path = tmp_path / "node.toml"
        path.write_text(text, encoding="utf-8")
        return load_config(path)

    return loaded


@pytest.mark.requirement("R076")
def test_the_api_is_served_from_afar_only_where_it_is_told(load, tmp_path):
    assert load(GOOD).http.api_listen is None
    http = load(GOOD + WHOLE).http
    assert (http.api_listen, http.api_certificate) == ("[::]:9443", tmp_path / "api.pem")
    assert (http.api_key, http.api_passphrase_file) == (tmp_path / "api.key", None)
    assert load(GOOD).audit.inspect_every_days == 90


@pytest.mark.requirement("R076")
@pytest.mark.parametrize("left_out", WHOLE.splitlines())
def test_half_a_certificate_is_none(load, left_out):
    with pytest.raises(ConfigError) as refused:
        load(GOOD + WHOLE.replace(left_out, ""))
    assert refused.value.code == "CONFIG_INVALID"
    assert "http" in refused.value.en
