"""What a public zone has besides its records: signatures, and a log of the queries."""

from fourplane.errors import Mistake
from fourplane.sandbox.creator import Made, New, creates

CRYPTO_REGION = "us-east-1"
"""Where Route 53 wants the keys and log groups of its zones."""


@creates("aws:route53/keySigningKey:KeySigningKey")
def key_signing_key(new: New) -> Made:
    arn, zone_id, name = new["keyManagementServiceArn"], new["hostedZoneId"], new.name
    if arn.split(":")[3] != CRYPTO_REGION:
        raise Mistake(f"Route 53 signs with keys of {CRYPTO_REGION} only, got {arn}")
    key = new.client("kms", CRYPTO_REGION).describe_key(KeyId=arn)["KeyMetadata"]
    if (key["KeySpec"], key["KeyUsage"]) != ("ECC_NIST_P256", "SIGN_VERIFY"):
        raise Mistake(
            f"Route 53 signs with ECC_NIST_P256 keys only, got {key['KeySpec']} for {key['KeyUsage']}"
        )
    status = new.get("status", "ACTIVE")
    new.simulate(
        "route53",
        "create_key_signing_key",
        {
            "CallerReference": new.hash(26),
            "HostedZoneId": zone_id,
            "KeyManagementServiceArn": arn,
            "Name": name,
            "Status": status,
        },
    )
    tag, digest = int(new.hash(4), 16), new.hash(64, "digest").upper()
    return f"{zone_id},{name}", {
        "name": name,
        "status": status,
        "keyTag": tag,
        "flag": 257,
        "digestAlgorithmMnemonic": "SHA-256",
        "digestAlgorithmType": 2,
        "digestValue": digest,
        "signingAlgorithmMnemonic": "ECDSAP256SHA256",
        "signingAlgorithmType": 13,
        "dsRecord": f"{tag} 13 2 {digest}",
    }


@creates("aws:route53/hostedZoneDnsSec:HostedZoneDnsSec")
def hosted_zone_dns_sec(new: New) -> Made:
    zone_id, status = new["hostedZoneId"], new.get("signingStatus", "SIGNING")
    if status not in ("SIGNING", "NOT_SIGNING"):
        raise Mistake(f"signingStatus must be SIGNING or NOT_SIGNING, got '{status}'")
    operation = "enable_hosted_zone_dnssec" if status == "SIGNING" else "disable_hosted_zone_dnssec"
    new.simulate("route53", operation, {"HostedZoneId": zone_id})
    return zone_id, {"signingStatus": status}


@creates("aws:route53/queryLog:QueryLog")
def query_log(new: New) -> Made:
    """moto knows log groups by the ARN of their streams."""
    group = new["cloudwatchLogGroupArn"]
    made = new.client("route53").create_query_logging_config(
        HostedZoneId=new["zoneId"], CloudWatchLogsLogGroupArn=f"{group.removesuffix(':*')}:*"
    )["QueryLoggingConfig"]
    return made["Id"], {"arn": f"arn:aws:route53:::queryloggingconfig/{made['Id']}"}
