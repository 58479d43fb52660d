"""Questions about networks and machine images."""

import re
from typing import Any

from fourplane.errors import Mistake
from fourplane.sandbox.invokes_region import filters


def _only(found: list[dict[str, Any]], what: str) -> dict[str, Any]:
    if len(found) != 1:
        amount = (
            f"{len(found)} match"
            if found
            else "there is none; the sandbox starts empty: create it in the program"
        )
        raise Mistake(f"expected one {what}, but {amount}")
    return found[0]


def ami(args: dict[str, Any], region: str, client: Any) -> dict[str, Any]:
    request: dict[str, Any] = {"Filters": filters(args)} if filters(args) else {}
    if args.get("owners"):
        request["Owners"] = args["owners"]
    found = client("ec2", region).describe_images(**request)["Images"]
    if args.get("nameRegex"):
        found = [image for image in found if re.search(args["nameRegex"], image.get("Name", ""))]
    if args.get("mostRecent"):
        found = sorted(found, key=lambda image: image.get("CreationDate", ""))[-1:]
    image = _only(found, "machine image")
    return {
        "id": image["ImageId"],
        "imageId": image["ImageId"],
        "architecture": image["Architecture"],
        "arn": f"arn:aws:ec2:{region}::image/{image['ImageId']}",
        "creationDate": image.get("CreationDate", ""),
        "description": image.get("Description", ""),
        "hypervisor": image.get("Hypervisor", ""),
        "imageLocation": image.get("ImageLocation", ""),
        "imageOwnerAlias": image.get("ImageOwnerAlias", "amazon"),
        "name": image.get("Name", ""),
        "ownerId": image.get("OwnerId", ""),
        "public": image.get("Public", True),
        "region": region,
        "rootDeviceName": image.get("RootDeviceName", ""),
        "rootDeviceType": image.get("RootDeviceType", ""),
        "state": image.get("State", "available"),
        "virtualizationType": image.get("VirtualizationType", "hvm"),
    }


def managed_prefix_list(args: dict[str, Any], region: str, client: Any) -> dict[str, Any]:
    ec2 = client("ec2", region)
    named = [{"Name": "prefix-list-name", "Values": [args["name"]]}] if args.get("name") else []
    ids = {"PrefixListIds": [args["id"]]} if args.get("id") else {}
    found = ec2.describe_managed_prefix_lists(Filters=[*filters(args), *named], **ids)["PrefixLists"]
    one = _only(found, f"prefix list {args.get('name') or args.get('id') or ''}".strip())
    entries = ec2.get_managed_prefix_list_entries(PrefixListId=one["PrefixListId"])["Entries"]
    return {
        "id": one["PrefixListId"],
        "addressFamily": one["AddressFamily"],
        "arn": one["PrefixListArn"],
        "entries": [
            {"cidr": entry["Cidr"], "description": entry.get("Description", "")} for entry in entries
        ],
        "maxEntries": one.get("MaxEntries", 0),
        "name": one["PrefixListName"],
        "ownerId": one["OwnerId"],
        "region": region,
        "tags": {tag["Key"]: tag["Value"] for tag in one.get("Tags", [])},
        "version": one.get("Version", 0),
    }


def prefix_list(args: dict[str, Any], region: str, client: Any) -> dict[str, Any]:
    named = [{"Name": "prefix-list-name", "Values": [args["name"]]}] if args.get("name") else []
    wanted = [*filters(args), *named]
    request = {"PrefixListIds": [args["prefixListId"]]} if args.get("prefixListId") else {}
    found = client("ec2", region).describe_prefix_lists(**request, **({"Filters": wanted} if wanted else {}))
    lists = [one for one in found["PrefixLists"] if args.get("name") in (None, one["PrefixListName"])]
    one = _only(lists, f"prefix list {args.get('name') or args.get('prefixListId') or ''}".strip())
    return {
        "id": one["PrefixListId"],
        "name": one["PrefixListName"],
        "cidrBlocks": one.get("Cidrs", []),
        "region": region,
    }


def vpc(args: dict[str, Any], region: str, client: Any) -> dict[str, Any]:
    ec2 = client("ec2", region)
    wanted = filters(args)
    if args.get("cidrBlock"):
        wanted.append({"Name": "cidr", "Values": [args["cidrBlock"]]})
    if args.get("default"):
        wanted.append({"Name": "is-default", "Values": ["true"]})
    ids = {"VpcIds": [args["id"]]} if args.get("id") else {}
    one = _only(ec2.describe_vpcs(Filters=wanted, **ids)["Vpcs"], "VPC")
    here = [{"Name": "vpc-id", "Values": [one["VpcId"]]}, {"Name": "association.main", "Values": ["true"]}]
    return {
        "id": one["VpcId"],
        "arn": f"arn:aws:ec2:{region}:{one['OwnerId']}:vpc/{one['VpcId']}",
        "cidrBlock": one["CidrBlock"],
        "default": one["IsDefault"],
        "dhcpOptionsId": one["DhcpOptionsId"],
        "instanceTenancy": one["InstanceTenancy"],
        "mainRouteTableId": ec2.describe_route_tables(Filters=here)["RouteTables"][0]["RouteTableId"],
        "ownerId": one["OwnerId"],
        "region": region,
        "state": one["State"],
        "tags": {tag["Key"]: tag["Value"] for tag in one.get("Tags", [])},
    }


def subnets(args: dict[str, Any], region: str, client: Any) -> dict[str, Any]:
    found = client("ec2", region).describe_subnets(Filters=filters(args))["Subnets"]
    return {"id": region, "ids": [one["SubnetId"] for one in found], "region": region}


def subnet(args: dict[str, Any], region: str, client: Any) -> dict[str, Any]:
    names = {"vpcId": "vpc-id", "cidrBlock": "cidr-block", "availabilityZone": "availability-zone"}
    wanted = [*filters(args), *({"Name": n, "Values": [args[k]]} for k, n in names.items() if args.get(k))]
    ids = {"SubnetIds": [args["id"]]} if args.get("id") else {}
    one = _only(client("ec2", region).describe_subnets(Filters=wanted, **ids)["Subnets"], "subnet")
    return {
        "id": one["SubnetId"],
        "arn": one["SubnetArn"],
        "availabilityZone": one["AvailabilityZone"],
        "availabilityZoneId": one["AvailabilityZoneId"],
        "availableIpAddressCount": one["AvailableIpAddressCount"],
        "cidrBlock": one["CidrBlock"],
        "mapPublicIpOnLaunch": one["MapPublicIpOnLaunch"],
        "ownerId": one["OwnerId"],
        "region": region,
        "state": one["State"],
        "tags": {tag["Key"]: tag["Value"] for tag in one.get("Tags", [])},
        "vpcId": one["VpcId"],
    }
