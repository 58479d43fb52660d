import pytest

from components.edge.certificate import Certificate

CERTIFICATE = "aws:acm/certificate:Certificate"
RECORD = "aws:route53/record:Record"


def certificate(**args):
    return lambda: Certificate("site", {"domain": "example.com", **args})


def test_it_covers_the_domain_and_one_label_under_it(preview):
    inputs = preview(certificate(zone_id="Z1")).one(CERTIFICATE).inputs
    assert (inputs["domainName"], inputs["subjectAlternativeNames"]) == ("example.com", ["*.example.com"])


def test_every_certificate_is_in_the_public_transparency_log(preview):
    options = preview(certificate(zone_id="Z1")).one(CERTIFICATE).inputs["options"]
    assert options == {"certificateTransparencyLoggingPreference": "ENABLED"}


def test_one_record_proves_both_names(preview):
    graph = preview(certificate(zone_id="Z1"))
    assert [record.inputs["zoneId"] for record in graph.all(RECORD)] == ["Z1"]


def test_a_record_that_stands_is_not_made_again(preview):
    graph = preview(certificate(proof="_a.example.com"))
    validation = graph.one("aws:acm/certificateValidation:CertificateValidation").inputs
    assert graph.all(RECORD) == [] and validation["validationRecordFqdns"] == ["_a.example.com"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({}, "Certificate 'site': zone_id and proof must be given one without the other, got 'neither'"),
        ({"zone_id": "Z1", "proof": "_a.example.com"}, "one without the other, got 'both'"),
        ({"zone_id": "Z1", "domain": "*.example.com"}, "domain must be without.*covered anyway"),
    ],
)
def test_rejects_what_cannot_be(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(certificate(**args))
