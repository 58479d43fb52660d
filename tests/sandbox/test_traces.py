"""X-Ray's rules and the key that seals, asked of the cloud itself."""

from components.control.encryption_key import EncryptionKey
from components.control.signing_key import SigningKey
from components.control.tracing import Tracing
from tests.sandbox.machines import REGION


def program():
    key = EncryptionKey("key", {}).key_arn
    Tracing("traces", {"services": {"order": {"per_second": 5}}, "key_arn": key})
    SigningKey("seal", {"disposable": True})


def test_rules_groups_and_encryption_are_checked_and_said_to_be_simulated(deploy):
    graph = deploy(program)
    made = {one.name: one for one in graph.values() if one.type.startswith("aws:xray/")}
    assert len(made) == 4 and all(one.simulated for one in made.values())
    arns = graph.one("fourplane:index:Tracing").outputs["group_arns"]
    assert arns["faults"].startswith(f"arn:aws:xray:{REGION}:123456789012:group/dev-traces-faults/")


def test_what_is_sealed_is_believed_and_nothing_else(deploy, cloud):
    arn = deploy(program).one("fourplane:index:SigningKey").outputs["arn"]
    kms, algorithm = cloud.client("kms", REGION), {"KeyId": arn, "MacAlgorithm": "HMAC_SHA_256"}
    mac = kms.generate_mac(Message=b"paid", **algorithm)["Mac"]
    assert kms.verify_mac(Message=b"paid", Mac=mac, **algorithm)["MacValid"]
    try:
        kms.verify_mac(Message=b"not paid", Mac=mac, **algorithm)
    except kms.exceptions.KMSInvalidMacException:
        return
    raise AssertionError("another text was believed")
