"""Where Java and Kafka come from.

Kafka's jars are those that `docker/kafka/pom.xml` pins; at the first use Maven copies them to
`target/libs` beside it. Without a checkout, `HEDUI_KAFKA_LIBS` names a folder that has them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from bus.errors import ConfigError

JAVA_MAJOR = 17
"""The oldest Java that Kafka 4 brokers run on."""

KAFKA_LIBS = "HEDUI_KAFKA_LIBS"
"""The environment variable that names a folder of jars."""

_POM = Path(__file__).parents[3] / "docker" / "kafka" / "pom.xml"
_VERSION = re.compile(r'version "(\d+)')
_ANSWER_SECONDS = 30.0
_DOWNLOAD_SECONDS = 600.0


def find_java() -> str:
    """Return the path of a Java that is new enough.

    Raises:
        ConfigError: `JAVA_MISSING`.
    """
    home = os.environ.get("JAVA_HOME")
    candidates = [str(Path(home) / "bin" / "java")] if home else []
    candidates.append("java")
    for candidate in candidates:
        java = shutil.which(candidate)
        if java is not None and _major(java) >= JAVA_MAJOR:
            return java
    raise ConfigError(
        "JAVA_MISSING",
        f"没有找到 Java {JAVA_MAJOR} 或以上",
        f"there is no Java {JAVA_MAJOR} or newer",
        remedy_zh="请安装 OpenJDK 17（Debian：openjdk-17-jre-headless），或设置 JAVA_HOME",
        remedy_en="Install OpenJDK 17 (Debian: openjdk-17-jre-headless) or set JAVA_HOME",
        where="java",
    )


def find_jars() -> Path:
    """Return the folder of Kafka's jars, fetching them with Maven at the first use.

    Raises:
        ConfigError: `KAFKA_LIBS_MISSING`, `MAVEN_MISSING`, `KAFKA_NOT_FETCHED`.
    """
    given = os.environ.get(KAFKA_LIBS)
    if given:
        if not any(Path(given).glob("kafka_2.13-*.jar")):
            raise _libs_missing(given)
        return Path(given)
    if not _POM.exists():
        raise _libs_missing(KAFKA_LIBS)
    libs = _POM.parent / "target" / "libs"
    done = libs / ".complete"
    if not done.exists() or done.stat().st_mtime < _POM.stat().st_mtime:
        _fetch(libs)
        done.touch()
    return libs


def _fetch(libs: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise ConfigError(
            "MAVEN_MISSING",
            "没有找到 Maven，无法取得 Kafka",
            "there is no Maven to fetch Kafka with",
            remedy_zh="请安装 maven，或将环境变量 HEDUI_KAFKA_LIBS 指向 Kafka 的 libs 目录",
            remedy_en="Install maven, or let HEDUI_KAFKA_LIBS name the libs folder of a Kafka",
            where="mvn",
        )
    # What an earlier version left must not stand on the class path.
    shutil.rmtree(libs, ignore_errors=True)
    command = [maven, "-q", "-B", "-f", str(_POM), "package"]
    try:
        subprocess.run(  # noqa: S603 - our own pom
            command, check=True, capture_output=True, timeout=_DOWNLOAD_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigError(
            "KAFKA_NOT_FETCHED",
            "Maven 未能取得 Kafka",
            "Maven could not fetch Kafka",
            remedy_zh="请手工执行 mvn -f docker/kafka/pom.xml package 查看原因",
            remedy_en="Run `mvn -f docker/kafka/pom.xml package` to see why",
            where=type(error).__name__,
        ) from None


def _major(java: str) -> int:
    try:
        said = subprocess.run(  # noqa: S603 - asks the version only
            [java, "-version"], capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=False
        ).stderr
    except (OSError, subprocess.SubprocessError):
        return 0
    found = _VERSION.search(said)
    return int(found[1]) if found else 0


def _libs_missing(where: str) -> ConfigError:
    return ConfigError(
        "KAFKA_LIBS_MISSING",
        "没有找到 Kafka 的程序库",
        "Kafka's jars are not there",
        remedy_zh="请将环境变量 HEDUI_KAFKA_LIBS 指向 Kafka 4 的 libs 目录",
        remedy_en="Let HEDUI_KAFKA_LIBS name the libs folder of a Kafka 4",
        where=where,
    )
