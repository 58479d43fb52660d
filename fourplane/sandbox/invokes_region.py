"""Questions about the account and the region."""

import hashlib
import re
from typing import Any

from fourplane import wire
from fourplane.errors import Failure


def filters(args: dict[str, Any]) -> list[dict[str, Any]]:
    """The filters of a data source as EC2 has them, tags among them."""
    named = [{"Name": f["name"], "Values": f["values"]} for f in args.get("filters") or []]
    return named + [{"Name": f"tag:{k}", "Values": [v]} for k, v in (args.get("tags") or {}).items()]


def availability_zones(args: dict[str, Any], region: str, client: Any) -> dict[str, Any]:
    wanted = [*filters(args), *([{"Name": "state", "Values": [args["state"]]}] if args.get("state") else [])]
    request = {"Filters": wanted} if wanted else {}
    every = bool(args.get("allAvailabilityZones"))
    found = client("ec2", region).describe_availability_zones(**request, AllAvailabilityZones=every)
    zones = [
        zone
        for zone in found["AvailabilityZones"]
        if zone["ZoneName"] not in (args.get("excludeNames") or [])
        and zone["ZoneId"] not in (args.get("excludeZoneIds") or [])
        and all(_passes(zone, one) for one in wanted)
    ]
    return {
        "id": region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": sorted({zone.get("GroupName", region) for zone in zones}),
        "region": region,
    }


ZONE = {
    "group-name": "GroupName",
    "opt-in-status": "OptInStatus",
    "region-name": "RegionName",
    "state": "State",
    "zone-id": "ZoneId",
    "zone-name": "ZoneName",
    "zone-type": "ZoneType",
}
STANDARD = {"OptInStatus": "opt-in-not-required", "ZoneType": "availability-zone"}


def _passes(zone: dict[str, Any], one: dict[str, Any]) -> bool:
    """moto knows few of these filters; every zone that it has is a standard one."""
    field = ZONE.get(one["Name"])
    return field is None or {**STANDARD, "GroupName": zone["RegionName"], **zone}.get(field) in one["Values"]


def caller_identity(args: dict[str, Any], region: str, client: Any) -> dict[str, Any]:
    found = client("sts", region).get_caller_identity()
    return {
        "accountId": found["Account"],
        "arn": found["Arn"],
        "id": found["Account"],
        "userId": found["UserId"],
    }


def partition(args: dict[str, Any], region: str, client: Any) -> dict[str, Any]:
    name, suffix = "aws", "amazonaws.com"
    if region.startswith("cn-"):
        name, suffix = "aws-cn", "amazonaws.com.cn"
    elif region.startswith("us-gov-"):
        name = "aws-us-gov"
    reverse = ".".join(reversed(suffix.split(".")))
    return {"id": name, "partition": name, "dnsSuffix": suffix, "reverseDnsPrefix": reverse}


def region(args: dict[str, Any], region: str, client: Any) -> dict[str, Any]:
    """`args` may name another region than the program's."""
    name = args.get("region") or args.get("name") or region
    return {"id": name, "name": name, "region": name, "endpoint": f"ec2.{name}.amazonaws.com"}


FREEBSD = re.compile(
    r"/aws/service/freebsd/(amd64|arm64)/(base|builder|cloud-init|small)/(ufs|zfs)/\d+\.\d+/RELEASE"
)


def parameter(args: dict[str, Any], region: str, client: Any) -> dict[str, Any]:
    name = args["name"]
    request = {"Name": name, "WithDecryption": args.get("withDecryption", True)}
    if FREEBSD.fullmatch(name):
        found = _freebsd_image(name, region)
    else:
        found = client("ssm", region).get_parameter(**request)["Parameter"]
    hidden = found["Type"] == "SecureString"
    return {
        "id": found["Name"],
        "arn": found["ARN"],
        "name": found["Name"],
        "type": found["Type"],
        "value": wire.Secret(found["Value"]) if hidden else found["Value"],
        "insecureValue": "" if hidden else found["Value"],
        "version": found["Version"],
        "withDecryption": request["WithDecryption"],
        "region": region,
    }


def _freebsd_image(name: str, region: str) -> dict[str, Any]:
    """moto has the public parameters of Amazon alone, and no image of FreeBSD's."""
    image = f"ami-{hashlib.sha256(f'{region}{name}'.encode()).hexdigest()[:17]}"
    arn = f"arn:aws:ssm:{region}::parameter{name}"
    return {"Name": name, "ARN": arn, "Type": "String", "Value": image, "Version": 1}


def random_password(args: dict[str, Any], region: str, client: Any) -> dict[str, Any]:
    wanted = {key[:1].upper() + key[1:]: value for key, value in args.items() if key != "region"}
    made = client("secretsmanager", region).get_random_password(**wanted)["RandomPassword"]
    return {"id": made, "randomPassword": made, "region": region}


LOAD_BALANCER_ACCOUNTS = {
    "us-east-1": "127311923021",
    "us-east-2": "033677994240",
    "us-west-1": "027434742980",
    "us-west-2": "797873946194",
    "af-south-1": "098369216593",
    "ap-east-1": "754344448648",
    "ap-northeast-1": "582318560864",
    "ap-northeast-2": "600734575887",
    "ap-northeast-3": "383597477331",
    "ap-south-1": "718504428378",
    "ap-southeast-1": "114774131450",
    "ap-southeast-2": "783225319266",
    "ca-central-1": "985666609251",
    "eu-central-1": "054676820928",
    "eu-north-1": "897822967062",
    "eu-south-1": "635631232127",
    "eu-west-1": "156460612806",
    "eu-west-2": "652711504416",
    "eu-west-3": "009996457667",
    "me-south-1": "076674570225",
    "sa-east-1": "507241528517",
}
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html"""


def load_balancer_account(args: dict[str, Any], region: str, client: Any) -> dict[str, Any]:
    name = args.get("region") or region
    if name not in LOAD_BALANCER_ACCOUNTS:
        raise Failure(f"{name} has no account for logs: grant logdelivery.elasticloadbalancing.amazonaws.com")
    id = LOAD_BALANCER_ACCOUNTS[name]
    return {"id": id, "arn": f"arn:aws:iam::{id}:root", "region": name}
