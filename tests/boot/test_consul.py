"""How a server of Consul starts, with a stand-in for Consul: it can be had from nobody here."""

import json
import os
import signal
import subprocess
import time

import pytest

from components.control.consul import FILES

TOKENS = {"GOSSIP_KEY": "Z29zc2lw", "MANAGEMENT_TOKEN": "all", "SERVICES_TOKEN": "some"}
POD = {
    "POD_NAME": "directory-1",
    "POD_IP": "10.0.0.1",
    "PEERS": "directory-pods.space.svc.cluster.local",
    "NAME": "directory",
    "SERVERS": "3",
    "RETRY_SECONDS": "0.01",
}
# It has a leader from the third call on, and knows then what it was told.
CONSUL = """
case "$1 $2 $3" in
agent*) sleep 30 ;;
"acl policy create")
    echo "$CONSUL_HTTP_TOKEN" >>$RUN_DIRECTORY/asked
    [ $(wc -l <$RUN_DIRECTORY/asked) -ge 3 ] && mkdir $RUN_DIRECTORY/policy 2>/dev/null ;;
"acl policy update") [ -e $RUN_DIRECTORY/policy ] ;;
"acl token read") [ -e $RUN_DIRECTORY/token ] && [ "$CONSUL_HTTP_TOKEN" = some ] ;;
"acl token create") touch $RUN_DIRECTORY/token ;;
esac
"""


@pytest.fixture
def start(machine, tmp_path):
    """start(): how Consul was called until services may log in, by a server that then is ended."""
    machine.stand_in("consul", CONSUL)

    def start():
        env = {**POD, **TOKENS, "RUN_DIRECTORY": str(tmp_path)}
        agents = sum("consul agent" in call for call in machine.called())
        server = machine.start(FILES / "start-server.sh", env=env)
        assert server.stdout.readline() == "start-server: services may log in\n"
        while sum("consul agent" in call for call in machine.called()) == agents:
            time.sleep(0.01)
        os.killpg(server.pid, signal.SIGKILL)
        server.communicate()
        return machine.called()

    return start


def test_a_server_joins_the_others_and_not_itself(start):
    (agent,) = [call for call in start() if call.startswith("consul agent")]
    joined = [f"-retry-join=directory-{other}.directory-pods.space.svc.cluster.local" for other in (0, 2)]
    assert agent.split()[-4:] == ["-node=directory-1", "-advertise=10.0.0.1", *joined]


def test_secrets_are_in_a_file_of_its_own_and_the_services_token_alone_on_the_command_line(start, tmp_path):
    called = "\n".join(start())
    assert not any(secret in called for secret in ("Z29zc2lw", "-secret all"))
    told = json.loads((tmp_path / "secrets.json").read_text())
    assert told == {"encrypt": "Z29zc2lw", "acl": {"tokens": {"initial_management": "all", "agent": "all"}}}
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0


def test_services_may_log_in_as_soon_as_there_is_a_leader(start, tmp_path):
    created = [call for call in start() if "acl token create" in call]
    assert created == ["consul acl token create -secret some -policy-name services -description Services"]
    assert set((tmp_path / "asked").read_text().split()) == {"all"}


def test_a_server_that_starts_anew_changes_the_policy_and_keeps_the_token(start, tmp_path):
    start()
    before = len(start())
    again = start()[before:]
    assert any("acl policy update" in call for call in again)
    assert not any("acl token create" in call for call in again)


def test_shellcheck_takes_the_script(program):
    script = str(FILES / "start-server.sh")
    checked = subprocess.run([program("shellcheck", "shellcheck"), script], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
