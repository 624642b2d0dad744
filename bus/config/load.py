"""Reads a configuration file: every fault named with its key and remedy, nothing half-read."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import SettingsError

from bus.config.faults import KeyFault, faults_of, told
from bus.config.models import Config, FileSettings, HubSection
from bus.errors import ConfigError

_Settings = TypeVar("_Settings", bound=FileSettings)


def load_config(path: Path) -> Config:
    """Return a daemon's configuration; relative paths become relative to the file's folder.

    Raises:
        ConfigError: As `read_settings`.
    """
    return _placed(read_settings(path, Config), path.resolve().parent)


def read_settings(path: Path, model: type[_Settings]) -> _Settings:
    """Return the settings in a TOML file, environment variables laid over it.

    Args:
        path: The file.
        model: What it must hold.

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
    unknown = [KeyFault("extra_forbidden", key) for key in data if key not in model.model_fields]
    if unknown:
        raise _invalid(path, unknown)
    try:
        return model(**data)
    except ValidationError as error:
        raise _invalid(path, faults_of(error)) from None
    except SettingsError:
        # A section given whole in one environment variable, and not as JSON.
        raise _invalid(path, [KeyFault("environment", "HEDUI_*")]) from None


def _invalid(path: Path, faults: Iterable[KeyFault]) -> ConfigError:
    zh, en = told(faults)
    return ConfigError(
        "CONFIG_INVALID",
        f"配置有误：{zh}",
        f"the configuration is invalid: {en}",
        where=str(path),
    )


def _placed(config: Config, folder: Path) -> Config:
    """Return the configuration with its paths anchored at the file's folder."""
    keys, broker, store = config.keys, config.broker, config.store
    http, hub, timestamps = config.http, config.hub, config.timestamps
    return config.model_copy(
        update={
            "keys": keys.model_copy(
                update={
                    "directory": folder / keys.directory,
                    "passphrase_file": folder / keys.passphrase_file,
                    "store_key": folder / keys.store_key,
                    "pkcs11_module": _file(keys.pkcs11_module, folder),
                    "pkcs11_pin_file": _file(keys.pkcs11_pin_file, folder),
                }
            ),
            "broker": broker.model_copy(update={"ca_file": _file(broker.ca_file, folder)}),
            "store": store.model_copy(
                update={
                    "url": _url(store.url, folder),
                    "password_file": _file(store.password_file, folder),
                    "ca_file": _file(store.ca_file, folder),
                }
            ),
            "http": http.model_copy(
                update={
                    "socket": _file(http.socket, folder),
                    "api_certificate": _file(http.api_certificate, folder),
                    "api_key": _file(http.api_key, folder),
                    "api_passphrase_file": _file(http.api_passphrase_file, folder),
                }
            ),
            "hub": None if hub is None else _placed_hub(hub, folder),
            "adapter": config.adapter.model_copy(
                update={
                    "resources": _file(config.adapter.resources, folder),
                    "check_people": _file(config.adapter.check_people, folder),
                }
            ),
            "timestamps": None
            if timestamps is None
            else timestamps.model_copy(update={"ca_file": folder / timestamps.ca_file}),
        }
    )


def _placed_hub(hub: HubSection, folder: Path) -> HubSection:
    ca = hub.ca
    placed = None
    if ca is not None:
        files = {
            "directory": folder / ca.directory,
            "passphrase_file": folder / ca.passphrase_file,
        }
        placed = ca.model_copy(update=files)
    catalogue = hub.catalogue.model_copy(
        update={"resources": _file(hub.catalogue.resources, folder)}
    )
    seed = {"seed_file": _file(hub.evidence.seed_file, folder)}
    return hub.model_copy(
        update={
            "participants": folder / hub.participants,
            "ca": placed,
            "sampling_seed_file": _file(hub.sampling_seed_file, folder),
            "catalogue": catalogue,
            "evidence": hub.evidence.model_copy(update=seed),
        }
    )


def _file(path: Path | None, folder: Path) -> Path | None:
    return None if path is None else folder / path


def _url(url: str, folder: Path) -> str:
    prefix = "sqlite+aiosqlite:///"
    if not url.startswith(prefix) or url.removeprefix(prefix) in ("", ":memory:"):
        return url  # on a server; or the store refuses it, by name
    return prefix + os.fspath(folder / url.removeprefix(prefix))
