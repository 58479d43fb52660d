"""The log of an ejabberd node, shipped to an emulated CloudWatch."""

import shutil

import boto3
import pytest
from moto import mock_aws

from tests.boot.agent_machine import line, loaded, nobody, once, time_of
from tests.boot.conftest import REGION


@pytest.fixture
def agent():
    return loaded()


@pytest.fixture
def cloud():
    """cloud(service): a client of an emulator in the test's own process."""
    with mock_aws():
        yield lambda service: boto3.client(service, region_name=REGION)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ejabberd.log"


@pytest.fixture
def logs(cloud):
    logs = cloud("logs")
    logs.create_log_group(logGroupName="/dev/chat")
    return logs


@pytest.fixture
def ship(agent, path, logs):
    """Ship what there is, as an agent that has just been started."""
    position = path.parent / "position.json"
    return lambda: agent.Log(logs, "/dev/chat", "chat-a0", str(path), position).run()


@pytest.fixture
def shipped(logs):
    def events():
        found = logs.get_log_events(logGroupName="/dev/chat", logStreamName="chat-a0", startFromHead=True)
        return [event["message"] + "\n" for event in found["events"]]

    return events


def test_goes_on_where_an_agent_before_it_left_off(path, ship, shipped):
    path.write_text(line(1) + line(2) + line(3)[:40])
    ship()
    ship()
    assert shipped() == [line(1), line(2)]
    path.write_text(line(1) + line(2) + line(3) + line(4))
    ship()
    assert shipped() == [line(number) for number in (1, 2, 3, 4)]


def test_an_entry_of_several_lines_is_one_event_at_its_own_time(path, ship, shipped, logs):
    path.write_text(crash := line(1, "[error] crash") + "** reason:\n\n   badmatch\n")
    ship()
    assert shipped() == [crash]
    found = logs.get_log_events(logGroupName="/dev/chat", logStreamName="chat-a0")["events"]
    assert found[0]["timestamp"] == int(time_of(1).timestamp() * 1000)


def rotate(path):
    for old in sorted(path.parent.glob("ejabberd.log.*"), reverse=True):
        old.rename(f"{path}.{int(old.suffix[1:]) + 1}")
    path.rename(f"{path}.0")


@pytest.mark.parametrize("rotations", [1, 2])
def test_loses_and_repeats_nothing_when_the_log_is_rotated(path, ship, shipped, rotations):
    path.write_text(line(1))
    ship()
    for rotation in range(1, rotations + 1):  # before the agent looks again
        with path.open("a") as file:
            file.write(line(2 * rotation))
        rotate(path)
        path.write_text(line(2 * rotation + 1))
    ship()
    ship()
    assert shipped() == [line(number) for number in range(1, 2 * rotations + 2)]


def test_loses_nothing_when_the_log_is_copied_and_cut_off(path, ship, shipped):
    path.write_text(line(1))
    ship()
    path.write_text(line(1) + line(2))
    shutil.copy(path, f"{path}.1")
    path.write_text(line(3))
    ship()
    assert shipped() == [line(number) for number in (1, 2, 3)]


def test_what_aws_did_not_take_is_shipped_later(agent, path, ship, shipped, tmp_path):
    path.write_text(line(1))
    lost = agent.Log(nobody("logs"), "/dev/chat", "chat-a0", str(path), tmp_path / "position.json")
    once(agent, lost)
    ship()
    assert shipped() == [line(1)]


def test_a_position_that_is_broken_ships_all(path, ship, shipped, tmp_path):
    (tmp_path / "position.json").write_text('{"head": 1')
    path.write_text(line(1))
    ship()
    assert shipped() == [line(1)]


def test_a_batch_is_never_more_than_aws_takes(agent, path, logs, tmp_path):
    shortest = [f"2026-11-{day:02} 12:00:00.000000+00:00 \n" for day in range(1, 29) for _ in range(400)]
    path.write_text("".join(shortest) + "x" * 600_000 + "\n" + line(1))
    sent = []

    class Logs:
        exceptions = logs.exceptions
        put_log_events = staticmethod(lambda **batch: sent.append(batch["logEvents"]))

    agent.Log(Logs(), "/dev/chat", "chat-a0", str(path), tmp_path / "position.json").run()
    assert sum(len(event["message"]) for batch in sent for event in batch) > 950_000
    for batch in sent:
        times = [event["timestamp"] for event in batch]
        assert times == sorted(times) and times[-1] - times[0] < 24 * 3600 * 1000
        assert len(batch) <= 10_000 and max(len(event["message"]) for event in batch) <= 256 * 1024
        assert sum(len(event["message"].encode()) + 26 for event in batch) <= 1024 * 1024
