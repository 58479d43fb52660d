"""The real script, with the real AWS CLI, against an emulator; only the disk itself is a stand-in."""

import shutil
import time

import pytest

from components.machine import BOOT

SCRIPT, USE = BOOT / "claim-slot.sh", BOOT / "use-slot.linux.sh"


@pytest.fixture(autouse=True)
def cli(program):
    program("aws", "awscli")


@pytest.fixture
def ec2(client):
    return client("ec2")


@pytest.fixture
def launch(ec2):
    """launch(): a new instance in the zone of the slot."""

    def launch():
        zone = {"AvailabilityZone": "us-east-1a"}
        instances = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, Placement=zone)[
            "Instances"
        ]
        return instances[0]["InstanceId"]

    return launch


@pytest.fixture
def slot(ec2):
    """An address and a disk, free."""
    subnets = ec2.describe_subnets(Filters=[{"Name": "availability-zone", "Values": ["us-east-1a"]}])[
        "Subnets"
    ]
    interface = ec2.create_network_interface(SubnetId=subnets[0]["SubnetId"])["NetworkInterface"]
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=8)["VolumeId"]
    return {
        "AWS_REGION": "us-east-1",
        "NETWORK_INTERFACE_ID": interface["NetworkInterfaceId"],
        "VOLUME_ID": volume,
        "DEVICE": "/dev/sdf",
        "ADDRESS": interface["PrivateIpAddress"],
        "DATA_OWNER": "999:999",
    }


@pytest.fixture
def claim(machine, slot):
    """claim(instance): the script's environment and arguments, as on that instance."""
    disks = machine.root / "disks"
    disks.mkdir()
    (disks / f"nvme-Amazon_Elastic_Block_Store_{slot['VOLUME_ID'].replace('-', '')}").touch()
    slot["MOUNT_POINT"] = str(machine.root / "data")
    (machine.root / "slot.env").write_text("".join(f"{key}={value}\n" for key, value in slot.items()))
    machine.stand_in("use-slot", f"exec bash {USE}")
    for command in ("mkfs.xfs", "mount", "xfs_growfs", "chown"):
        machine.stand_in(command)
    machine.stand_in("mountpoint", "exit 1")
    machine.stand_in("blkid", "exit 2")
    machine.stand_in("ip", f"echo '3: ens6 inet 10.0.0.1/24'; echo '4: ens7 inet {slot['ADDRESS']}/24'")

    def environment(instance, **more):
        machine.stand_in("cloud-init", f"echo {instance}")
        folders = {"FOURPLANE_FOLDER": str(machine.root), "DISKS": str(disks)}
        return {**folders, "POLL_SECONDS": "0.1", **more}

    return environment


@pytest.fixture
def holder(ec2, slot, launch):
    """A running instance that has the disk and the address."""
    instance = launch()
    ec2.attach_volume(VolumeId=slot["VOLUME_ID"], InstanceId=instance, Device=slot["DEVICE"])
    interface = slot["NETWORK_INTERFACE_ID"]
    ec2.attach_network_interface(NetworkInterfaceId=interface, InstanceId=instance, DeviceIndex=1)
    return instance


@pytest.fixture
def holders(ec2, slot):
    """holders(): who has the disk and who the address."""

    def holders():
        volume = ec2.describe_volumes(VolumeIds=[slot["VOLUME_ID"]])["Volumes"][0]
        interfaces = ec2.describe_network_interfaces(NetworkInterfaceIds=[slot["NETWORK_INTERFACE_ID"]])
        attachment = interfaces["NetworkInterfaces"][0].get("Attachment") or {}
        return [one["InstanceId"] for one in volume["Attachments"]], attachment.get("InstanceId")

    return holders


@pytest.fixture
def claimed(machine, claim):
    """The script's environment on an instance that has the disk and the address already."""
    answers = "describe-volumes) echo i-me attached ;; *) echo i-me eni-attach-1 attached ;;"
    machine.stand_in("aws", f"case $2 in {answers} esac")
    return claim("i-me")


def succeed(machine, environment, shell="bash"):
    result = machine.run(shell, str(SCRIPT), env=environment)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_takes_a_free_disk_and_address(program, machine, launch, claim, holders, shell):
    program(shell, shell)
    node = launch()
    succeed(machine, claim(node), shell)
    assert holders() == ([node], node)


def test_makes_a_file_system_on_an_empty_disk_and_mounts_it(machine, claimed):
    succeed(machine, claimed)
    others = ("ip", "cloud-init", "aws", "use-slot")
    done = [call.split()[0] for call in machine.called() if not call.startswith(others)]
    assert done == ["mountpoint", "blkid", "mkfs.xfs", "mount", "xfs_growfs", "chown"]
    assert any(call.startswith("mount -t xfs -o noatime ") for call in machine.called())
    assert f"chown 999:999 {machine.root / 'data'}" in machine.called()


def test_never_makes_a_file_system_on_a_disk_with_data(machine, claimed):
    machine.stand_in("blkid", "exit 0")
    succeed(machine, claimed)
    assert not [call for call in machine.called() if call.startswith("mkfs")]


def test_stops_where_it_cannot_tell_what_is_on_the_disk(machine, claimed):
    machine.stand_in("blkid", "exit 8")
    result = machine.run(SCRIPT, env=claimed)
    assert result.returncode == 1 and "cannot tell what is on" in result.stderr
    assert not [call for call in machine.called() if call.startswith(("mkfs", "mount "))]


def test_can_be_run_again(machine, launch, claim, holders):
    node = launch()
    succeed(machine, claim(node))
    environment = claim(node)
    machine.stand_in("mountpoint", "exit 0")
    succeed(machine, environment)
    assert holders() == ([node], node)
    assert len([call for call in machine.called() if call.startswith("mkfs")]) == 1


def test_a_new_instance_takes_over_from_one_that_has_ended(machine, ec2, launch, claim, holder, holders):
    ec2.terminate_instances(InstanceIds=[holder])
    new = launch()
    succeed(machine, claim(new))
    assert holders() == ([new], new)


def test_waits_while_the_holder_runs_and_goes_on_when_it_has_ended(
    machine, ec2, launch, claim, holder, holders
):
    new = launch()
    machine.stand_in("sleep", "exec /bin/sleep 0.1")
    process = machine.start(SCRIPT, env=claim(new))
    while machine.called().count("sleep 0.1") < 2:  # it has looked, and looked again
        assert process.poll() is None
        time.sleep(0.02)
    assert holders() == ([holder], holder)
    ec2.terminate_instances(InstanceIds=[holder])
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0 and f"{holder} is running" in said
    assert holders() == ([new], new)


@pytest.mark.parametrize(
    "answer, patience, taken",
    [
        ("echo running", "-1", False),
        ("echo pending", "-1", False),
        ("echo stopping", "-1", False),
        ("echo shutting-down", "600", False),
        ("echo shutting-down", "-1", True),
        ("echo stopped", "600", True),
        ("exit 255", "-1", False),
        ("true", "600", True),
    ],
    ids=["running", "starting", "stopping", "ending", "ending for long", "stopped", "no answer", "no more"],
)
def test_takes_only_from_an_instance_that_can_write_no_more(machine, claim, answer, patience, taken):
    asked = f"describe-volumes) echo i-old attached ;; describe-instances) {answer} ;;"
    machine.stand_in("aws", f"case $2 in {asked} esac")
    machine.stand_in("sleep", "kill $PPID")  # one turn is enough
    machine.run(SCRIPT, env=claim("i-new", PATIENCE_SECONDS=patience))
    detached = [call for call in machine.called() if "detach-volume" in call]
    assert len(detached) == taken and all("--instance-id i-old" in call for call in detached)


def test_waits_until_its_address_is_up(machine, claimed):
    machine.stand_in("ip", "echo '3: ens6 inet 10.0.0.1/24'")
    machine.stand_in("sleep", "kill $PPID")
    assert machine.run(SCRIPT, env=claimed).returncode == -15
    assert [call.split()[0] for call in machine.called()][-3:] == ["chown", "ip", "sleep"]


@pytest.mark.skipif(not shutil.which("mkfs.xfs"), reason="mkfs.xfs is missing: apt-get install xfsprogs")
def test_a_real_file_system_is_made_once(machine, claimed):
    disk = next((machine.root / "disks").iterdir())
    with disk.open("wb") as file:
        file.truncate(512 * 1024 * 1024)
    for command in ("blkid", "mkfs.xfs"):
        path = shutil.which(command, path="/usr/sbin:/sbin:/usr/bin:/bin")
        machine.stand_in(command, f'exec {path} "$@"')
    succeed(machine, claimed)
    succeed(machine, claimed)
    calls = [call.split()[0] for call in machine.called()]
    assert (calls.count("blkid"), calls.count("mkfs.xfs")) == (2, 1)
