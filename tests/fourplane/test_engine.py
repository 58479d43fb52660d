"""Programs run as the Pulumi engine runs them: providers, regions, options, references, assets, functions."""

import json
import os
import sys

import pytest

from fourplane.errors import Failure, Mistake
from fourplane.preview import Preview

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"

COMPONENT = """
class Shop(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("shop:index:Shop", name, {}, opts)
        self.vpc = aws.ec2.Vpc(name, cidr_block="10.0.0.0/16", opts=pulumi.ResourceOptions(parent=self))
        self.vpc_id = self.vpc.id
        self.register_outputs({"vpcId": self.vpc_id})
"""


def test_keeps_what_a_resource_was_asked_for_and_what_it_stands_on(run):
    graph = run("""
        vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")
        aws.ec2.Subnet("a", vpc_id=vpc.id, cidr_block="10.0.1.0/24")
    """)
    vpc, subnet = graph.one(VPC), graph.one(SUBNET)
    assert subnet.inputs == {"vpcId": vpc.id, "cidrBlock": "10.0.1.0/24"}
    assert subnet.dependencies == [vpc.urn]
    assert subnet.property_dependencies["vpcId"] == [vpc.urn]
    assert subnet.declared_at == "__main__.py:4"


def test_urns_have_the_engines_form(run):
    graph = run(COMPONENT + 'Shop("s")')
    assert list(graph) == [
        "urn:pulumi:shop-dev::shop::shop:index:Shop::s",
        f"urn:pulumi:shop-dev::shop::shop:index:Shop${VPC}::s",
    ]


def test_components_register_their_outputs(run):
    graph = run(COMPONENT + 'Shop("s")')
    assert graph.one("shop:index:Shop").outputs == {"vpcId": graph.one(VPC).id}


def test_a_component_passes_its_provider_and_its_region_to_its_children(run):
    graph = run(
        COMPONENT
        + """
west = aws.Provider("west", region="us-west-2")
Shop("here")
Shop("there", pulumi.ResourceOptions(providers={"aws": west}))
Shop("alone", pulumi.ResourceOptions(provider=west))
"""
    )
    assert {r.name: r.region for r in graph.all(VPC)} == {
        "here": "us-east-1", "there": "us-west-2", "alone": "us-west-2",
    }  # fmt: skip
    assert graph.one("shop:index:Shop", "there").region == "us-west-2"
    assert graph.one(VPC, "there").provider.startswith(graph.one("pulumi:providers:aws").urn)


def test_a_component_inside_another_is_where_that_one_is(run):
    graph = run("""
class Part(pulumi.ComponentResource):
    def __init__(self, name, props, opts=None):
        super().__init__("shop:index:Part", name, props, opts)
Part("inner", {}, pulumi.ResourceOptions(parent=Part("outer", {"region": "eu-west-1"})))
""")
    assert {r.region for r in graph.values()} == {"eu-west-1"}


def test_the_region_of_a_resource_is_its_own_before_its_providers(run):
    graph = run("""
        west = aws.Provider("west", region="us-west-2")
        there = pulumi.ResourceOptions(provider=west)
        aws.ec2.Vpc("own", cidr_block="10.0.0.0/16", region="eu-west-1", opts=there)
    """)
    assert graph.one(VPC).region == "eu-west-1"


def test_the_default_region_is_the_stacks(run):
    graph = run('aws.ec2.Vpc("v", cidr_block="10.0.0.0/16")', settings="config: {'aws:region': ap-south-1}")
    assert graph.one(VPC).region == "ap-south-1"


def test_protection_reaches_children(run):
    graph = run(COMPONENT + 'Shop("s", pulumi.ResourceOptions(protect=True))')
    assert graph.one(VPC).protect


def test_keeps_the_other_options(run):
    graph = run("""
        first = aws.ec2.Vpc("first", cidr_block="10.0.0.0/16")
        aws.ec2.Vpc("v", cidr_block="10.1.0.0/16", opts=pulumi.ResourceOptions(
            aliases=[pulumi.Alias(name="old")], ignore_changes=["cidr_block"], retain_on_delete=True,
            delete_before_replace=True, deleted_with=first, replace_on_changes=["tags"], depends_on=[first],
            custom_timeouts=pulumi.CustomTimeouts(create="5m")))
    """)
    first = graph.one(VPC, "first").urn
    assert graph.one(VPC, "v").dependencies == [first]
    assert graph.one(VPC, "v").options == {
        "aliases": ["old"], "ignoreChanges": ["cidrBlock"], "replaceOnChanges": ["tags"],
        "deletedWith": first,
        "retainOnDelete": True, "deleteBeforeReplace": True, "customTimeouts": {"create": "5m"},
    }  # fmt: skip


def test_depending_on_a_component_is_depending_on_its_children(run):
    graph = run(
        COMPONENT
        + """
shop = Shop("s")
aws.ec2.Vpc("after", cidr_block="10.0.0.0/16", opts=pulumi.ResourceOptions(depends_on=[shop]))
"""
    )
    assert graph.one(VPC, "s").urn in graph.one(VPC, "after").dependencies


def test_gets_and_imports_are_read(run):
    graph = run("""
        got = aws.ec2.Vpc.get("got", "vpc-1")
        aws.ec2.Vpc("taken", cidr_block="10.0.0.0/16", opts=pulumi.ResourceOptions(import_="vpc-2"))
        pulumi.export("arn", got.arn)
    """)
    assert [r.id for r in graph.all(VPC)] == ["vpc-1", "vpc-2"]
    assert graph.outputs["arn"].startswith("arn:aws:ec2:us-east-1:123456789012:vpc/")


def test_a_resource_may_be_an_input_and_an_output(run):
    graph = run("""
        class Holder(pulumi.ComponentResource):
            def __init__(self, name, vpc):
                super().__init__("shop:index:Holder", name, {"vpc": vpc})
                self.register_outputs({"vpc": vpc})
        Holder("h", aws.ec2.Vpc("v", cidr_block="10.0.0.0/16"))
    """)
    holder = graph.one("shop:index:Holder").as_json()
    assert holder["inputs"]["vpc"] == holder["outputs"]["vpc"] == graph.one(VPC).id


def test_a_resource_can_be_found_by_its_urn(run):
    graph = run(
        COMPONENT
        + """
vpc = Shop("s").vpc
found = vpc.urn.apply(lambda urn: aws.ec2.Vpc("s", opts=pulumi.ResourceOptions(urn=urn)).cidr_block)
pulumi.export("cidr", found)
"""
    )
    assert graph.outputs["cidr"] == "10.0.0.0/16"


@pytest.mark.parametrize(
    ("asset", "shown"),
    [
        ('pulumi.FileAsset("page.html")', {"asset": "page.html"}),
        ('pulumi.StringAsset("hello")', {"asset": "hello"}),
        ('pulumi.RemoteAsset("https://example.com/x")', {"asset": "https://example.com/x"}),
        ('pulumi.FileArchive("site")', {"archive": "site"}),
        ('pulumi.RemoteArchive("https://example.com/x.zip")', {"archive": "https://example.com/x.zip"}),
        (
            'pulumi.AssetArchive({"a": pulumi.StringAsset("x"), "b": pulumi.FileArchive("site")})',
            {"archive": {"a": {"asset": "x"}, "b": {"archive": "site"}}},
        ),
    ],
)
def test_assets_and_archives_stay_what_they_are(run, asset, shown):
    graph = run(f'aws.s3.BucketObject("o", bucket="b", source={asset})')
    assert graph.one("aws:s3/bucketObject:BucketObject").as_json()["inputs"]["source"] == shown


def test_functions_are_answered_in_both_forms(run):
    graph = run("""
        pulumi.export("plain", aws.get_availability_zones().names)
        pulumi.export("output", aws.get_availability_zones_output().names)
    """)
    assert graph.outputs["plain"] == graph.outputs["output"]
    assert graph.outputs["plain"][:2] == ["us-east-1a", "us-east-1b"]


def test_a_function_is_asked_in_the_region_of_its_provider(run):
    graph = run(
        COMPONENT
        + """
west = aws.Provider("west", region="us-west-1")
shop = Shop("s", pulumi.ResourceOptions(providers=[west]))
pulumi.export("provider", aws.get_region(opts=pulumi.InvokeOptions(provider=west)).region)
pulumi.export("parent", aws.get_region(opts=pulumi.InvokeOptions(parent=shop)).region)
pulumi.export("own", aws.get_availability_zones(region="eu-west-1").names)
"""
    )
    assert (graph.outputs["provider"], graph.outputs["parent"]) == ("us-west-1", "us-west-1")
    assert graph.outputs["own"][0] == "eu-west-1a"


def test_programs_may_be_asynchronous(run):
    graph = run("""
        async def main():
            vpc = aws.ec2.Vpc("v", cidr_block="10.0.0.0/16")
            return {"id": vpc.id}
        pulumi.run(main)
    """)
    assert graph.outputs == {"id": graph.one(VPC).id}


def test_many_outputs_make_one(run):
    graph = run("""
        vpcs = [aws.ec2.Vpc(f"v{i}", cidr_block="10.0.0.0/16") for i in range(300)]
        pulumi.export("count", pulumi.Output.all(*[v.id for v in vpcs]).apply(lambda ids: len(set(ids))))
    """)
    assert graph.outputs == {"count": 300}


def test_two_runs_give_the_same_graph(run):
    program = (
        COMPONENT
        + """
pulumi.runtime.register_resource_transform(lambda args: None)
for i in range(20):
    Shop(f"s{i}")
pulumi.export("zones", aws.get_availability_zones_output().names)
"""
    )
    assert json.dumps(run(program).as_json()) == json.dumps(run(program).as_json())


def test_programs_leave_nothing_for_the_next_one(run):
    before = os.getcwd(), list(sys.path), list(sys.argv), dict(os.environ)
    leaky = """
        import os, sys, settings
        os.environ["LEFT"] = os.path.basename(sys.argv[0])
        sys.path.append("/left")
        pulumi.export("here", [settings.NAME, pulumi.get_stack(), os.path.exists("settings.py")])
        pulumi.export("told", pulumi.Config().get("told"))
    """
    first = run(leaky, settings="config: {shop:told: once}", **{"settings.py": "NAME = 'first'"})
    second = run(leaky, **{"settings.py": "NAME = 'second'"}, folder="other")
    assert first.outputs == {"here": ["first", "shop-dev", True], "told": "once"}
    assert second.outputs["here"] == ["second", "shop-dev", True]
    assert "told" not in second.outputs
    assert (os.getcwd(), list(sys.path), list(sys.argv), dict(os.environ)) == before


def test_what_a_program_prints_is_not_on_stdout(run, capfd):
    run('print("hello")')
    out, err = capfd.readouterr()
    assert (out, err) == ("", "hello\n")


def test_warnings_of_the_program_are_kept(run):
    assert run('pulumi.log.warn("old")').warnings == ["old"]


def test_deploying_demands_every_value_that_is_used(run):
    with pytest.raises(Mistake, match=r"subnets stands on an output that the cloud did not give.*vpc:Vpc::v"):
        run("""
            vpc = aws.ec2.Vpc("v", cidr_block="10.0.0.0/16")
            aws.lb.LoadBalancer("l", subnets=[vpc.tags_all["x"]])
        """)


def test_previewing_does_not(run):
    graph = run(
        """
        vpc = aws.ec2.Vpc("v", cidr_block="10.0.0.0/16")
        aws.lb.LoadBalancer("l", subnets=[vpc.tags_all["x"]])
        """,
        preview=True,
    )
    assert graph.one("aws:lb/loadBalancer:LoadBalancer").as_json()["inputs"]["subnets"] == ["<unknown>"]


def test_a_creator_that_fails_is_named_with_its_resource_and_line(run):
    class Refusing(Preview):
        def create(self, resource):
            if resource.name == "b":
                raise Failure("CreateVpc refused: VpcLimitExceeded: too many")
            return super().create(resource)

    with pytest.raises(Failure) as failure:
        run("""
            for name in "abc":
                aws.ec2.Vpc(name, cidr_block="10.0.0.0/16")
        """, cloud=Refusing())  # fmt: skip
    said = "shop-dev: __main__.py:4: aws:ec2/vpc:Vpc 'b': CreateVpc refused: VpcLimitExceeded: too many"
    assert str(failure.value) == said


def test_rejects_methods_which_need_the_provider(run):
    with pytest.raises(Failure, match="shop:index:Shop/open is a method of a resource"):
        run(COMPONENT + 'pulumi.runtime.call("shop:index:Shop/open", {}, Shop("s"))')
