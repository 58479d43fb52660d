"""Route 53: networks that records are answered by, which moto does not have: checked and simulated."""

import ipaddress

from fourplane.errors import Mistake
from fourplane.sandbox.creator import Made, New, creates


@creates("aws:route53/cidrCollection:CidrCollection")
def cidr_collection(new: New) -> Made:
    name = new.name_within(64)
    new.simulate("route53", "create_cidr_collection", {"Name": name, "CallerReference": new.hash(26)})
    arn = f"arn:aws:route53:::cidrcollection/{new.uuid}"
    return new.uuid, {"arn": arn, "name": name, "version": 1}


@creates("aws:route53/cidrLocation:CidrLocation")
def cidr_location(new: New) -> Made:
    blocks = [str(block) for block in new["cidrBlocks"]]
    for block in blocks:
        network = ipaddress.ip_network(block)
        longest = 24 if network.version == 4 else 48
        if network.prefixlen > longest:
            raise Mistake(f"Route 53 takes networks of /{longest} or wider, got {block}")
    change = {"LocationName": new["name"], "Action": "PUT", "CidrList": blocks}
    request = {"Id": new["cidrCollectionId"], "Changes": [change]}
    new.simulate("route53", "change_cidr_collection", request)
    return f"{new['cidrCollectionId']},{new['name']}", {}
