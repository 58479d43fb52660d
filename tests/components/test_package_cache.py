import json

import pytest

from components.control.eureka import Eureka
from components.control.package_cache import PackageCache
from fourplane.reach import reach
from fourplane.sandbox import moto_slots

KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-a"], "zones": ["us-east-1a"], "image": "tomcat:9"}
WAR = "com.netflix.eureka:eureka-server:1.10.17:war"


def servers(**more):
    def program():
        packages = PackageCache("packages", {"key_arn": KEY})
        Eureka("eureka", {**PLACE, **packages.artifact(WAR, **more)})

    return program


def settings(graph):
    data = graph.one("aws:ec2/launchTemplate:LaunchTemplate").inputs["userData"]
    text = moto_slots.files(data)["/etc/fourplane/artifact.env"]
    return dict(line.split("=", 1) for line in text.splitlines())


def test_packages_come_from_maven_central_and_are_encrypted_with_the_key(preview):
    graph = preview(lambda: PackageCache("packages", {"key_arn": KEY}))
    domain = graph.one("aws:codeartifact/domain:Domain").inputs
    assert domain["domain"] == "dev-packages" and domain["encryptionKey"] == KEY
    repository = graph.one("aws:codeartifact/repository:Repository").inputs
    assert repository["externalConnections"] == {"externalConnectionName": "public:maven-central"}


def test_a_machine_is_told_where_the_file_is_and_whose_token_it_needs(preview):
    told = settings(preview(servers()))
    assert told["OWNER"] == "123456789012"
    assert told["URL"] == (
        "https://dev-packages-123456789012.d.codeartifact.us-east-1.amazonaws.com/maven/packages"
        "/com/netflix/eureka/eureka-server/1.10.17/eureka-server-1.10.17.war"
    )
    assert told["SHA256"] == "" and told["FILE"] == "/opt/eureka/eureka.war"


def test_a_file_may_be_pinned_by_its_sum(preview):
    assert settings(preview(servers(sha256="a" * 64)))["SHA256"] == "a" * 64


def test_a_machine_may_read_the_cache_and_no_other(preview):
    graph = preview(servers())
    policy = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "eureka").inputs["policy"])
    statements = {one["Sid"]: one for one in policy["Statement"] if one["Sid"].startswith("Package")}
    domain = graph.one("aws:codeartifact/domain:Domain").outputs["arn"]
    repository = graph.one("aws:codeartifact/repository:Repository").outputs["arn"]
    assert statements["PackageToken"]["Resource"] == domain
    assert statements["Package"]["Resource"] == repository
    assert statements["PackageBearer"]["Condition"] == {
        "StringEquals": {"sts:AWSServiceName": "codeartifact.amazonaws.com"}
    }


def test_who_fetches_a_package_has_a_way_to_the_cache(preview):
    ways = {(way.by, way.at) for way in reach(preview(servers())) if way.target.endswith("::packages")}
    verbs = ("GetAuthorizationToken", "ReadFromRepository")
    assert ways == {("IAM", f"codeartifact:{verb}") for verb in verbs}


@pytest.mark.parametrize(
    "coordinates",
    ["eureka-server", "a:b:1.0", "a:b:LATEST:war", "a:b:[1,2):war", "../a:b:1:war", "a:b:1:war:c"],
)
def test_rejects_what_names_no_file_of_one_version(preview, coordinates):
    with pytest.raises(Exception, match="an artifact must be '<group>:<artifact>:<version>:<packaging>'"):
        preview(lambda: PackageCache("packages", {}).artifact(coordinates))


def test_rejects_a_sum_that_is_none(preview):
    with pytest.raises(Exception, match="sha256 must be 64 hexadecimal digits in lower case, got 'A1'"):
        preview(servers(sha256="A1"))


def test_rejects_a_name_that_is_too_long_for_a_domain(preview):
    with pytest.raises(Exception, match="the stack's name and its own must be at most 50"):
        preview(lambda: PackageCache("p" * 50, {}))
