import json

import pytest

from components.access import connect
from components.service.auto_scaling_service import AutoScalingService
from components.state.dynamo_table import DynamoTable

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
KEY, THERE = (f"arn:aws:kms:{region}:123456789012:key/k" for region in ("us-east-1", "us-west-2"))
CARTS = {"key": {"partition": ("cart", "S"), "sort": ("line", "N")}}
INDEX = {"by-customer": {"partition": ("customer", "S"), "attributes": ["total"]}}
TABLE = "aws:dynamodb/table:Table"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"


def made(preview, **more):
    return preview(lambda: DynamoTable("carts", {**CARTS, **more}))


def grants(preview, **more):
    """What a service may do that has an arrow to it."""

    def program():
        table = DynamoTable("carts", {**CARTS, **more})
        connect(AutoScalingService("cart", {**PLACE, "image": "a:1", "port": 80}), table)

    graph = preview(program)
    policy = graph.one("aws:iam/rolePolicy:RolePolicy", "cart-to-carts").inputs["policy"]
    return graph, {one["Sid"]: one for one in json.loads(policy)["Statement"]}


def test_items_are_found_by_their_keys_and_those_of_the_indexes(preview):
    table = made(preview, indexes={**INDEX, "bare": {"partition": ("cart", "S"), "attributes": []}})
    inputs = table.one(TABLE).inputs
    assert (inputs["hashKey"], inputs["rangeKey"]) == ("cart", "line")
    types = {one["name"]: one["type"] for one in inputs["attributes"]}
    assert types == {"cart": "S", "line": "N", "customer": "S"}
    kept = {one["name"]: one["projectionType"] for one in inputs["globalSecondaryIndexes"]}
    assert kept == {"by-customer": "INCLUDE", "bare": "KEYS_ONLY"}


def test_it_is_encrypted_protected_and_can_be_restored(preview):
    table = made(preview, key_arn=KEY).one(TABLE)
    assert table.inputs["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": KEY}
    assert table.inputs["pointInTimeRecovery"] == {"enabled": True, "recoveryPeriodInDays": 35}
    assert table.inputs["deletionProtectionEnabled"] and table.protect
    gone = made(preview, disposable=True).one(TABLE)
    assert not gone.inputs["deletionProtectionEnabled"] and not gone.protect


def test_a_client_uses_items_by_their_keys_and_never_scans(preview):
    graph, allowed = grants(preview, indexes=INDEX, key_arn=KEY)
    arn = graph.one(TABLE).outputs["arn"]
    assert allowed["Items"]["Resource"] == arn
    assert {"dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"} < set(allowed["Items"]["Action"])
    assert not {"dynamodb:Scan", "dynamodb:DeleteTable"} & set(allowed["Items"]["Action"])
    assert (allowed["Indexes"]["Action"], allowed["Indexes"]["Resource"]) == (
        "dynamodb:Query",
        f"{arn}/index/*",
    )
    through = allowed["Key"]["Condition"]["StringEquals"]["kms:ViaService"]
    assert allowed["Key"]["Resource"] == KEY and through.startswith("dynamodb.")
    assert grants(preview)[1].keys() == {"Items"}


def test_a_client_is_let_out_to_dynamodb_alone_once_for_all_its_tables(preview):
    def program():
        cart = AutoScalingService("cart", {**PLACE, "image": "a:1", "port": 80})
        connect(cart, DynamoTable("carts", CARTS), DynamoTable("stock", CARTS))

    (rule,) = [one.inputs for one in preview(program).all(EGRESS) if "prefixListId" in one.inputs]
    assert (rule["fromPort"], rule["toPort"]) == (443, 443) and "cidrIpv4" not in rule


def test_a_load_that_is_known_is_paid_by_the_hour_and_followed(preview):
    assert made(preview).one(TABLE).inputs["billingMode"] == "PAY_PER_REQUEST"
    reads, writes = {"minimum": 10, "maximum": 100}, {"minimum": 5, "maximum": 50, "percent": 60}
    graph = made(preview, reads=reads, writes=writes, indexes=INDEX)
    inputs = graph.one(TABLE).inputs
    capacity = (inputs["billingMode"], inputs["readCapacity"], inputs["writeCapacity"])
    assert capacity == ("PROVISIONED", 10, 5)
    targets = graph.all("aws:appautoscaling/target:Target")
    assert len(targets) == 4
    assert {(one.inputs["scalableDimension"], one.inputs["maxCapacity"]) for one in targets} == {
        (f"dynamodb:{kind}:{way}CapacityUnits", most)
        for kind in ("table", "index")
        for way, most in (("Read", 100), ("Write", 50))
    }
    assert "readCapacity" in graph.one(TABLE).options["ignoreChanges"]


def test_it_is_warm_before_a_peak_with_its_indexes(preview):
    inputs = made(preview, warm_reads=40000, warm_writes=20000, indexes=INDEX).one(TABLE).inputs
    warm = {"readUnitsPerSecond": 40000, "writeUnitsPerSecond": 20000}
    assert inputs["warmThroughput"] == inputs["globalSecondaryIndexes"][0]["warmThroughput"] == warm


def test_other_regions_have_all_of_it_with_keys_of_their_own(preview):
    more = {"key_arn": KEY, "replicas": ["us-west-2"], "replica_key_arns": {"us-west-2": THERE}}
    graph = made(preview, **more)
    inputs = graph.one(TABLE).inputs
    (replica,) = inputs["replicas"]
    assert (replica["regionName"], replica["kmsKeyArn"]) == ("us-west-2", THERE)
    assert replica["pointInTimeRecovery"] and replica["deletionProtectionEnabled"]
    assert inputs["streamViewType"] == "NEW_AND_OLD_IMAGES"
    late = graph.one("aws:cloudwatch/metricAlarm:MetricAlarm", "carts-behind-us-west-2").inputs
    assert late["dimensions"]["ReceivingRegion"] == "us-west-2"


def test_whoever_follows_its_changes_reads_its_stream_alone(preview):
    found = {}

    def program():
        table = DynamoTable("carts", {**CARTS, "stream": True})
        found["arn"], found["changes"] = table.stream_arn, table.changes()

    preview(program)
    reading, listing = found["changes"]
    assert reading["Action"] == [
        f"dynamodb:{a}" for a in ("DescribeStream", "GetRecords", "GetShardIterator")
    ]
    assert reading["Resource"] is found["arn"] and listing["Action"] == "dynamodb:ListStreams"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"key": {"partition": ("cart", "text")}}, "key must be a name and one of S, N, B"),
        ({"indexes": {"i": {"partition": ("line", "S")}}}, "of the type that 'line' has elsewhere, N"),
        ({"indexes": {f"i{n}": {"partition": ("a", "S")} for n in range(21)}}, "at most 20 global indexes"),
        ({"reads": {"minimum": 1, "maximum": 2}}, "writes must be given where reads is"),
        ({"warm_reads": 500}, "warm_reads must be at least 12000"),
        ({"busiest_reads": 3001}, "busiest_reads must be at most 3000 read units a second of one partition"),
        ({"busiest_writes": 1001}, "busiest_writes must be at most 1000 write units"),
        ({"region": "us-west-2", "replicas": ["us-west-2"]}, "replicas must be different regions"),
        ({"key_arn": KEY, "replicas": ["us-west-2"]}, "one key for each of us-west-2"),
        ({"replica_key_arns": {"us-west-2": THERE}}, "no region, where key_arn is not given"),
    ],
)
def test_rejects_what_cannot_be(preview, more, said):
    with pytest.raises(Exception, match=said):
        made(preview, **more)
