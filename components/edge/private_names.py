"""Names and TLS inside a network."""

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.edge.certificate import Certificate
from components.edge.load_balancer import Tls


class PrivateNamesArgs(ComponentArgs):
    domain: str
    """Domain of the names, inside one that is ours, another one for every network:
    "us-east-1.internal.shop.example.com"."""
    vpc_id: pulumi.Input[str]
    """Network that resolves them; nobody else does."""
    zone_id: pulumi.Input[str]
    """Public Route 53 zone of the domain around it (Domain.zone_id), where the certificate is proved."""


class PrivateNames(Component):
    """A zone that only one network sees, and a certificate for every name in it.

    Load balancers that are given `tls` get a name there, and TLS that their clients can verify:
    AutoScalingService("user", {**fleet, **names.tls}) is called at "user.<domain>:443".
    """

    zone_id: pulumi.Output[str]
    certificate_arn: pulumi.Output[str]

    def __init__(self, name: str, args: PrivateNamesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        domain = args["domain"]
        zone = aws.route53.Zone(
            name, name=domain, comment=name, vpcs=[{"vpc_id": args["vpc_id"]}], opts=self.child
        )
        certificate = Certificate(name, {"domain": domain, "zone_id": args["zone_id"]}, self.child)

        self.tls: Tls = {
            "certificate_arn": certificate.arn,
            "private_zone_id": zone.zone_id,
            "private_domain": domain,
        }
        self.zone_id = zone.zone_id
        self.certificate_arn = certificate.arn
        self.register_outputs({"zone_id": self.zone_id, "certificate_arn": self.certificate_arn})
