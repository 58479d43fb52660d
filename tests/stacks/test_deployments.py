"""One deployment beside another."""


def test_deploying_twice_gives_the_same_graph(deploy_again):
    assert deploy_again("netflix-dev").as_json() == deploy_again("netflix-dev").as_json()


def test_another_region_has_a_network_of_its_own(deploy_again):
    graph = deploy_again("netflix-dev", "region=eu-west-1")
    zones = {r.inputs["availabilityZone"] for r in graph.all("aws:ec2/subnet:Subnet")}
    assert zones == {"eu-west-1a", "eu-west-1b", "eu-west-1c"}
