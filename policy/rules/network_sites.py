"""What is not meant to be reached cannot be reached: CloudFront."""

from policy.documents import listed
from policy.resource import Resource, Stack, at
from policy.rule import HIGH, MEDIUM, Complaints, rule

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
BUCKET = "aws:s3/bucket:Bucket"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
READS = {"GET", "HEAD", "OPTIONS"}


def behaviours(site: Resource) -> list[object]:
    return [site["defaultCacheBehavior"], *site.many("orderedCacheBehaviors")]


@rule(
    DISTRIBUTION,
    severity=HIGH,
    frameworks=("FSBP CloudFront.3", "CKV_AWS_34", "CKV_AWS_174", "AwsSolutions-CFR4"),
    mend="set viewerProtocolPolicy to redirect-to-https or https-only, and minimumProtocolVersion to "
    "TLSv1.2_2021",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/cloudfront-controls.html#cloudfront-3",
)
def a_site_is_read_over_tls_1_2_only(site: Resource) -> Complaints:
    """What is said in the clear, or with TLS of 1999, can be read and changed on its way."""
    for one in behaviours(site):
        if at(one, "viewerProtocolPolicy") not in ("redirect-to-https", "https-only"):
            yield f"serves {at(one, 'pathPattern') or 'the rest'} in the clear"
    oldest = str(
        site["viewerCertificate.minimumProtocolVersion"]
    )  # AWS's rule for its own certificate is fixed
    if site["aliases"] and not oldest.startswith(("TLSv1.2_", "TLSv1.3_")):
        yield "takes TLS older than 1.2"


@rule(
    DISTRIBUTION,
    severity=HIGH,
    frameworks=("FSBP CloudFront.9", "FSBP CloudFront.10", "AwsSolutions-CFR5", "CKV2_AWS_72"),
    mend="set originProtocolPolicy to https-only and originSslProtocols to TLSv1.2",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/cloudfront-controls.html#cloudfront-9",
)
def a_site_speaks_tls_with_its_origin(site: Resource) -> Complaints:
    """The second half of the way is as long as the first, and the reader does not see that it is open."""
    for one in site.many("origins"):
        if custom := at(one, "customOriginConfig"):
            old = {*listed(at(custom, "originSslProtocols"))} - {"TLSv1.2", "TLSv1.3"}
            if at(custom, "originProtocolPolicy") != "https-only" or old:
                yield f"speaks with origin '{at(one, 'originId')}' in the clear, or with old TLS"


@rule(
    DISTRIBUTION,
    severity=MEDIUM,
    frameworks=("FSBP CloudFront.6", "CKV_AWS_68", "AwsSolutions-CFR2"),
    mend="set webAclId to the ARN of an aws.wafv2.WebAcl of scope CLOUDFRONT",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/cloudfront-controls.html#cloudfront-6",
)
def a_site_has_a_firewall(site: Resource, stack: Stack) -> Complaints:
    """At the edge a flood of requests costs nothing yet; behind it, it costs the service.

    What only stands behind another distribution is guarded by that one's.
    """
    if not site["webAclId"] and not stack.users(site, "origins", DISTRIBUTION):
        yield "has no web ACL"


@rule(
    DISTRIBUTION,
    severity=HIGH,
    frameworks=("FSBP CloudFront.13", "CKV2_AWS_46", "AwsSolutions-CFR7"),
    mend="give the origin an aws.cloudfront.OriginAccessControl and the bucket's own address, and let the "
    "bucket's policy admit only this distribution",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/cloudfront-controls.html#cloudfront-13",
)
def a_site_reads_a_bucket_under_its_own_name(site: Resource) -> Complaints:
    """A bucket that does not know its reader must be open to all, and serves them past the firewall."""
    for one in site.many("origins"):
        custom = at(one, "customOriginConfig")
        if custom and ".s3-website" in str(at(one, "domainName")):
            yield f"reads '{at(one, 'originId')}' as a web site of S3, which is open to all"
        if not (custom or at(one, "vpcOriginConfig") or at(one, "originAccessControlId")):
            yield f"reads '{at(one, 'originId')}' without origin access control"


@rule(
    DISTRIBUTION,
    severity=MEDIUM,
    frameworks=("FSBP CloudFront.4", "CKV_AWS_310", "WA REL10-BP01"),
    mend="let targetOriginId be an origin group, whose second member is a copy or holds static pages",
    url="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/high_availability_origin_failover.html",
    themes=("resilience",),
)
def each_read_behaviour_has_a_second_origin(site: Resource, stack: Stack) -> Complaints:
    """Where the origin fails, readers get an error though a copy could answer: only reads can fail over.

    A bucket survives its zones by itself, so it needs a second one only where it has a copy already.
    """
    groups = {at(one, "originId") for one in site.many("originGroups")}
    for one in behaviours(site):
        reads = READS.issuperset(listed(at(one, "allowedMethods")))
        if reads and (origin := at(one, "targetOriginId")) not in groups and _can_fail(site, origin, stack):
            yield f"reads {at(one, 'pathPattern') or 'the rest'} from one origin, and fails with it"


def _can_fail(site: Resource, origin: object, stack: Stack) -> bool:
    """Whether an origin is a server, or a bucket that is copied elsewhere."""
    of_it = [one for one in site.many("origins") if at(one, "originId") == origin]
    if any(at(one, "customOriginConfig") or at(one, "vpcOriginConfig") for one in of_it):
        return True
    buckets = [one for one in stack.behind(site, "origins", BUCKET) if _serves(one, of_it)]
    return any(stack.users(bucket, "bucket", REPLICATION) for bucket in buckets)


def _serves(bucket: Resource, origins: list[object]) -> bool:
    own = {bucket["bucketRegionalDomainName"], bucket["bucketDomainName"]}
    return any(at(one, "domainName") in own for one in origins)
