"""Networks: what AWS makes with them, and the ways out."""

import pulumi_aws as aws

from tests.sandbox.machines import REGION, network


def outputs(graph, type: str) -> dict:
    return graph.one(type).outputs


def test_a_vpc_names_what_came_with_it(deploy, cloud):
    made = outputs(deploy(lambda: network("a")), "aws:ec2/vpc:Vpc")
    ec2 = cloud.client("ec2", REGION)
    here = [{"Name": "vpc-id", "Values": [made["arn"].split("/")[1]]}]
    assert (
        made["mainRouteTableId"] == ec2.describe_route_tables(Filters=here)["RouteTables"][0]["RouteTableId"]
    )
    assert (
        made["defaultNetworkAclId"]
        == ec2.describe_network_acls(Filters=here)["NetworkAcls"][0]["NetworkAclId"]
    )
    assert (
        made["defaultSecurityGroupId"]
        == ec2.describe_security_groups(Filters=here)["SecurityGroups"][0]["GroupId"]
    )


def test_a_vpc_resolves_host_names_when_asked(deploy, cloud):
    id = (
        deploy(lambda: aws.ec2.Vpc("it", cidr_block="10.0.0.0/16", enable_dns_hostnames=True))
        .one("aws:ec2/vpc:Vpc")
        .id
    )
    answer = cloud.client("ec2", REGION).describe_vpc_attribute(VpcId=id, Attribute="enableDnsHostnames")
    assert answer["EnableDnsHostnames"]["Value"] is True


def test_a_public_subnet_gives_public_addresses(deploy, cloud):
    def program():
        vpc = aws.ec2.Vpc("it", cidr_block="10.0.0.0/16")
        aws.ec2.Subnet("it", vpc_id=vpc.id, cidr_block="10.0.0.0/24", map_public_ip_on_launch=True)

    id = deploy(program).one("aws:ec2/subnet:Subnet").id
    assert cloud.client("ec2", REGION).describe_subnets(SubnetIds=[id])["Subnets"][0]["MapPublicIpOnLaunch"]


def test_a_private_subnet_reaches_out_through_a_gateway_with_an_address_of_its_own_subnet(deploy, cloud):
    def program():
        vpc, subnets = network("a")
        out = aws.ec2.NatGateway("it", allocation_id=aws.ec2.Eip("it").id, subnet_id=subnets[0].id)
        table = aws.ec2.RouteTable("it", vpc_id=vpc.id)
        aws.ec2.Route(
            "it", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", nat_gateway_id=out.id
        )
        aws.ec2.RouteTableAssociation("it", route_table_id=table.id, subnet_id=subnets[0].id)

    graph = deploy(program)
    nat = graph.one("aws:ec2/natGateway:NatGateway")
    table = cloud.client("ec2", REGION).describe_route_tables(
        RouteTableIds=[graph.one("aws:ec2/routeTable:RouteTable").id]
    )["RouteTables"][0]
    assert nat.id in [route.get("NatGatewayId") for route in table["Routes"]]
    assert table["Associations"][0]["SubnetId"] == graph.one("aws:ec2/subnet:Subnet").id
    assert nat.outputs["privateIp"].startswith("10.0.0.")
    assert nat.outputs["publicIp"] == outputs(graph, "aws:ec2/eip:Eip")["publicIp"]


def test_a_route_table_keeps_its_inline_routes_and_can_become_the_main_one(deploy, cloud):
    def program():
        vpc = aws.ec2.Vpc("it", cidr_block="10.0.0.0/16")
        gateway = aws.ec2.InternetGateway("it", vpc_id=vpc.id)
        route = {"cidr_block": "0.0.0.0/0", "gateway_id": gateway.id}
        table = aws.ec2.RouteTable("it", vpc_id=vpc.id, routes=[route])
        aws.ec2.MainRouteTableAssociation("it", vpc_id=vpc.id, route_table_id=table.id)

    graph = deploy(program)
    id = graph.one("aws:ec2/routeTable:RouteTable").id
    table = cloud.client("ec2", REGION).describe_route_tables(RouteTableIds=[id])["RouteTables"][0]
    assert table["Routes"][1]["GatewayId"] == graph.one("aws:ec2/internetGateway:InternetGateway").id
    assert [a["Main"] for a in table["Associations"]] == [True]


def test_a_gateway_endpoint_routes_to_the_services_prefix_list(deploy, cloud):
    def program():
        vpc = aws.ec2.Vpc("it", cidr_block="10.0.0.0/16")
        name = f"com.amazonaws.{REGION}.s3"
        tables = [vpc.main_route_table_id]
        aws.ec2.VpcEndpoint("it", vpc_id=vpc.id, service_name=name, route_table_ids=tables)

    made = outputs(deploy(program), "aws:ec2/vpcEndpoint:VpcEndpoint")
    lists = cloud.client("ec2", REGION).describe_prefix_lists(PrefixListIds=[made["prefixListId"]])[
        "PrefixLists"
    ]
    assert lists[0]["PrefixListName"] == f"com.amazonaws.{REGION}.s3"


def test_an_interface_endpoint_stands_in_its_subnets_behind_its_groups(deploy, cloud):
    def program():
        vpc, subnets = network("ab")
        aws.ec2.VpcEndpoint(
            "it",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{REGION}.ssm",
            vpc_endpoint_type="Interface",
            subnet_ids=[subnet.id for subnet in subnets],
            security_group_ids=[aws.ec2.SecurityGroup("it", vpc_id=vpc.id).id],
            private_dns_enabled=True,
        )

    graph = deploy(program)
    made = outputs(graph, "aws:ec2/vpcEndpoint:VpcEndpoint")
    found = cloud.client("ec2", REGION).describe_network_interfaces(
        NetworkInterfaceIds=made["networkInterfaceIds"]
    )
    group = graph.one("aws:ec2/securityGroup:SecurityGroup").id
    assert {i["PrivateIpAddress"].rsplit(".", 1)[0] for i in found["NetworkInterfaces"]} == {
        "10.0.0",
        "10.0.1",
    }
    assert all(i["Groups"][0]["GroupId"] == group for i in found["NetworkInterfaces"])
    names = [entry["dnsName"] for entry in made["dnsEntries"]]
    assert names[0].endswith(f".ssm.{REGION}.vpce.amazonaws.com") and f"ssm.{REGION}.amazonaws.com" in names


def test_two_regions_are_peered(deploy, cloud):
    def program():
        here = aws.ec2.Vpc("here", cidr_block="10.0.0.0/16")
        there = aws.ec2.Vpc("there", cidr_block="10.1.0.0/16", region="us-west-2")
        peering = aws.ec2.VpcPeeringConnection(
            "it", vpc_id=here.id, peer_vpc_id=there.id, peer_region="us-west-2"
        )
        aws.ec2.VpcPeeringConnectionAccepter(
            "it", vpc_peering_connection_id=peering.id, auto_accept=True, region="us-west-2"
        )

    deploy(program)
    found = cloud.client("ec2", "us-west-2").describe_vpc_peering_connections()["VpcPeeringConnections"]
    assert found[0]["Status"]["Code"] == "active"


def test_a_flow_log_watches_its_vpc(deploy, cloud):
    def program():
        role = aws.iam.Role("it", assume_role_policy={"Version": "2012-10-17", "Statement": []})
        logs = aws.cloudwatch.LogGroup("it")
        vpc = aws.ec2.Vpc("it", cidr_block="10.0.0.0/16")
        aws.ec2.FlowLog(
            "it", vpc_id=vpc.id, traffic_type="ALL", iam_role_arn=role.arn, log_destination=logs.arn
        )

    graph = deploy(program)
    found = cloud.client("ec2", REGION).describe_flow_logs()["FlowLogs"][0]
    assert found["ResourceId"] == graph.one("aws:ec2/vpc:Vpc").id and found["TrafficType"] == "ALL"


def test_interfaces_in_a_subnet_have_addresses_of_their_own(deploy, cloud):
    def program():
        subnet = network("a")[1][0]
        for i in range(20):
            aws.ec2.NetworkInterface(f"it-{i}", subnet_id=subnet.id)

    made = deploy(program).all("aws:ec2/networkInterface:NetworkInterface")
    addresses = {interface.outputs["privateIp"] for interface in made}
    assert len(addresses) == 20 and all(int(a.rsplit(".", 1)[1]) > 3 for a in addresses)
