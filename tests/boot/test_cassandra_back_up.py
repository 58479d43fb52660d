"""The real script, with the real AWS CLI, against an emulator, and a nodetool that only moves files."""

import pytest

from components.state.cassandra.node import HERE

SCRIPT = HERE / "back-up.sh"
TABLE = "shop/carts-1a2b"
NODETOOL = """
case $4 in
snapshot)
    for table in $DATA/*/*; do mkdir -p $table/snapshots/$6; ln $table/*.db $table/snapshots/$6/; done
    ;;
clearsnapshot) rm -r $DATA/*/*/snapshots/$6 ;;
esac
"""


@pytest.fixture
def s3(client, program):
    program("aws", "awscli")
    s3 = client("s3")
    s3.create_bucket(Bucket="snapshots")
    return s3


@pytest.fixture
def data(machine):
    folder = machine.root / "data"
    (folder / TABLE).mkdir(parents=True)
    (folder / TABLE / "nb-1-big-Data.db").write_text("rows")
    (machine.root / "slot.env").write_text(
        "AWS_REGION=us-east-1\nRING=users\nNODE=users-a0\nBUCKET=snapshots\n"
    )
    machine.stand_in("docker", f"DATA={folder}\n{NODETOOL}")
    return folder


@pytest.fixture
def back_up(machine, data):
    environment = {"FOURPLANE_FOLDER": str(machine.root), "DATA": str(data)}
    return lambda *what: machine.run(SCRIPT, *what, env=environment)


def keys(s3):
    return [one["Key"] for one in s3.list_objects_v2(Bucket="snapshots").get("Contents", [])]


def test_a_snapshot_is_copied_whole_and_marked_when_it_is(s3, back_up):
    assert back_up("snapshot").returncode == 0
    marker, file = keys(s3)
    folder = marker.removesuffix("COMPLETE")
    assert file == f"{folder}{TABLE}/nb-1-big-Data.db" and folder.startswith("users/users-a0/snapshots/20")
    assert s3.get_object(Bucket="snapshots", Key=file)["Body"].read() == b"rows"


def test_a_snapshot_does_not_stay_on_the_disk(s3, back_up, data, machine):
    assert back_up("snapshot").returncode == 0
    assert not list(data.glob("*/*/snapshots/*"))
    assert [call.split()[4] for call in machine.called()] == ["snapshot", "clearsnapshot"]


def test_a_snapshot_that_cannot_be_copied_fails_unmarked_and_is_cleared(s3, back_up, data, machine):
    real = (machine.root / "bin" / "aws").rename(machine.root / "bin" / "aws-real")
    machine.stand_in("aws", f'if [[ $3 == --recursive ]]; then exit 1; else exec {real} "$@"; fi')
    assert back_up("snapshot").returncode != 0
    assert keys(s3) == [] and not list(data.glob("*/*/snapshots/*"))


def test_a_node_that_makes_no_snapshot_is_an_error(s3, back_up, data, machine):
    machine.stand_in("docker")
    result = back_up("snapshot")
    assert result.returncode == 1 and "made no snapshot" in result.stderr and keys(s3) == []


def test_increments_are_moved_to_s3_each_once(s3, back_up, data):
    (data / TABLE / "backups" / ".idx").mkdir(parents=True)
    (data / TABLE / "backups" / "nb-2-big-Data.db").write_text("more")
    (data / TABLE / "backups" / ".idx" / "nb-2-big-Data.db").write_text("index")
    assert back_up("increments").returncode == 0
    place = f"users/users-a0/increments/{TABLE}"
    assert keys(s3) == [f"{place}/.idx/nb-2-big-Data.db", f"{place}/nb-2-big-Data.db"]
    assert not [path for path in data.glob("*/*/backups/**/*") if path.is_file()]
    assert (data / TABLE / "nb-1-big-Data.db").exists()


def test_increments_that_cannot_be_copied_are_kept(s3, back_up, data, machine):
    (data / TABLE / "backups").mkdir()
    (data / TABLE / "backups" / "nb-2-big-Data.db").write_text("more")
    (machine.root / "slot.env").write_text("AWS_REGION=us-east-1\nRING=users\nNODE=users-a0\nBUCKET=absent\n")
    assert back_up("increments").returncode != 0
    assert (data / TABLE / "backups" / "nb-2-big-Data.db").exists()


def test_rejects_what_it_does_not_know(s3, back_up):
    assert back_up("everything").returncode == 2
