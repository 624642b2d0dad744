"""Reads a configuration file: every fault named with its key and remedy, nothing half-read."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import SettingsError

from bus.config.models import Config
from bus.errors import ConfigError

_TEXTS = {
    "missing": ("缺少此项，请补充", "is missing: add it"),
    "extra_forbidden": ("不认识此项，请更正或删除", "is not known: correct or remove it"),
    "environment": ("环境变量须写成 HEDUI_节__项", "write it as HEDUI_SECTION__KEY"),
}


def load_config(path: Path) -> Config:
    """Return the configuration in a TOML file, environment variables laid over it.

    Relative paths become relative to the file's folder.

    Raises:
        ConfigError: `CONFIG_UNREADABLE`, `CONFIG_SYNTAX`, `CONFIG_INVALID`; the last names every
            faulty key. Values are never repeated: one may be a secret in the wrong place.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            "CONFIG_UNREADABLE",
            "配置文件无法读取",
            "the configuration file cannot be read",
            remedy_zh="请检查路径、权限与 UTF-8 编码",
            remedy_en="Check path, permissions and UTF-8 encoding",
            where=str(path),
        ) from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The parser's text says line and column and quotes no value.
        raise ConfigError(
            "CONFIG_SYNTAX",
            f"配置文件不是有效的 TOML（{error}）",
            f"not valid TOML ({error})",
            where=str(path),
        ) from None
    # Named here: pydantic-settings takes keys such as `_env_file` for options of its own.
    unknown = [("extra_forbidden", key, "") for key in data if key not in Config.model_fields]
    if unknown:
        raise _invalid(path, unknown)
    try:
        config = Config(**data)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        raise _invalid(
            path, [(f["type"], ".".join(map(str, f["loc"])), f["msg"]) for f in found]
        ) from None
    except SettingsError:
        # A section given whole in one environment variable, and not as JSON.
        raise _invalid(path, [("environment", "HEDUI_*", "")]) from None
    return _placed(config, path.resolve().parent)


def _invalid(path: Path, faults: Iterable[tuple[str, str, str]]) -> ConfigError:
    """Return the error for faults: (type, key, what the library says of it, without the value)."""
    lines_zh, lines_en = [], []
    for kind, key, said in faults:
        why = said.removeprefix("Value error, ")
        zh, en = _TEXTS.get(kind, (f"取值不合要求（{why}）", why))
        lines_zh.append(f"{key}：{zh}")
        lines_en.append(f"{key}: {en}")
    return ConfigError(
        "CONFIG_INVALID",
        "配置有误：" + "；".join(lines_zh),
        "the configuration is invalid: " + "; ".join(lines_en),
        where=str(path),
    )


def _placed(config: Config, folder: Path) -> Config:
    """Return the configuration with its paths anchored at the file's folder."""
    keys, broker, http, hub = config.keys, config.broker, config.http, config.hub
    return config.model_copy(
        update={
            "keys": keys.model_copy(
                update={
                    "directory": folder / keys.directory,
                    "passphrase_file": folder / keys.passphrase_file,
                    "store_key": folder / keys.store_key,
                }
            ),
            "broker": broker.model_copy(
                update={"ca_file": None if broker.ca_file is None else folder / broker.ca_file}
            ),
            "store": config.store.model_copy(update={"url": _url(config.store.url, folder)}),
            "http": http.model_copy(
                update={"socket": None if http.socket is None else folder / http.socket}
            ),
            "hub": None
            if hub is None
            else hub.model_copy(update={"participants": folder / hub.participants}),
        }
    )


def _url(url: str, folder: Path) -> str:
    prefix = "sqlite+aiosqlite:///"
    if not url.startswith(prefix) or url.removeprefix(prefix) in ("", ":memory:"):
        return url  # the store refuses it, by name
    return prefix + os.fspath(folder / url.removeprefix(prefix))
