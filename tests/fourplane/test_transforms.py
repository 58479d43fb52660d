"""Transforms run in the Pulumi engine's order: the resource's own, its parents', the stack's."""

import pytest

from fourplane.errors import Failure

VPC = "aws:ec2/vpc:Vpc"

SHOP = """
class Shop(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("shop:index:Shop", name, {}, opts)
        aws.ec2.Vpc(name, cidr_block="10.0.0.0/16", opts=pulumi.ResourceOptions(parent=self))

def tagging(value):
    def transform(args):
        if args.type_ != "aws:ec2/vpc:Vpc":
            return None
        tags = {"seen": (args.props.get("tags") or {}).get("seen", "") + value}
        return pulumi.ResourceTransformResult({**args.props, "tags": tags}, args.opts)
    return transform
"""


def seen(graph, name):
    return graph.one(VPC, name).inputs.get("tags", {}).get("seen")


def test_a_stack_transform_reaches_everything_after_it(run):
    graph = run(
        SHOP
        + """
Shop("before")
pulumi.runtime.register_resource_transform(tagging("s"))
Shop("after")
"""
    )
    assert (seen(graph, "before"), seen(graph, "after")) == (None, "s")


def test_transforms_run_from_the_resource_outwards(run):
    graph = run(
        SHOP
        + """
pulumi.runtime.register_resource_transform(tagging("s"))
Shop("shop", pulumi.ResourceOptions(transforms=[tagging("c")]))
aws.ec2.Vpc("alone", cidr_block="10.0.0.0/16", opts=pulumi.ResourceOptions(transforms=[tagging("r")]))
"""
    )
    assert (seen(graph, "shop"), seen(graph, "alone")) == ("cs", "rs")


def test_the_older_transformations_work_too(run):
    graph = run(
        SHOP
        + """
def tagged(args):
    if args.type_ == "aws:ec2/vpc:Vpc":
        return pulumi.ResourceTransformationResult({**args.props, "tags": {"seen": "t"}}, args.opts)
pulumi.runtime.register_stack_transformation(tagged)
Shop("s")
Shop("c", pulumi.ResourceOptions(transformations=[tagged]))
"""
    )
    assert (seen(graph, "s"), seen(graph, "c")) == ("t", "t")


def test_a_transform_may_change_options(run):
    graph = run(
        SHOP
        + """
first = aws.ec2.Vpc("first", cidr_block="10.0.0.0/16")
west = aws.Provider("west", region="us-west-2")
def guarded(args):
    if args.name != "s" or not args.custom:
        return None
    more = pulumi.ResourceOptions(protect=True, depends_on=[first], ignore_changes=["tags"], provider=west,
        aliases=[pulumi.Alias(name="old")], retain_on_delete=True)
    return pulumi.ResourceTransformResult(args.props, pulumi.ResourceOptions.merge(args.opts, more))
pulumi.runtime.register_resource_transform(guarded)
Shop("s")
"""
    )
    vpc = graph.one(VPC, "s")
    assert vpc.protect and vpc.region == "us-west-2"
    assert vpc.dependencies == [graph.one(VPC, "first").urn]
    assert vpc.options == {"ignoreChanges": ["tags"], "aliases": ["old"], "retainOnDelete": True}


def test_transforms_of_hundreds_of_resources_may_wait_for_outputs(run):
    graph = run("""
        async def later(args):
            tags = pulumi.Output.from_input("t").apply(lambda t: {"seen": t})
            return pulumi.ResourceTransformResult({**args.props, "tags": tags}, args.opts)
        pulumi.runtime.register_resource_transform(later)
        for i in range(400):
            aws.ec2.Vpc(f"v{i}", cidr_block="10.0.0.0/16")
    """)
    assert {seen(graph, r.name) for r in graph.values()} == {"t"} and len(graph) == 400


def test_a_transform_may_change_what_a_function_is_asked(run):
    graph = run("""
        def here(args):
            return pulumi.InvokeTransformResult({**args.args, "region": "eu-west-1"}, args.opts)
        pulumi.runtime.register_invoke_transform(here)
        pulumi.export("plain", aws.get_availability_zones().names)
        pulumi.export("output", aws.get_availability_zones_output().names)
    """)
    assert graph.outputs["plain"][0] == graph.outputs["output"][0] == "eu-west-1a"


def test_a_transform_that_raises_is_named_with_its_line_and_its_resource(run):
    with pytest.raises(Failure) as failure:
        run("""
            def broken(args):
                raise ValueError("no such tag")
            pulumi.runtime.register_resource_transform(broken)
            aws.ec2.Vpc("v", cidr_block="10.0.0.0/16")
        """)
    assert str(failure.value) == "shop-dev: __main__.py:4: aws:ec2/vpc:Vpc 'v': ValueError: no such tag"
