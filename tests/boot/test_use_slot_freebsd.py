"""The real script in a POSIX shell, with stand-ins for FreeBSD's own programs."""

import pytest

from components.machine import BOOT

SCRIPT = BOOT / "use-slot.freebsd.sh"
MIB = 1024 * 1024
FIRST = "echo 'ena0: flags=8843'; echo '	inet 10.0.1.20 netmask 0xffffff00 broadcast 10.0.1.255'"
OURS = "echo '	inet 10.0.1.7 netmask 0xffffff00 broadcast 10.0.1.255'"


@pytest.fixture(autouse=True)
def shell(program):
    program("dash", "dash")


@pytest.fixture
def freebsd(machine):
    """freebsd(volume): the script's environment on a machine with two interfaces, and an empty disk."""
    disks = machine.root / "disks"
    disks.mkdir()
    with (machine.root / "nda1").open("wb") as disk:
        disk.truncate(2 * MIB)
    (disks / "vol-1").symlink_to(machine.root / "nda1")
    for command in ("newfs", "fsck_ffs", "growfs", "chown"):
        machine.stand_in(command)
    machine.stand_in("fstyp", "exit 1")
    machine.stand_in("mount")
    machine.stand_in("ifconfig", f"case $1 in ena0) {FIRST} ;; esac")
    machine.stand_in("route", "echo '    gateway: 10.0.1.1'; echo '  interface: ena0'")
    machine.stand_in("setfib", "case $* in *get*) exit 1 ;; esac")

    def environment(volume="vol-1"):
        slot = {
            "ADDRESS": "10.0.1.7",
            "MOUNT_POINT": machine.root / "data",
            "DATA_OWNER": "ejabberd:ejabberd",
        }
        slot |= {"VOLUME_ID": volume} if volume else {}
        (machine.root / "slot.env").write_text("".join(f"{key}={value}\n" for key, value in slot.items()))
        return {"FOURPLANE_FOLDER": str(machine.root), "DISKS": str(disks), "POLL_SECONDS": "0.1"}

    return environment


def run(machine, environment):
    return machine.run("dash", str(SCRIPT), env=environment)


def succeed(machine, environment):
    result = run(machine, environment)
    assert result.returncode == 0, result.stderr


def calls(machine, *programs):
    return [call for call in machine.called() if call.startswith(programs)]


def test_makes_a_file_system_on_an_empty_disk_and_mounts_it(machine, freebsd):
    succeed(machine, freebsd())
    disk, at = machine.root / "nda1", machine.root / "data"
    assert calls(machine, "newfs", "growfs", "mount -t", "chown") == [
        f"newfs -U -j {disk}",
        f"mount -t ufs -o noatime {disk} {at}",
        f"chown ejabberd:ejabberd {at}",
    ]


def test_checks_a_file_system_before_it_mounts_it_and_lets_it_grow(machine, freebsd):
    machine.stand_in("fstyp", "echo ufs")
    machine.stand_in("growfs", "exit 3")  # there is no more than before
    succeed(machine, freebsd())
    done = [call.split()[0] for call in calls(machine, "newfs", "fsck_ffs", "growfs", "mount -t")]
    assert done == ["fsck_ffs", "growfs", "mount"]


def test_does_not_mount_what_cannot_be_mended(machine, freebsd):
    machine.stand_in("fstyp", "echo ufs")
    machine.stand_in("fsck_ffs", "exit 8")
    assert run(machine, freebsd()).returncode == 8
    assert not calls(machine, "mount -t", "newfs")


@pytest.mark.parametrize("damage", ["something", "unreadable"])
def test_never_makes_a_file_system_where_something_may_be(machine, freebsd, damage):
    disk = machine.root / "nda1"
    if damage == "something":
        with disk.open("r+b") as file:
            file.seek(65536)
            file.write(b"x")
    else:
        disk.unlink()
        disk.mkdir()
    result = run(machine, freebsd())
    assert result.returncode == 1 and "cannot tell what is on" in result.stderr
    assert not calls(machine, "newfs", "mount -t")


def test_mounts_once(machine, freebsd):
    machine.stand_in("mount", f"printf '/dev/nda1\\t{machine.root / 'data'}\\tufs\\trw\\t2 2\\n'")
    succeed(machine, freebsd())
    assert not calls(machine, "newfs", "fsck_ffs", "mount -t")


def test_a_slot_without_a_disk_has_its_folder(machine, freebsd):
    succeed(machine, freebsd(volume=""))
    assert (machine.root / "data").is_dir()
    assert calls(machine, "newfs", "mount", "chown") == [f"chown ejabberd:ejabberd {machine.root / 'data'}"]


def test_the_address_answers_through_its_own_interface(machine, freebsd):
    succeed(machine, freebsd())
    assert "ifconfig ena1 fib 1 inet 10.0.1.7 netmask 0xffffff00 up" in machine.called()
    assert [call for call in calls(machine, "setfib") if "add" in call] == [
        "setfib 1 route -q add default 10.0.1.1",
        "setfib 1 route -q add -host 127.0.0.1 -iface lo0",
    ]


def test_routes_and_the_address_are_given_once(machine, freebsd):
    machine.stand_in("ifconfig", f"case $1 in ena0) {FIRST} ;; ena1) {OURS} ;; esac")
    table = "*default*) echo '  interface: ena1' ;; *127.0.0.1*) echo '  interface: lo0' ;;"
    machine.stand_in("setfib", f"case $* in {table} esac")
    succeed(machine, freebsd())
    assert not [call for call in machine.called() if " add " in call or "ifconfig ena1 fib" in call]


def test_waits_until_its_second_interface_is_there(machine, freebsd):
    machine.stand_in("ifconfig", "case $1 in ena1) exit 1 ;; esac")
    machine.stand_in("sleep", "kill $PPID")
    assert run(machine, freebsd()).returncode == -15
    assert machine.called()[-1].startswith("sleep")
