import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from components.slots import slots
from components.state.cassandra.node import HERE, Ring, cassandra_yaml, container

RING = Ring("users", 9042, 3, 24, 4)
NODES = slots("users", ["us-east-1a", "us-east-1b", "us-east-1c"], 1)
KNOWN = {
    "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/netflix-prod/docker/library/cassandra:5.0",
    "arn": "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1",
    "log_group": "/netflix-prod/users",
    "bucket": "users-snapshots-1a2b3c4",
    "addresses": {node.name: f"10.0.{node.number}.10" for node in NODES},
    "interfaces": {node.name: f"eni-{node.number}" for node in NODES},
    "volumes": {node.name: f"vol-{node.number}" for node in NODES},
}
KEYS = Path(__file__).parent / "data" / "cassandra-5.0-config-keys.txt"


def needs(program, package):
    return pytest.mark.skipif(
        not shutil.which(program), reason=f"{program} is missing: apt-get install {package}"
    )


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def cloud_config():
    return container(RING, NODES, NODES[1], KNOWN).cloud_config()


@pytest.fixture
def written(cloud_config):
    return {file["path"]: file for file in yaml.safe_load(cloud_config)["write_files"]}


@pytest.fixture
def settings():
    return yaml.safe_load(cassandra_yaml(RING, NODES, NODES[1], "us-east-1", KNOWN))


def test_every_setting_is_one_of_cassandras(settings):
    known = {line for line in KEYS.read_text().splitlines() if not line.startswith("#")}
    assert len(known) > 300 and settings.keys() <= known


def test_every_setting_of_a_second_datacenter_is_one_of_cassandras():
    known = {line for line in KEYS.read_text().splitlines() if not line.startswith("#")}
    joining, others = replace(RING, joins=True), {**KNOWN, "joins": ["10.9.0.4"]}
    settings = yaml.safe_load(cassandra_yaml(joining, NODES, NODES[1], "eu-west-1", others))
    assert settings["auto_bootstrap"] is False and settings.keys() <= known


def test_everything_that_must_not_be_lost_is_on_the_slots_own_disk(settings):
    folders = [
        *settings["data_file_directories"],
        *(settings[f"{of}_directory"] for of in ("commitlog", "hints")),
    ]
    assert all(folder.startswith("/var/lib/cassandra/") for folder in folders)


def test_the_token_is_text_and_the_seeds_one_line(settings):
    assert (settings["num_tokens"], settings["initial_token"]) == (1, "-3074457343809683003")
    assert settings["seed_provider"][0]["parameters"] == [{"seeds": "10.0.0.10,10.0.1.10,10.0.2.10"}]


def test_a_broken_disk_takes_the_node_out_and_what_is_written_is_backed_up(settings):
    assert settings["disk_failure_policy"] == settings["commit_failure_policy"] == "stop"
    assert settings["incremental_backups"] and settings["uuid_sstable_identifiers_enabled"]


def test_no_parameter_store_can_restart_the_ring(written):
    assert not [path for path in written if "configuration." in path or "follow" in path]


def test_cassandra_runs_without_rights_from_its_own_configuration(written):
    unit = written["/etc/systemd/system/users-b0.service"]["content"]
    assert "--cap-drop ALL" in unit and "--user 999:999 --entrypoint cassandra" in unit
    assert "cassandra.yaml:/etc/cassandra/cassandra.yaml:ro" in unit
    assert unit.index("/usr/local/bin/claim-slot") < unit.index("docker run")


@needs("cloud-init", "cloud-init")
def test_user_data_is_cloud_init(cloud_config, tmp_path):
    (tmp_path / "user-data").write_text(cloud_config)
    assert "Valid" in run("cloud-init", "schema", "--config-file", str(tmp_path / "user-data"))


@needs("systemd-analyze", "systemd")
def test_units_are_systemds(written, tmp_path):
    units = [path for path in written if path.startswith("/etc/systemd/system/")]
    for path in units:
        text = written[path]["content"]
        for program in (
            "/usr/local/bin/claim-slot",
            "/usr/local/bin/back-up",
            "/usr/bin/docker",
            "/usr/sbin/sysctl",
        ):
            text = text.replace(program, "/bin/true")  # verify wants the programs to be there
        (tmp_path / Path(path).name).write_text(text.replace("Requires=docker.service\n", ""))
    (tmp_path / "docker.service").write_text("[Service]\nExecStart=/bin/true\n")
    said = run(
        "systemd-analyze",
        "verify",
        "--man=no",
        str(tmp_path / "users-b0.service"),
        str(tmp_path / "back-up-snapshot.timer"),
        str(tmp_path / "back-up-increments.timer"),
    )
    assert not [line for line in said.splitlines() if "users-b0" in line or "back-up" in line]


@pytest.mark.parametrize("script", ["back-up.sh", "await-ring.sh"])
def test_scripts_are_bash(script):
    run("bash", "-n", str(HERE / script))


@needs("shellcheck", "shellcheck")
@pytest.mark.parametrize("script", ["back-up.sh", "await-ring.sh"])
def test_scripts_have_none_of_the_known_mistakes(script):
    run("shellcheck", str(HERE / script))


@needs("sysctl", "procps")
def test_kernel_settings_exist():
    for line in (HERE / "cassandra.sysctl.conf").read_text().splitlines():
        if line and not line.startswith("#"):
            run("sysctl", line.split(" = ")[0])
