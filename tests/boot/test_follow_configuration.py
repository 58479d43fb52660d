"""The real script, with the real AWS CLI, against an emulator."""

from pathlib import Path

import pytest

SCRIPT = Path("components/boot/follow-configuration.sh").resolve()


@pytest.fixture
def folder(machine, program):
    program("aws", "awscli")
    machine.stand_in("systemctl")
    folder = machine.root / "etc"
    folder.mkdir()
    (folder / "machine.env").write_text(
        "SERVICE=user.service\nAWS_REGION=us-east-1\nCONFIGURATION_PATH=/dev/user\n"
        'CALLS="users user-events"\n'
    )
    return folder


def put(client, server, address):
    name = f"/dev/user/{server}"
    client("ssm").put_parameter(Name=name, Value=address, Type="String", Overwrite=True)


def run(machine, folder, *arguments, **settings):
    result = machine.run(SCRIPT, *arguments, env={"FOURPLANE_FOLDER": str(folder), **settings})
    assert result.returncode == 0, result.stderr


def test_gives_the_container_an_address_for_every_arrow(machine, folder, client):
    put(client, "users", "10.0.0.1:9042,10.0.0.2:9042")
    put(client, "user-events", "broker:9094")
    run(machine, folder, "wait")
    assert (folder / "configuration.env").read_text().splitlines() == [
        "USERS_ADDRESS=10.0.0.1:9042,10.0.0.2:9042",
        "USER_EVENTS_ADDRESS=broker:9094",
    ]


def test_waits_at_first_boot_until_every_server_has_an_address(machine, folder, client):
    put(client, "users", "10.0.0.1:9042")
    machine.stand_in("sleep", "kill $PPID")  # one turn is enough
    assert machine.run(SCRIPT, "wait", env={"FOURPLANE_FOLDER": str(folder)}).returncode == -15
    assert not (folder / "configuration.env").exists()


def test_does_not_disturb_the_service_while_nothing_changes(machine, folder, client):
    put(client, "users", "a:1")
    put(client, "user-events", "b:2")
    run(machine, folder, "wait")
    run(machine, folder)
    assert machine.called() == []


def test_tells_the_service_when_an_address_has_changed(machine, folder, client):
    put(client, "users", "a:1")
    put(client, "user-events", "b:2")
    run(machine, folder, "wait")
    put(client, "users", "a:3")
    run(machine, folder)
    assert "USERS_ADDRESS=a:3" in (folder / "configuration.env").read_text()
    assert machine.called() == ["systemctl reload-or-restart user.service"]


def test_renders_the_service_s_files_before_telling_it(machine, folder, client):
    machine.stand_in("render")
    with (folder / "machine.env").open("a") as settings:
        settings.write("RENDER=render\n")
    put(client, "users", "a:1")
    put(client, "user-events", "b:2")
    run(machine, folder, "wait")
    put(client, "users", "a:3")
    run(machine, folder)
    assert machine.called() == ["render ", "render ", "systemctl reload-or-restart user.service"]
