"""Catalogues and reports ↔ JSON text: the one form in which a store keeps them."""

from __future__ import annotations

from bus.catalog.versions import CatalogueVersion
from bus.model.catalogue_report import FiledReport
from bus.ports.json_codec import JsonCodec

_VERSION = JsonCodec(CatalogueVersion, "CATALOGUE", "资源目录", "a catalogue")
_REPORT = JsonCodec(FiledReport, "CATALOGUE_REPORT", "资源目录上报", "a catalogue report")


def encode_catalogue(version: CatalogueVersion) -> str:
    """Return a version of the catalogue as JSON text.

    Raises:
        DefectError: `CATALOGUE_UNWRITABLE`: a value has no JSON form.
    """
    return _VERSION.encode(version, str(version.version))


def decode_catalogue(text: str) -> CatalogueVersion:
    """Return the version that `encode_catalogue` wrote.

    Raises:
        StoreCorrupt: `CATALOGUE_UNREADABLE`: the text is not of this version's shape.
    """
    return _VERSION.decode(text)


def encode_report(report: FiledReport) -> str:
    """Return a report as JSON text.

    Raises:
        DefectError: `CATALOGUE_REPORT_UNWRITABLE`: a value has no JSON form.
    """
    return _REPORT.encode(report, report.reporter)


def decode_report(text: str) -> FiledReport:
    """Return the report that `encode_report` wrote.

    Raises:
        StoreCorrupt: `CATALOGUE_REPORT_UNREADABLE`: the text is not of this version's shape.
    """
    return _REPORT.decode(text)
