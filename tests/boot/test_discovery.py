"""What a discovery server runs at boot: the real scripts with the real AWS CLI, against an emulator."""

import io
import shutil
import subprocess
import zipfile

import pytest
import yaml

from components.control.discovery.machine import HERE, container, seats

SEATS = seats("eureka", ["us-east-1a", "us-east-1b"], 1)
KNOWN = {
    "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/prod/docker/library/tomcat:9.0-jdk17-temurin",
    "arn": "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1",
    "log_group": "/prod/eureka",
    "artifact": "DOMAIN=d\nOWNER=1\nURL=https://d/a.war\nSHA256=\nFILE=/opt/eureka/eureka.war\n",
    "allocations": {seat.name: f"eipalloc-{seat.name}" for seat in SEATS},
    "hosts": {seat.name: f"ec2-{seat.name}.compute-1.amazonaws.com" for seat in SEATS},
}


@pytest.fixture
def written():
    config = container("eureka", 8080, SEATS, KNOWN).cloud_config()
    return {file["path"]: file["content"] for file in yaml.safe_load(config)["write_files"]}


@pytest.fixture
def war():
    """A WAR of the form that the server's has, with settings of its own."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("WEB-INF/web.xml", "<web-app/>")
        archive.writestr("WEB-INF/classes/eureka-server.properties", "its own")
    return data.getvalue()


@pytest.fixture
def ec2(program, client):
    program("aws", "awscli")
    return client("ec2")


@pytest.fixture
def launch(ec2):
    """launch(zone): a new instance."""

    def launch(zone):
        place = {"AvailabilityZone": zone}
        made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, Placement=place)
        return made["Instances"][0]["InstanceId"]

    return launch


@pytest.fixture
def allocations(ec2):
    return {zone: ec2.allocate_address(Domain="vpc")["AllocationId"] for zone in ("us-east-1a", "us-east-1b")}


@pytest.fixture
def holder(ec2):
    """holder(allocation): the instance that has an address."""
    return lambda one: ec2.describe_addresses(AllocationIds=[one])["Addresses"][0].get("InstanceId") or None


@pytest.fixture
def server(machine, war, allocations):
    """server(instance, zone): the machine's environment, as on that instance."""
    file, webapp = machine.root / "eureka.war", machine.root / "webapp"
    (machine.root / "eureka").mkdir()
    (machine.root / "eureka" / "eureka-server.properties").write_text("ours")
    (machine.root / "machine.env").write_text("SERVICE=eureka.service\nAWS_REGION=us-east-1\n")
    (machine.root / "server.env").write_text("PORT=8080\n")
    (machine.root / "artifact.env").write_text(f"FILE={file}\n")
    (machine.root / "fetched.war").write_bytes(war)
    lines = [f"{zone} {allocation} ec2-{zone}.example.net\n" for zone, allocation in allocations.items()]
    (machine.root / "addresses").write_text("".join(lines))
    machine.stand_in("fetch-artifact", f"cp {machine.root}/fetched.war {file}")

    def environment(instance, zone):
        machine.stand_in("cloud-init", f"case $2 in instance_id) echo {instance} ;; *) echo {zone} ;; esac")
        return {"FOURPLANE_FOLDER": str(machine.root), "WEBAPP": str(webapp), "POLL_SECONDS": "0.1"}

    return environment


def succeed(machine, script, environment):
    result = machine.run(script, env=environment)
    assert result.returncode == 0, result.stderr


CLAIM, WATCH = HERE / "claim-address.sh", HERE / "watch-eureka.sh"


def test_takes_the_address_of_its_own_zone_and_can_be_run_again(machine, launch, server, allocations, holder):
    me = launch("us-east-1b")
    for _ in range(2):
        succeed(machine, CLAIM, server(me, "us-east-1b"))
    assert (holder(allocations["us-east-1a"]), holder(allocations["us-east-1b"])) == (None, me)
    said = (machine.root / "address.env").read_text()
    assert "-Deureka.myUrl=http://ec2-us-east-1b.example.net:8080/eureka/v2/ " in said
    classes = machine.root / "webapp" / "WEB-INF" / "classes"
    assert (classes / "eureka-server.properties").read_text() == "ours"


def test_waits_while_a_living_server_has_the_address_and_takes_it_when_it_is_free(
    machine, ec2, launch, server, allocations, holder
):
    old, new = launch("us-east-1a"), launch("us-east-1a")
    ec2.associate_address(AllocationId=allocations["us-east-1a"], InstanceId=old)
    environment = server(new, "us-east-1a")
    machine.stand_in("sleep", f"touch {machine.root}/waited; exec /bin/sleep 0.1")
    process = machine.start(CLAIM, env=environment)
    while not (machine.root / "waited").exists():
        assert process.poll() is None
    assert holder(allocations["us-east-1a"]) == old
    held = ec2.describe_addresses(AllocationIds=[allocations["us-east-1a"]])["Addresses"][0]
    ec2.disassociate_address(AssociationId=held["AssociationId"])  # as EC2 does when an instance ends
    process.communicate(timeout=60)
    assert process.returncode == 0 and holder(allocations["us-east-1a"]) == new


@pytest.mark.parametrize(
    ("answer", "before", "done"),
    [
        ("200", 9, []),
        ("403", 9, []),
        ("500", 3, []),
        ("000", 9, ["systemctl restart --no-block eureka.service"]),
        ("404", 19, ["systemctl poweroff"]),
    ],
    ids=["serving", "not yet in step", "ill for a while", "ill for long", "not mended by a restart"],
)
def test_a_server_that_does_not_answer_restarts_and_then_gives_up(machine, server, answer, before, done):
    environment = server("i-1", "us-east-1a")
    (machine.root / "address.env").touch()
    (machine.root / "failures").write_text(f"{before}\n")
    machine.stand_in("curl", f"echo -n {answer}")
    machine.stand_in("systemctl")
    succeed(machine, WATCH, environment)
    assert [call for call in machine.called() if call.startswith("systemctl")] == done
    assert (machine.root / "failures").exists() != (answer in ("200", "403"))


def test_a_machine_that_waits_for_an_address_is_left_alone(machine, server):
    environment = server("i-1", "us-east-1a")
    machine.stand_in("curl", "exit 7")
    succeed(machine, WATCH, environment)
    assert not [call for call in machine.called() if call.startswith("curl")]


@pytest.mark.parametrize("script", [CLAIM, WATCH], ids=lambda path: path.stem)
def test_scripts_have_none_of_the_known_mistakes(script, program):
    checked = subprocess.run([program("shellcheck", "shellcheck"), script], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_user_data_is_cloud_init(program, tmp_path):
    (tmp_path / "user-data").write_text(container("eureka", 8080, SEATS, KNOWN).cloud_config())
    command = [program("cloud-init", "cloud-init"), "schema", "--config-file", str(tmp_path / "user-data")]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is missing: apt-get install systemd"
)
def test_units_are_systemds(written, tmp_path):
    for path in (path for path in written if path.startswith("/etc/systemd/system/")):
        text = written[path]
        for needed in ("/usr/local/bin/claim-address", "/usr/local/bin/watch-eureka", "/usr/bin/docker"):
            text = text.replace(needed, "/bin/true")  # verify wants the programs to be there
        (tmp_path / path.rsplit("/", 1)[1]).write_text(text.replace("Requires=docker.service\n", ""))
    units = [str(unit) for unit in sorted(tmp_path.iterdir())]
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True
    )
    assert checked.returncode == 0 and str(tmp_path) not in checked.stderr, checked.stderr


def test_tomcat_runs_without_rights_and_cannot_write_the_server(written):
    unit = written["/etc/systemd/system/eureka.service"]
    assert "--cap-drop ALL" in unit and "--user 65534:65534" in unit
    assert "/opt/eureka/webapp:/usr/local/tomcat/webapps/eureka:ro" in unit
    assert unit.index("/usr/local/bin/claim-address") < unit.index("docker run")
