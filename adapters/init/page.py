"""How an adapter's file reads: TOML with comments, that a person goes on to edit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from adapters.init.beginning import Beginning
from schemas.resources import Item

_HEAD = """\
# 核对总线机构前置 An adapter of Hedui Bus.
# 检查 check: hedui adapter check -c {file}    运行 run: hedui adapter run -c {file}

[participant]
id = {participant}

[keys]                                  # 来自 from: hedui adapter apply, hedui adapter import
directory = {directory}
passphrase_file = {passphrase}          # 0600
store_key = {store_key}                 # 0600

[broker]
bootstrap = {bootstrap}
ca_file = "kafka-ca.pem"

[store]                                 # 任务与审计 tasks and audit; not the source of data
url = "sqlite+aiosqlite:///adapter-store.db"

[http]                                  # /healthz /readyz /metrics
listen = "127.0.0.1:9464"

# [adapter]
# check_people = "people.csv"           # 0600: id_type,id_number,name,resource,day
# resources = "schemas"                 # 目录中本软件未带的信息资源 resources not shipped

"""


def page(beginning: Beginning, file: str, sections: str) -> str:
    """Return the whole file.

    Args:
        beginning: Who it is.
        file: The file's own name.
        sections: `[source]` and `[[resource]]`, as the kind of source needs them.
    """
    head = _HEAD.format(
        file=file,
        participant=quoted(beginning.participant),
        directory=quoted(f"keys/{beginning.participant}"),
        passphrase=quoted(f"{beginning.agency}.passphrase"),
        store_key=quoted(f"{beginning.agency}.storekey"),
        bootstrap=quoted(beginning.bootstrap),
    )
    return head + sections


def quoted(text: str) -> str:
    """Return a text as TOML writes it; every answer is free of control characters."""
    return json.dumps(text, ensure_ascii=False)


def listed(names: Iterable[str]) -> str:
    """Return a list of texts as TOML writes it."""
    return f"[{', '.join(map(quoted, names))}]"


def inline(table: Mapping[str, str]) -> str:
    """Return a table of texts on one line."""
    pairs = ", ".join(f"{quoted(key)} = {quoted(value)}" for key, value in table.items())
    return f"{{ {pairs} }}"


def about(item: Item) -> str:
    """Return an item's comment: its names, kind and unit."""
    unit = f"，{item.unit}" if item.unit else ""
    return f"# {item.zh} {item.en}（{item.kind.value}{unit}）"
