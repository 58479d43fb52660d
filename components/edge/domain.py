"""The name under which a stack is found."""

import re
from collections.abc import Sequence
from typing import NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.control.encryption_key import ADMINISTRATION
from components.edge.certificate import Certificate
from components.edge.firewall import GLOBAL_REGION
from components.logs import log_group
from components.policies import account_of, policy

NAME = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}")
SIGNING = ("DescribeKey", "GetPublicKey", "Sign")


class DomainArgs(ComponentArgs):
    domain: str
    """The domain, in lower case: "shop.example.com". Whoever has the zone above it delegates it once, to
    `name_servers`, and may put `ds_record` beside."""
    log_retention_days: NotRequired[int]
    """Days that the log of DNS queries is kept, one of logs.RETENTION_DAYS. Default 365."""
    disposable: NotRequired[bool]
    """Whether the zone may be deleted with the stack, with what others put in it. Default False: a new zone
    would have other name servers."""


class Domain(Component):
    """A public zone that is signed and logged, in which only Amazon may issue certificates, and CloudFront's.

    Its certificate is issued once the domain is delegated: a deployment waits up to 75 minutes for that.
    """

    zone_id: pulumi.Output[str]
    name_servers: pulumi.Output[Sequence[str]]
    """What the zone above has as this domain's NS record."""
    ds_record: pulumi.Output[str]
    """What the zone above has as this domain's DS record, so that resolvers can tell a forged answer."""
    certificate_arn: pulumi.Output[str]
    """Certificate of the domain and its wildcard in us-east-1, where CloudFront looks."""
    proof: pulumi.Output[str]
    """The record that proves the domain, for its certificates in other regions."""

    def __init__(self, name: str, args: DomainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        domain = args["domain"]
        if len(domain) > 190 or not NAME.fullmatch(domain):
            self.reject("domain", domain, "a domain in lower case, such as 'shop.example.com'")
        disposable = args.get("disposable", False)
        kept = pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(protect=not disposable))

        zone = aws.route53.Zone(name, name=domain, comment=name, force_destroy=disposable, opts=kept)
        aws.route53.Record(
            f"{name}-issuers",
            zone_id=zone.zone_id,
            name=domain,
            type="CAA",
            ttl=3600,
            # https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html
            records=['0 issue "amazon.com"'],
            opts=self.child,
        )
        key = self._signing_key(zone, kept)
        signing = aws.route53.KeySigningKey(
            name,
            name="fourplane",
            hosted_zone_id=zone.id,
            key_management_service_arn=key.arn,
            opts=self.child,
        )
        aws.route53.HostedZoneDnsSec(name, hosted_zone_id=signing.hosted_zone_id, opts=self.child)
        self._query_log(zone, domain, args.get("log_retention_days", 365))
        certificate = Certificate(
            name, {"domain": domain, "zone_id": zone.zone_id, "region": GLOBAL_REGION}, self.child
        )

        self.zone_id = zone.zone_id
        self.name_servers = zone.name_servers
        self.ds_record = signing.ds_record
        self.certificate_arn = certificate.arn
        self.proof = certificate.proof
        self.register_outputs(
            {
                "zone_id": self.zone_id,
                "name_servers": self.name_servers,
                "ds_record": self.ds_record,
                "certificate_arn": self.certificate_arn,
                "proof": self.proof,
            }
        )

    def _signing_key(self, zone: aws.route53.Zone, kept: pulumi.ResourceOptions) -> aws.kms.Key:
        """A key as https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-configuring-dnssec-cmk-requirements.html
        wants it."""
        invoke = pulumi.InvokeOutputOptions(parent=self)
        account = aws.get_caller_identity_output(opts=invoke).account_id
        partition = aws.get_partition_output(opts=invoke).partition
        service = {"Service": "dnssec-route53.amazonaws.com"}
        return aws.kms.Key(
            self.name,
            region=GLOBAL_REGION,
            description=f"Signs the DNS answers of {self.name}",
            key_usage="SIGN_VERIFY",
            customer_master_key_spec="ECC_NIST_P256",
            deletion_window_in_days=30,
            policy=policy(
                [
                    {
                        # Without it nobody could ever change the key again: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
                        "Sid": "Account",
                        "Effect": "Allow",
                        "Principal": {"AWS": pulumi.Output.format("arn:{}:iam::{}:root", partition, account)},
                        "Action": [
                            f"kms:{action}" for action in (*ADMINISTRATION, "CreateGrant", *SIGNING[1:])
                        ],
                        "Resource": "*",
                    },
                    {
                        "Sid": "Sign",
                        "Effect": "Allow",
                        "Principal": service,
                        "Action": [f"kms:{action}" for action in SIGNING],
                        "Resource": "*",
                        "Condition": {
                            "StringEquals": {"aws:SourceAccount": account},
                            "ArnEquals": {"aws:SourceArn": zone.arn},
                        },
                    },
                    {
                        "Sid": "Grant",
                        "Effect": "Allow",
                        "Principal": service,
                        "Action": "kms:CreateGrant",
                        "Resource": "*",
                        "Condition": {"Bool": {"kms:GrantIsForAWSResource": True}},
                    },
                ]
            ),
            opts=kept,
        )

    def _query_log(self, zone: aws.route53.Zone, domain: str, days: int) -> None:
        """Route 53 writes to us-east-1 only, and to a group that a policy of the region's opens to it."""
        name = self.name
        group = log_group(self, name, group_name=f"/aws/route53/{domain}", days=days, region=GLOBAL_REGION)
        opened = aws.cloudwatch.LogResourcePolicy(
            name,
            policy_name=f"{pulumi.get_stack()}-{name}",
            policy_document=policy(
                [
                    {
                        "Sid": "Queries",
                        "Effect": "Allow",
                        "Principal": {"Service": "route53.amazonaws.com"},
                        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                        "Resource": pulumi.Output.format("{}:*", group.arn),
                        "Condition": {
                            "StringEquals": {"aws:SourceAccount": account_of(group.arn)},
                            "ArnEquals": {"aws:SourceArn": zone.arn},
                        },
                    }
                ]
            ),
            region=GLOBAL_REGION,
            opts=self.child,
        )
        aws.route53.QueryLog(
            name,
            zone_id=zone.zone_id,
            cloudwatch_log_group_arn=group.arn,
            opts=pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(depends_on=[opened])),
        )
