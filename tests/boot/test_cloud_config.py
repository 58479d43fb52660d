"""What a machine is told at boot, read by the programs that will read it there."""

import base64
import gzip
import random
import subprocess
from dataclasses import replace

import pytest
import yaml

from components.machine import BootFile, Container, encoded

CONTAINER = Container(
    name="user",
    image="123456789012.dkr.ecr.us-east-1.amazonaws.com/dev/kong:3.9",
    region="us-east-1",
    log_group="/dev/user",
    configuration_path="/dev/user",
    calls=["users"],
    environment={"PORT": "8080"},
    mounts=["/etc/x:/x:ro"],
    reload="kong reload",
)


def files(container):
    return {f["path"]: f["content"] for f in yaml.safe_load(container.cloud_config())["write_files"]}


def test_cloud_init_takes_the_user_data(program, tmp_path):
    cloud_init = program("cloud-init", "cloud-init")
    path = tmp_path / "user-data"
    path.write_text(CONTAINER.cloud_config())
    checked = subprocess.run([cloud_init, "schema", "--config-file", path], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_systemd_takes_the_units(program, tmp_path):
    systemd = program("systemd-analyze", "systemd")
    (tmp_path / "docker.service").write_text("[Unit]\nDescription=stand-in\n[Service]\nExecStart=/bin/true\n")
    units = {path: text for path, text in files(CONTAINER).items() if path.startswith("/etc/systemd/")}
    for path, text in units.items():
        for command in ("/usr/local/bin/follow-configuration", "/usr/bin/docker"):
            text = text.replace(command, "/bin/true")  # verify wants programs that exist
        (tmp_path / path.rsplit("/", 1)[1]).write_text(text)
    names = [str(tmp_path / path.rsplit("/", 1)[1]) for path in units]
    checked = subprocess.run([systemd, "verify", *names], capture_output=True, text=True)
    assert checked.returncode == 0 and str(tmp_path) not in checked.stderr, checked.stderr


def test_bash_takes_the_scripts(program):
    bash = program("bash", "bash")
    script = files(CONTAINER)["/usr/local/bin/follow-configuration"]
    assert subprocess.run([bash, "-n"], input=script, text=True).returncode == 0


def test_logs_in_only_to_a_registry_of_the_account():
    assert "ecr-login" in files(CONTAINER)["/root/.docker/config.json"]
    assert (
        "ecr-login" not in files(replace(CONTAINER, image="public.ecr.aws/x:1"))["/root/.docker/config.json"]
    )


def test_gives_the_container_no_privilege_that_it_does_not_need():
    unit = files(CONTAINER)["/etc/systemd/system/user.service"]
    assert "--cap-drop ALL" in unit and "no-new-privileges" in unit and "--privileged" not in unit


def test_compresses_user_data_that_would_not_fit_the_same_way_each_time():
    large = replace(CONTAINER, files={"/x": BootFile("word " * 4000)})
    packed = base64.b64decode(encoded(large))
    assert gzip.decompress(packed).decode() == large.cloud_config() and encoded(large) == encoded(large)
    assert base64.b64decode(encoded(CONTAINER)).decode() == CONTAINER.cloud_config()


def test_rejects_user_data_that_ec2_would_not_take():
    noise = random.Random(0).randbytes(17000).hex()
    with pytest.raises(ValueError, match=r"user data of user is .* bytes, over 16384"):
        encoded(replace(CONTAINER, files={"/x": BootFile(noise)}))
