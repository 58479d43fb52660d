"""Tables, queues and streams: what the state plane's components make, asked of the cloud itself."""

import json

import pulumi_aws as aws
import pytest

from components.access import connect
from components.control.encryption_key import EncryptionKey
from components.network import Network
from components.service.auto_scaling_service import AutoScalingService
from components.state.dynamo_table import DynamoTable
from components.state.event_stream import EventStream
from components.state.work_queue import WorkQueue
from fourplane.errors import Failure, Mistake
from tests.sandbox.machines import REGION

CARTS = {
    "key": {"partition": ("cart", "S"), "sort": ("line", "S")},
    "indexes": {"by-customer": {"partition": ("customer", "S"), "sort": ("changed", "N")}},
    "ttl": "gone",
    "stream": True,
}


def test_a_table_keeps_items_and_finds_them_by_its_index(deploy, cloud):
    name = deploy(lambda: DynamoTable("carts", CARTS)).one("fourplane:index:DynamoTable").outputs["address"]
    client = cloud.client("dynamodb", REGION)
    item = {"cart": {"S": "c"}, "line": {"S": "1"}, "customer": {"S": "ann"}, "changed": {"N": "7"}}
    client.put_item(TableName=name, Item=item)
    asked = {"KeyConditionExpression": "customer = :c", "ExpressionAttributeValues": {":c": {"S": "ann"}}}
    assert client.query(TableName=name, IndexName="by-customer", **asked)["Items"] == [item]
    found = client.describe_table(TableName=name)["Table"]
    assert found["SSEDescription"]["Status"] == "ENABLED" and found["DeletionProtectionEnabled"]
    assert found["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert (ttl["AttributeName"], ttl["TimeToLiveStatus"]) == ("gone", "ENABLED")
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_a_table_stands_in_each_of_its_regions_with_the_key_of_each(deploy, cloud):
    def program():
        key = EncryptionKey("key", {}).key_arn
        there = EncryptionKey("there", {"region": "us-west-2"}).key_arn
        replicas = {"replicas": ["us-west-2"], "replica_key_arns": {"us-west-2": there}}
        DynamoTable("carts", {"key": CARTS["key"], "key_arn": key, **replicas})

    graph = deploy(program)
    name = graph.one("fourplane:index:DynamoTable").outputs["table_name"]
    for region, key in ((REGION, "key"), ("us-west-2", "there")):
        found = cloud.client("dynamodb", region).describe_table(TableName=name)["Table"]
        assert found["SSEDescription"]["KMSMasterKeyArn"] == graph.one("aws:kms/key:Key", key).outputs["arn"]


def test_capacity_that_is_paid_by_the_hour_follows_the_load(deploy, cloud):
    units = {"minimum": 5, "maximum": 50}
    graph = deploy(lambda: DynamoTable("carts", {**CARTS, "reads": units, "writes": units}))
    name = graph.one("fourplane:index:DynamoTable").outputs["table_name"]
    scaling = cloud.client("application-autoscaling", REGION)
    targets = scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
    assert {(one["ResourceId"], one["MinCapacity"], one["MaxCapacity"]) for one in targets} == {
        (f"table/{name}", 5, 50),
        (f"table/{name}/index/by-customer", 5, 50),
    }
    assert len(scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"]) == 4


def test_rejects_an_attribute_that_is_in_no_key(deploy):
    def program():
        attributes = [{"name": "a", "type": "S"}, {"name": "b", "type": "S"}]
        aws.dynamodb.Table("t", hash_key="a", attributes=attributes, billing_mode="PAY_PER_REQUEST")

    with pytest.raises(Mistake, match="'attributes' must be those of the keys"):
        deploy(program)


def test_rejects_a_replica_without_a_stream(deploy):
    def program():
        aws.dynamodb.Table(
            "t",
            hash_key="a",
            attributes=[{"name": "a", "type": "S"}],
            billing_mode="PAY_PER_REQUEST",
            replicas=[{"region_name": "us-west-2"}],
        )

    with pytest.raises(Failure, match="a replica needs a stream of both images"):
        deploy(program)


def test_a_client_reaches_the_addresses_of_its_tables_service_once(deploy, cloud):
    def program():
        network = Network("net", {"zones": 2})
        web = AutoScalingService("web", {**network.private, "image": "a/b:1", "port": 80})
        connect(web, DynamoTable("carts", CARTS), DynamoTable("stock", CARTS))

    graph = deploy(program)
    rule = graph.one("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "web-to-dynamodb").inputs
    lists = cloud.client("ec2", REGION).describe_managed_prefix_lists()["PrefixLists"]
    names = {one["PrefixListId"]: one["PrefixListName"] for one in lists}
    assert names[rule["prefixListId"]] == f"com.amazonaws.{REGION}.dynamodb"
    assert (rule["fromPort"], rule["toPort"]) == (443, 443)


def test_what_fails_again_and_again_is_put_aside(deploy, cloud):
    made = deploy(lambda: WorkQueue("orders", {"work_seconds": 1, "attempts": 1}))
    outputs, sqs = made.one("fourplane:index:WorkQueue").outputs, cloud.client("sqs", REGION)
    url = outputs["queue_url"]
    asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert json.loads(asked["RedrivePolicy"])["deadLetterTargetArn"] == outputs["dead_letter_arn"]
    sqs.send_message(QueueUrl=url, MessageBody="order 1")
    given = {"QueueUrl": url, "VisibilityTimeout": 0, "WaitTimeSeconds": 0}
    assert len(sqs.receive_message(**given)["Messages"]) == 1
    assert "Messages" not in sqs.receive_message(**given)
    (found,) = sqs.receive_message(QueueUrl=outputs["dead_letter_url"], WaitTimeSeconds=0)["Messages"]
    assert found["Body"] == "order 1"


def test_an_ordered_queue_keeps_the_order_of_a_group(deploy, cloud):
    made = deploy(lambda: WorkQueue("orders", {"ordered": True}))
    outputs, sqs = made.one("fourplane:index:WorkQueue").outputs, cloud.client("sqs", REGION)
    assert outputs["queue_url"].endswith(".fifo") and outputs["dead_letter_url"].endswith(".fifo")
    for body in ("1", "2", "2"):
        sqs.send_message(QueueUrl=outputs["queue_url"], MessageBody=body, MessageGroupId="ann")
    found = sqs.receive_message(QueueUrl=outputs["queue_url"], MaxNumberOfMessages=10, WaitTimeSeconds=0)
    assert [one["Body"] for one in found["Messages"]] == ["1", "2"]


def test_a_stream_gives_back_what_was_put_in(deploy, cloud):
    def program():
        key = EncryptionKey("key", {}).key_arn
        EventStream("clicks", {"shards": 2, "kept_hours": 48, "key_arn": key, "fan_out": ["features"]})

    graph = deploy(program)
    outputs, kinesis = graph.one("fourplane:index:EventStream").outputs, cloud.client("kinesis", REGION)
    name = outputs["stream_name"]
    found = kinesis.describe_stream(StreamName=name)["StreamDescription"]
    assert (found["RetentionPeriodHours"], len(found["Shards"])) == (48, 2)
    assert (found["EncryptionType"], found["KeyId"]) == ("KMS", graph.one("aws:kms/key:Key").outputs["arn"])
    shard = kinesis.put_record(StreamName=name, Data=b"click", PartitionKey="ann")["ShardId"]
    start = kinesis.get_shard_iterator(StreamName=name, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    assert kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"][0]["Data"] == b"click"
    (reader,) = kinesis.list_stream_consumers(StreamARN=outputs["arn"])["Consumers"]
    assert outputs["consumer_arns"] == {"features": reader["ConsumerARN"]}
