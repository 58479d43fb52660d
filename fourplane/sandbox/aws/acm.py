"""ACM: certificates."""

from typing import Any

from fourplane.errors import Mistake
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given

ISSUED = "2026-01-01 00:00:00 +0000 UTC"
"""The provider's id of a validation is the time of issue, which is another one at every deployment."""


@creates("aws:acm/certificate:Certificate")
def certificate(new: New) -> Made:
    acm = new.client("acm")
    if new.get("privateKey"):
        arn = acm.import_certificate(
            Certificate=new["certificateBody"], PrivateKey=new["privateKey"], **_chain(new), Tags=new.tag_list
        )["CertificateArn"]
    else:
        apart = ("certificateBody", "certificateChain", "privateKey", "privateKeyWo", "privateKeyWoVersion")
        rename: dict[str, str | None] = {key: None for key in (*apart, "earlyRenewalDuration")}
        rename["validationOptions"] = "DomainValidationOptions"
        arn = acm.request_certificate(**new.fit("acm", "request_certificate", rename))["CertificateArn"]
    made = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    return arn, given(
        arn=arn,
        domainName=made["DomainName"],
        domainValidationOptions=_proofs(made),
        status=made["Status"],
        subjectAlternativeNames=made.get("SubjectAlternativeNames", []),
        type=made["Type"],
        keyAlgorithm=made.get("KeyAlgorithm"),
        validationMethod=new.get("validationMethod", "NONE"),
    )


def _chain(new: New) -> dict[str, str]:
    return given(CertificateChain=new.get("certificateChain"))


def _proofs(made: dict[str, Any]) -> list[dict[str, str]]:
    """The DNS records that prove a domain is ours, one for each name."""
    records = {o["DomainName"]: o.get("ResourceRecord") for o in made.get("DomainValidationOptions", [])}
    return [
        {
            "domainName": name,
            "resourceRecordName": record["Name"],
            "resourceRecordType": record["Type"],
            "resourceRecordValue": record["Value"],
        }
        for name, record in records.items()
        if record
    ]


@creates("aws:acm/certificateValidation:CertificateValidation")
def certificate_validation(new: New) -> Made:
    """The provider waits here until AWS has seen the records; the sandbox resolves no names."""
    arn = new["certificateArn"]
    made = new.client("acm", arn.split(":")[3]).describe_certificate(CertificateArn=arn)["Certificate"]
    options = made.get("DomainValidationOptions", [])
    wanted = {
        option["ResourceRecord"]["Name"].rstrip(".") for option in options if "ResourceRecord" in option
    }
    given_names = {name.rstrip(".") for name in new.get("validationRecordFqdns", [])}
    if given_names and (missing := wanted - given_names):
        raise Mistake(f"missing DNS validation record: {', '.join(sorted(missing))}")
    return ISSUED, {}
