"""A certificate that renews itself."""

from typing import NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs


class CertificateArgs(ComponentArgs):
    domain: str
    """The name that it is for, and every name one label under it: "example.com" and "*.example.com"."""
    zone_id: NotRequired[pulumi.Input[str]]
    """Public Route 53 zone that gets the record which proves that the domain is ours. Default: `proof`
    stands already."""
    proof: NotRequired[pulumi.Input[str]]
    """Name of that record, where another certificate for the same domain made it (Certificate.proof): ACM
    asks for one and the same in every region of an account, and for the wildcard too. Default: it is made
    in `zone_id`."""


class Certificate(Component):
    """An ACM certificate for a domain and its wildcard, proved by DNS, and there only once it is issued.

    A public certificate is renewed by ACM while its record stands
    (https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html).
    """

    arn: pulumi.Output[str]
    proof: pulumi.Output[str]
    """Name of the record that proves the domain."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        domain = args["domain"]
        if domain.startswith("*."):
            self.reject("domain", domain, "without '*.', which is covered anyway")
        if ("zone_id" in args) == ("proof" in args):
            given = "both" if "proof" in args else "neither"
            self.reject("zone_id and proof", given, "given one without the other")

        certificate = aws.acm.Certificate(
            name,
            domain_name=domain,
            subject_alternative_names=[f"*.{domain}"],
            validation_method="DNS",
            key_algorithm="EC_prime256v1",  # what CloudFront takes from an origin, and gives to viewers, too
            options={"certificate_transparency_logging_preference": "ENABLED"},
            tags={"Name": domain},
            opts=self.child,
        )
        if "zone_id" in args:
            wanted = certificate.domain_validation_options[0]
            record = aws.route53.Record(
                name,
                zone_id=args["zone_id"],
                name=wanted.resource_record_name,
                type=wanted.resource_record_type,
                records=[wanted.resource_record_value],
                ttl=300,
                opts=self.child,
            )
            self.proof = record.fqdn
        else:
            self.proof = pulumi.Output.from_input(args.get("proof", ""))
        issued = aws.acm.CertificateValidation(
            name,
            certificate_arn=certificate.arn,
            validation_record_fqdns=[self.proof],
            opts=self.child,
        )

        self.arn = issued.certificate_arn
        self.register_outputs({"arn": self.arn, "proof": self.proof})
