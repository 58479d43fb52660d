"""What carries bytes, inside and out: gateways, endpoints, balancers, names, and the network itself."""

from fourplane.cost.meters import HOURS, Meter, entries, first, meter


@meter("aws:ec2/natGateway:NatGateway")
def nat(m: Meter) -> None:
    m.hours("nat.hour")
    m.used("nat.gb", "nat_gigabytes")


@meter("aws:ec2/vpc:Vpc")
def network(m: Meter) -> None:
    """A network is free; bytes that leave it, or cross from zone to zone (paid at both ends), are not."""
    m.used("transfer.zone_gb", "zone_gigabytes", 2)
    m.used("transfer.internet_gb", "internet_gigabytes")


@meter("aws:ec2/vpcPeeringConnection:VpcPeeringConnection")
def peering(m: Meter) -> None:
    """Within a region both ends pay for what crosses zones, between regions the sender does."""
    away = m.text("peerRegion")
    if away and away != m.region:
        m.used("transfer.region_gb", "peering_gigabytes")
    else:
        m.used("transfer.zone_gb", "peering_gigabytes", 2)


@meter("aws:ec2/vpcEndpoint:VpcEndpoint")
def endpoint(m: Meter) -> None:
    if m.values.get("vpcEndpointType") in ("Gateway", None):
        m.free = "gateway endpoints cost nothing"
        return
    m.hours("endpoint.hour", len(m.values.get("subnetIds") or ()) or 1)
    m.used("endpoint.gb", "endpoint_gigabytes")


@meter("aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer")
def balancer(m: Meter) -> None:
    kind = "network_balancer" if m.values.get("loadBalancerType") in ("network", "gateway") else "balancer"
    m.hours(f"{kind}.hour")
    m.used(f"{kind}.unit", "balancer_units", HOURS)
    if m.values.get("internal") is not True:
        m.hours("ipv4.hour", len(m.values.get("subnets") or entries(m.values.get("subnetMappings"))) or 1)


@meter("aws:elb/loadBalancer:LoadBalancer")
def classic(m: Meter) -> None:
    m.hours("classic_balancer.hour")
    m.used("classic_balancer.gb", "nat_gigabytes")


@meter("aws:ec2transitgateway/vpcAttachment:VpcAttachment")
def attachment(m: Meter) -> None:
    m.hours("transit.hour")
    m.used("transit.gb", "peering_gigabytes")


@meter("aws:globalaccelerator/accelerator:Accelerator")
def accelerator(m: Meter) -> None:
    m.hours("accelerator.hour")
    m.used("accelerator.gb", "internet_gigabytes")


@meter("aws:route53/zone:Zone")
def zone(m: Meter) -> None:
    m.charge("dns.zone", 1)
    if not m.values.get("vpcs"):
        m.used("dns.million_queries", "dns_queries_millions")


@meter("aws:route53/healthCheck:HealthCheck")
def health(m: Meter) -> None:
    """One of AWS's own endpoints; each of https, a look at the text, speed and latency costs as an option."""
    m.charge("dns.health_check", 1)
    options = [
        m.text("type").startswith("HTTPS"),
        m.text("type").endswith("STR_MATCH"),
        m.number("requestInterval", 30) == 10,
        m.values.get("measureLatency") is True,
    ]
    m.charge("dns.health_option", sum(options))


@meter("aws:route53/resolverEndpoint:ResolverEndpoint")
def resolver(m: Meter) -> None:
    m.hours("resolver.hour", len(entries(m.values.get("ipAddresses"))) or 2)


@meter("aws:ec2/flowLog:FlowLog")
def flow(m: Meter) -> None:
    stored = m.values.get("logDestinationType") == "s3"
    m.used("logs.vended_s3_gb" if stored else "logs.vended_gb", "flow_gigabytes")


@meter("aws:cloudfront/distribution:Distribution")
def distribution(m: Meter) -> None:
    """Delivered as in the United States and Europe; functions run on every request that they are bound to."""
    if m.values.get("enabled") is False:
        m.free = "it is not enabled"
        return
    m.used("cdn.gb", "delivered_gigabytes")
    m.used("cdn.million_requests", "delivered_requests_millions")
    behaviours = [
        first(m.values.get("defaultCacheBehavior")),
        *entries(m.values.get("orderedCacheBehaviors")),
    ]
    if any(one.get("functionAssociations") for one in behaviours):
        m.used("cdn.million_functions", "delivered_requests_millions")
    if first(m.values.get("viewerCertificate")).get("sslSupportMethod") == "vip":
        m.charge("cdn.own_address", 1)


@meter("aws:wafv2/webAcl:WebAcl")
def firewall(m: Meter) -> None:
    rules = entries(m.values.get("rules"))
    m.charge("waf.acl", 1)
    m.charge("waf.rule", len(rules))
    m.used("waf.million_requests", "firewall_requests_millions")
    text = str(rules)
    if "AWSManagedRulesBotControlRuleSet" in text:
        m.charge("waf.bot_control", 1)
        m.used("waf.million_bot_requests", "firewall_requests_millions")


@meter("aws:route53/record:Record")
def record(m: Meter) -> None:
    m.free = "records cost nothing; what asks for them is counted at their zone"
