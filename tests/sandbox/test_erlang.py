"""A region's Erlang cluster, as the cloud has it."""

from components.access import connect
from components.network import Network
from components.service.chat_servers import ChatServers
from components.state.mnesia_database import MnesiaDatabase
from tests.sandbox.machines import REGION, running

ON = {"domain": "na.chat.example.com", "packages_url": "https://packages.s3.us-east-1.amazonaws.com"}


def region():
    network = Network("network", {"zones": 2})
    database = MnesiaDatabase("users", {**network.data, **ON, "disposable": True})
    size = {"connections_per_server": 10_000, "instance_type": "m7g.large", "proxies": 2}
    chat = ChatServers("chat", {**network.data, **ON, **database.cluster, **size})
    connect(chat, database, network.endpoints)
    connect(database, network.endpoints)


def test_machines_have_the_addresses_of_their_slots_and_chat_servers_no_disk(deploy, cloud):
    graph = deploy(region)
    fixed = {one.name: one.id for one in graph.all("aws:ec2/networkInterface:NetworkInterface")}
    disks = {one.name: one.id for one in graph.all("aws:ebs/volume:Volume")}
    found = {}
    for machine in running(cloud):
        name = next(tag["Value"] for tag in machine["Tags"] if tag["Key"] == "Name")
        second = next(n for n in machine["NetworkInterfaces"] if n["Attachment"]["DeviceIndex"] == 1)
        held = {disk["Ebs"]["VolumeId"] for disk in machine["BlockDeviceMappings"]} & {*disks.values()}
        found[name] = second["NetworkInterfaceId"], held
    assert found == {name: (id, {disks[name]} if name in disks else set()) for name, id in fixed.items()}
    assert disks.keys() == {"users-a0", "users-b0"} and len(found) == 4


def test_a_chat_server_that_ends_is_waited_for(deploy, cloud):
    graph = deploy(region)
    scaling = cloud.client("autoscaling", REGION)
    for group in graph.all("aws:autoscaling/group:Group"):
        hooks = scaling.describe_lifecycle_hooks(AutoScalingGroupName=group.id)["LifecycleHooks"]
        said = [(one["LifecycleHookName"], one["HeartbeatTimeout"], one["DefaultResult"]) for one in hooks]
        assert said == ([("drain", 900, "CONTINUE")] if group.name.startswith("chat") else [])


def test_programs_are_in_the_bucket(deploy, cloud):
    graph = deploy(region)
    for one in graph.all("aws:s3/bucketObjectv2:BucketObjectv2"):
        place = {"Bucket": one.inputs["bucket"], "Key": one.inputs["key"]}
        body = cloud.client("s3", REGION).get_object(**place)["Body"].read()
        assert body.startswith(b"\x1f\x8b")
