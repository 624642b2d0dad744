"""A real broker goes on while the root changes: its own TLS, Java's, finds the path too."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from kafka_site import LIMIT, KafkaSite, TlsFiles

from signer.ca.authorities import authorities
from signer.ca.issue import ROOT_YEARS
from signer.ca.rotation import rotate_issuing, rotate_root
from signer.certificates import issued_by
from signer.keydirectory import read_certificates


@pytest.fixture(scope="module")
def site(kafka_possible, tmp_path_factory):
    """A cluster whose brokers know the first root only, and a CA that has two."""
    made = KafkaSite(tmp_path_factory.mktemp("roots"))
    made.keys("370000", 1)
    try:
        made.start()
        ca, passphrase = made.ca.directory, made.ca.passphrase_file.read_bytes()
        rotate_root(ca, passphrase, datetime.now(UTC), ROOT_YEARS)
        rotate_issuing(ca, passphrase, datetime.now(UTC))
        yield made
    finally:
        made.cluster.stop()


def cluster_id(site: KafkaSite, tls: TlsFiles) -> str:
    client = AdminClient(
        {
            "bootstrap.servers": site.cluster.bootstrap,
            "security.protocol": "SSL",
            "ssl.ca.location": str(tls.ca),
            "ssl.certificate.location": str(tls.certificate),
            "ssl.key.location": str(tls.key),
            "ssl.key.password": tls.passphrase,
            "log_level": 0,
        }
    )
    return client.list_topics(timeout=LIMIT).cluster_id


@pytest.mark.slow
@pytest.mark.requirement("R012")
def test_keys_of_before_and_after_the_new_root_both_connect(site):
    old, new = site.keys("370000", 1), site.keys("370000", 2)
    present, earlier = authorities(site.ca.directory, "root")
    assert read_certificates(old.ca) == (earlier,)
    assert read_certificates(new.ca) == (present, earlier)
    issuer = read_certificates(new.certificate)[1]
    assert issued_by(issuer, present)  # not the root that the brokers know
    assert cluster_id(site, old) == cluster_id(site, new)


@pytest.mark.slow
def test_without_the_link_the_broker_finds_no_path(site, tmp_path):
    new = site.keys("370000", 2)
    leaf, issuer, _link = new.certificate.read_text().split("-----BEGIN")[1:]
    cut = tmp_path / "tls.pem"
    cut.write_text(f"-----BEGIN{leaf}-----BEGIN{issuer}")
    with pytest.raises(KafkaException):
        cluster_id(site, TlsFiles(new.ca, cut, new.key, new.passphrase))
