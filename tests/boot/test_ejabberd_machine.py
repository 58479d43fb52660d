"""What the machines of a region's Erlang cluster do at boot, by the programs that read it."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from components.ejabberd.capacity import Capacity
from components.ejabberd.machine import HERE, Kind, machine, user_data
from components.ejabberd.node import Node
from components.ejabberd.programs import archive, common
from components.machine import BOOT, USER_DATA_LIMIT, BootFile
from components.slots import slots

SLOT = slots("chat", ["us-east-1a", "us-east-1b"], 1)[0]
SETTINGS = {
    "freebsd": {"kern.maxfiles": "65536", "kern.maxproc": "16384"},
    "linux": {"fs.file-max": "65536", "net.ipv4.tcp_rmem": "4096 65536 65536"},
}
KNOWN = {
    "arn": "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1",
    "address": "10.0.1.7",
    "stores": [f"10.0.{zone}.{node}" for zone in (1, 2, 3) for node in range(10, 30)],
    "interface": "eni-1",
    "volume": "vol-1",
    "log_group": "/dev/chat",
    "cookie": "arn:aws:secretsmanager:us-east-1:123456789012:secret:chat-cookie-AbCdEf",
    "bucket": "users-programs-1a2b3c4",
    "key": "chat/0123456789abcdef.tar.gz",
    "packages_url": "https://packages.s3.us-east-1.amazonaws.com/FreeBSD:14:aarch64/quarterly",
    "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/chat:1",
}
SYSTEMS = pytest.mark.parametrize("system", ["freebsd", "linux"])
ROLES = pytest.mark.parametrize("chat", [True, False], ids=["chat", "database"])


def kind(system, chat=True):
    room = Capacity(1_000_000, 16384, 16, 65536, 1_350_000, 3_000_000, 1_100_000, 2**30, SETTINGS[system])
    node = Node("", "na.chat.example.com", chat, (), 64, room, system)
    return Kind(node, "dev/chat", drains=chat, keeps=not chat)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@SYSTEMS
@ROLES
def test_user_data_is_cloud_init_and_fits(program, tmp_path, system, chat):
    program("cloud-init", "cloud-init")
    (tmp_path / "user-data").write_text(machine(kind(system, chat), SLOT, KNOWN).cloud_config())
    assert "Valid" in run("cloud-init", "schema", "--config-file", str(tmp_path / "user-data"))
    assert len(user_data(kind(system, chat), SLOT, KNOWN)) * 3 / 4 < USER_DATA_LIMIT


@SYSTEMS
@ROLES
def test_a_machine_has_every_file_of_its_node(system, chat):
    own = kind(system, chat)
    shared = own.programs
    written = machine(own, SLOT, KNOWN).files
    files = own.files(KNOWN["address"], KNOWN["stores"])
    assert {path: {**shared, **written}[path] for path in files} == files
    assert not shared.keys() & written.keys()
    assert not any(KNOWN["address"] in file.text for file in shared.values())


def test_two_nodes_share_what_is_the_same_and_no_service():
    one = {"/a": BootFile("a"), "/b": BootFile("b"), "/etc/systemd/system/c.service": BootFile("c")}
    assert common(one, {**one, "/b": BootFile("other")}) == {"/a": BootFile("a")}


def test_an_archive_is_the_same_for_the_same_files():
    files = {"/usr/local/bin/a": BootFile("#!/bin/sh\n", "0755"), "/etc/b": BootFile("é")}
    assert archive(files) == archive(dict(reversed(files.items())))
    with tarfile.open(fileobj=io.BytesIO(archive(files))) as tar:
        assert [(one.name, one.mode) for one in tar] == [("etc/b", 0o644), ("usr/local/bin/a", 0o755)]


def test_a_machine_unpacks_its_programs_once_the_bucket_answers(program, machine):
    own = kind("freebsd")
    (machine.root / "archive").write_bytes(archive(own.programs))
    settings = {"AWS_REGION": "us-east-1", "BUCKET": "b", "KEY": "chat/1.tar.gz"}
    (machine.root / "programs.env").write_text("".join(f"{k}={v}\n" for k, v in settings.items()))
    answers = f"[ $(grep -c '^aws' {machine.root}/calls) -gt 1 ] && cp {machine.root}/archive $4"
    machine.stand_in("aws", answers)
    (machine.root / "target").mkdir()
    folders = {"FOURPLANE_FOLDER": str(machine.root), "ROOT": str(machine.root / "target")}
    script = str(BOOT / "fetch-programs.sh")
    done = machine.run(program("dash", "dash"), script, env={**folders, "POLL_SECONDS": "0"})
    assert done.returncode == 0, done.stderr
    for path, file in own.programs.items():
        unpacked = machine.root / f"target{path}"
        assert unpacked.read_text() == file.text
        assert unpacked.stat().st_mode & 0o777 == int(file.mode, 8)
    assert machine.called()[0].startswith("aws s3 cp s3://b/chat/1.tar.gz ")


def test_the_cookie_is_its_users_alone(program, machine):
    data = machine.root / "data"
    data.mkdir()
    slot = {"AWS_REGION": "us-east-1", "MOUNT_POINT": data, "DATA_OWNER": "e:e", "COOKIE_SECRET_ARN": "arn:1"}
    (machine.root / "slot.env").write_text("".join(f"{k}={v}\n" for k, v in slot.items()))
    machine.stand_in("aws", f"[ $(grep -c '^aws' {machine.root}/calls) -gt 1 ] && echo SECRET")
    machine.stand_in("chown")
    environment = {"FOURPLANE_FOLDER": str(machine.root), "POLL_SECONDS": "0"}
    (data / ".erlang.cookie.new").symlink_to(machine.root / "another")
    for _ in range(2):  # at each start
        done = machine.run(program("dash", "dash"), str(HERE / "cookie.sh"), env=environment)
        assert done.returncode == 0, done.stderr
    cookie = data / ".erlang.cookie"
    assert cookie.read_text() == "SECRET" and cookie.stat().st_mode & 0o777 == 0o400
    assert not (machine.root / "another").exists()
    assert machine.called()[-1] == f"chown e:e {cookie}.new"


def test_our_modules_find_the_libraries_that_are_within_ejabberds_own_folder(program, machine):
    """As FreeBSD's port has them: https://cgit.freebsd.org/ports/tree/net-im/ejabberd/files/."""
    libraries = machine.root / "erlang/lib/ejabberd-25.07/lib"
    for header in (
        "../include/ejabberd_commands.hrl",
        "xmpp-1.11/include/xmpp.hrl",
        "fast_xml-1.1/include/fxml.hrl",
    ):
        path = libraries / header
        path.parent.mkdir(parents=True)
        path.touch()
    erl = machine.root / "bin/erl"
    machine.stand_in("erl", f"printf %s {machine.root}/erlang")
    machine.stand_in("erlc", 'echo "$ERL_LIBS"')
    control = machine.root / "ejabberdctl"
    control.write_text(f"ERL={erl}\nERL_LIBS=/nowhere/ejabberd\nERL_LIBS=$ERL_LIBS:/nowhere/lib\n")
    sources = machine.root / "src"
    sources.mkdir()
    values = {"DOMAIN": "", "DATA": "/", "MODULES": machine.root / "ebin", "SOURCES": sources}
    env = "".join(f"{key}={value}\n" for key, value in {**values, "EJABBERDCTL": control}.items())
    (machine.root / "prepare.env").write_text(env)
    script = str(HERE / "prepare-ejabberd.sh")
    done = machine.run(program("dash", "dash"), script, str(machine.root), env={})
    assert done.returncode == 0, done.stderr
    assert str(libraries) in done.stdout.strip().split(":")
    assert f"-I {libraries}/xmpp-1.11/include" in machine.called()[-1]


@pytest.fixture
def node(machine):
    """Stand-ins for what FreeBSD's run-ejabberd calls."""
    for command in ("claim-slot", "ejabberd-cookie", "prepare-ejabberd"):
        machine.stand_in(command)
    machine.stand_in("setfib", 'shift; exec "$@"')
    return machine


def runner(machine):
    """run-ejabberd, finding the stand-ins."""
    script = machine.root / "run-ejabberd"
    text = (HERE / "run-ejabberd.sh").read_text()
    script.write_text(text.replace("PATH=/sbin:", f"PATH={machine.root / 'bin'}:/sbin:"))
    return str(script)


def test_ejabberd_starts_as_the_node_of_its_slot_from_its_address(program, node):
    node.stand_in("ejabberdctl")
    assert node.run(program("dash", "dash"), runner(node), env={}).returncode == 0
    assert node.called() == [
        "claim-slot ",
        "ejabberd-cookie ",
        "prepare-ejabberd /usr/local/etc/ejabberd",
        "setfib 1 ejabberdctl foreground",
        "ejabberdctl foreground",
    ]


def test_ejabberd_is_stopped_in_its_own_way(program, node):
    pid = node.root / "pid"
    stop = f"stop) kill $(cat {pid}) ;;"
    node.stand_in("ejabberdctl", f"case $1 in foreground) echo $$ >{pid}; exec sleep 30 ;; {stop} esac")
    process = node.start(program("dash", "dash"), runner(node), env={})
    while not (pid.exists() and pid.read_text()):
        assert process.poll() is None
    process.terminate()
    process.communicate(timeout=20)
    assert node.called()[-1] == "ejabberdctl stop"


@pytest.mark.parametrize("script", ["cookie.sh", "run-ejabberd.sh"])
def test_scripts_are_for_any_shell(program, script):
    run(program("shellcheck", "shellcheck"), "--shell=sh", str(HERE / script))


def test_linuxs_units_are_systemds(program, tmp_path):
    program("systemd-analyze", "systemd")
    files = machine(kind("linux"), SLOT, KNOWN).cloud_config()
    written = {one["path"]: one["content"] for one in yaml.safe_load(files)["write_files"]}
    for path in (path for path in written if path.startswith("/etc/systemd/system/")):
        text = written[path]
        for line in text.splitlines():
            if line.startswith("Exec"):
                program_path = line.split("=", 1)[1].lstrip("-").split()[0]
                text = text.replace(program_path, "/bin/true")  # verify wants the programs to be there
        (tmp_path / Path(path).name).write_text(text.replace("Requires=docker.service\n", ""))
    (tmp_path / "docker.service").write_text("[Service]\nExecStart=/bin/true\n")
    units = [str(tmp_path / f"{SLOT.name}.service"), str(tmp_path / "ejabberd-agent.service")]
    said = run("systemd-analyze", "verify", "--man=no", *units)
    assert not [line for line in said.splitlines() if "chat-a0" in line or "ejabberd" in line]


def test_linuxs_container_has_no_more_rights_than_it_needs():
    unit = machine(kind("linux"), SLOT, KNOWN).cloud_config()
    assert "--cap-drop ALL --security-opt no-new-privileges" in unit
    added = {word.split()[0] for word in unit.split("--cap-add ")[1:]}
    assert added == {"CHOWN", "DAC_OVERRIDE", "SETGID", "SETUID"}


@pytest.mark.parametrize("chat, ships", [(True, True), (False, True)])
def test_the_agent_knows_its_node(chat, ships):
    own = machine(kind("freebsd", chat), SLOT, KNOWN).files["/etc/fourplane/agent.env"].text
    values = dict(line.split("=", 1) for line in own.splitlines())
    assert (values["NODE"], values["NAMESPACE"], values["REGION"]) == ("chat-a0", "dev/chat", "us-east-1")
    assert ("LOG_FILE" in values, "HOOK_NAME" in values) == (ships, chat)
