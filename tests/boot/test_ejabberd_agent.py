"""The program that stands beside an ejabberd node, against a stand-in for the node and its instance, and an
emulated CloudWatch."""

import ast
import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from components.ejabberd.agent_files import SERVICE, files
from tests.boot.agent_machine import PROGRAM, STATE, VITALS, Node, line, loaded, nobody, once
from tests.boot.conftest import KEYS, REGION
from tests.boot.redis_machine import free_port
from tests.boot.test_alertmanager import until


@pytest.fixture
def node():
    with Node() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def agent():
    return loaded()


@pytest.fixture
def cloud():
    """cloud(service): a client of an emulator in the test's own process."""
    with mock_aws():
        yield lambda service: boto3.client(service, region_name=REGION)


def measured(cloudwatch, name, statistic="Sum"):
    """What CloudWatch has of the node's metric."""
    now = datetime.now(UTC)
    found = cloudwatch.get_metric_statistics(
        Namespace="dev-chat",
        MetricName=name,
        Dimensions=[{"Name": "Node", "Value": "a"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200,
        Statistics=[statistic],
    )
    return sum(point[statistic] for point in found["Datapoints"])


class TestVitals:
    @pytest.fixture
    def cloudwatch(self, cloud):
        return cloud("cloudwatch")

    def test_are_told_of_the_node_and_among_all_nodes(self, agent, node, cloudwatch):
        agent.Vitals(f"{node.address}/api", cloudwatch, "dev-chat", "a").run()
        told = cloudwatch.list_metrics(Namespace="dev-chat", MetricName="connections")["Metrics"]
        assert [metric["Dimensions"] for metric in told] == [[], [{"Name": "Node", "Value": "a"}]]
        assert measured(cloudwatch, "connections") == 2 and measured(cloudwatch, "cores") == os.cpu_count()
        assert measured(cloudwatch, "delivery_p99_ms", "Maximum") == 12.5

    def test_counters_are_told_as_what_they_grew_by_even_when_a_node_began_anew(
        self, agent, node, cloudwatch
    ):
        vitals = agent.Vitals(f"{node.address}/api", cloudwatch, "dev-chat", "a")
        for sent, told in ((1000, 0), (1300, 300), (50, 350)):
            node.vitals["messages_sent"] = sent
            vitals.run()
            assert measured(cloudwatch, "messages_sent") == told

    def test_what_cloudwatch_does_not_take_is_told_later(self, agent, node, cloudwatch):
        vitals = agent.Vitals(f"{node.address}/api", cloudwatch, "dev-chat", "a")
        vitals.run()
        node.vitals["messages_sent"] = 1100
        vitals._cloudwatch = nobody("cloudwatch")
        once(agent, vitals)
        vitals._cloudwatch = cloudwatch
        vitals.run()
        assert measured(cloudwatch, "messages_sent") == 100

    @pytest.mark.parametrize(
        "said", [b"", b"<html>", b"[1, 2]", b"null", b'{"connections": ', b"\xff\xfe", b"[" * 9999]
    )
    def test_an_answer_without_sense_ends_nothing(self, agent, node, cloudwatch, said):
        vitals = agent.Vitals(f"{node.address}/api", cloudwatch, "dev-chat", "a")
        node.vitals = said
        once(agent, vitals)
        node.status, node.vitals = 500, {}
        once(agent, vitals)
        node.status, node.vitals = 200, VITALS
        vitals.run()
        assert measured(cloudwatch, "connections", "SampleCount") == 1

    def test_what_is_no_number_is_left_out_alone(self, agent, node, cloudwatch):
        node.vitals = {
            "connections": 2,
            "run_queue": "many",
            "ports": None,
            "memory_bytes": "nan",
            "": 1,
            "A b": 1,
        }
        agent.Vitals(f"{node.address}/api", cloudwatch, "dev-chat", "a").run()
        told = {one["MetricName"] for one in cloudwatch.list_metrics(Namespace="dev-chat")["Metrics"]}
        assert told == {"connections", "cores"}

    def test_the_fewest_connections_that_a_card_can_still_track_are_told(self, agent, machine, monkeypatch):
        machine.stand_in(
            "ethtool", '[[ $2 == lo ]] && echo "  conntrack_allowance_available: 136812" || exit 94'
        )
        monkeypatch.setenv("PATH", f"{machine.root}/bin", prepend=":")
        assert agent.tracked_left() == {"conntrack_left": 136812}


class TestDrain:
    @pytest.fixture
    def drain(self, agent, node):
        at = {"endpoint_url": node.address, "region_name": REGION}
        autoscaling = boto3.client("autoscaling", **at, aws_access_key_id="a", aws_secret_access_key="b")
        return agent.Drain(f"{node.address}/api", node.address, autoscaling, "", "drain")

    def test_an_instance_that_is_to_end_may_once_nobody_is_connected(self, drain, node):
        drain.run()
        assert node.drains == 0
        node.metadata[STATE] = "Terminated"
        drain.run()
        assert node.drains == 1 and not node.ended
        node.vitals["connections"] = 0
        drain.run()
        drain.run()
        assert node.drains == 1 and len(node.ended) == 1
        assert node.ended[0].items() >= {
            ("Action", "CompleteLifecycleAction"), ("AutoScalingGroupName", "g-1"), ("InstanceId", "i-1"),
            ("LifecycleHookName", "drain"), ("LifecycleActionResult", "CONTINUE"),
        }  # fmt: skip

    def test_an_instance_outside_a_group_is_left_alone(self, drain, node):
        del node.metadata[STATE]
        drain.run()
        assert node.drains == 0

    def test_it_says_so_again_until_auto_scaling_takes_it(self, agent, drain, node):
        node.metadata[STATE], node.vitals["connections"], node.waits = "Terminated", 0, False
        once(agent, drain)
        assert not node.ended
        node.waits = True
        drain.run()
        assert len(node.ended) == 1

    def test_an_answer_without_sense_is_not_an_empty_node(self, agent, drain, node):
        node.metadata[STATE] = "Terminated"
        for said in (b"<html>", {}, {"connections": "none"}):
            node.vitals = said
            once(agent, drain)
        assert node.drains == 1 and not node.ended

    def test_a_node_that_has_ended_is_not_waited_for(self, agent, drain, node):
        node.metadata[STATE] = "Terminated"
        drain._api = f"http://127.0.0.1:{free_port()}/api"
        drain.run()
        assert not node.ended
        agent.GONE_SECONDS = 0
        drain.run()
        assert len(node.ended) == 1


def test_the_service_does_its_three_duties_and_ships_the_last_line(node, endpoint, client, tmp_path):
    log = tmp_path / "ejabberd.log"
    log.write_text(line(1))
    client("logs").create_log_group(logGroupName="/dev/chat")
    node.metadata[STATE], node.vitals["connections"] = "Terminated", 0
    environment = {
        **os.environ,
        **KEYS,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_AUTO_SCALING": node.address,
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{node.address}/",
        "API": f"{node.address}/api",
        "STATE_DIRECTORY": str(tmp_path),
        "REGION": REGION,
        "NAMESPACE": "dev-chat",
        "NODE": "chat-a0",
        "LOG_GROUP": "/dev/chat",
        "LOG_FILE": str(log),
        "GROUP_NAME": "g-0",
        "HOOK_NAME": "drain",
    }
    with subprocess.Popen(
        [sys.executable, PROGRAM], env=environment, stderr=subprocess.PIPE, text=True
    ) as agent:
        try:
            until(lambda: node.ended and (tmp_path / "position.json").exists())
            until(lambda: client("cloudwatch").list_metrics(Namespace="dev-chat")["Metrics"])
            log.write_text(line(1) + line(2))
            agent.send_signal(signal.SIGTERM)
            _, said = agent.communicate(timeout=15)
        finally:
            agent.kill()
    found = client("logs").get_log_events(logGroupName="/dev/chat", logStreamName="chat-a0")["events"]
    assert [event["message"] for event in found] == [line(1)[:-1], line(2)[:-1]], said
    assert node.ended[0]["AutoScalingGroupName"] == "g-0" and agent.returncode == 0, said


def test_amazon_linuxs_python_takes_the_program():
    ast.parse(PROGRAM.read_text(), feature_version=(3, 9))
    python = shutil.which("python3.9")
    if python is None:
        pytest.skip("its grammar is 3.9's; python3.9 is not installed to prove it")
    compiled = subprocess.run(
        [python, "-m", "py_compile", PROGRAM], env={**os.environ, "PYENV_VERSION": "3.9"}
    )
    assert compiled.returncode == 0


def test_systemd_takes_the_unit(program, tmp_path):
    systemd = program("systemd-analyze", "systemd")
    unit = files("linux")[f"/etc/systemd/system/{SERVICE['linux']}"].text
    path = tmp_path / SERVICE["linux"]
    path.write_text(unit.replace("/usr/bin/python3 ", "/bin/true "))
    checked = subprocess.run([systemd, "verify", "--man=no", path], capture_output=True, text=True)
    assert checked.returncode == 0 and str(tmp_path) not in checked.stderr, checked.stderr


def test_rc_starts_the_program_and_has_the_cards_say_what_they_track(machine, tmp_path):
    """With as much of FreeBSD's rc.subr as the script goes by."""
    stand_in = "load_rc_config() { :; }\nrun_rc_command() { $start_precmd && echo $command $command_args; }\n"
    (tmp_path / "rc.subr").write_text(stand_in)
    script = files("freebsd")[f"/usr/local/etc/rc.d/{SERVICE['freebsd']}"].text
    (tmp_path / "script").write_text(script.replace("/etc/rc.subr", f"{tmp_path}/rc.subr"))
    machine.stand_in("install")
    machine.stand_in("sysctl", "[ $1 = -N ] && echo dev.ena.0.stats_sample_interval && echo dev.ena.0.mtu")
    started = machine.run("/bin/sh", str(tmp_path / "script"), "start", env={})
    assert "daemon" in started.stdout and "/usr/local/bin/ejabberd-agent" in started.stdout, started.stderr
    assert machine.called()[-1] == "sysctl dev.ena.0.stats_sample_interval=30"
