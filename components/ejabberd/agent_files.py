"""The agent that stands beside ejabberd, as files of a machine."""

from pathlib import Path

from components.machine import BootFile

HERE = Path(__file__).parent
ENVIRONMENT = "/etc/fourplane/agent.env"
"""What the agent reads, lines of KEY=value: REGION, NAMESPACE and NODE; LOG_GROUP and LOG_FILE where it is to
ship a log; HOOK_NAME where it is to drain the node. The instance's tags say GROUP_NAME if it does not."""
SERVICE = {"freebsd": "ejabberd_agent", "linux": "ejabberd-agent.service"}
"""What a machine has to enable and start, after ejabberd."""


def files(system: str) -> dict[str, BootFile]:
    """Its program and its service, all but `ENVIRONMENT`. It needs boto3, of the system's own packages."""
    program = {"/usr/local/bin/ejabberd-agent": BootFile.program(HERE / "agent.py")}
    if system == "freebsd":
        return {
            **program,
            f"/usr/local/etc/rc.d/{SERVICE[system]}": BootFile.program(HERE / "ejabberd-agent.rc.sh"),
        }
    unit = (HERE / "ejabberd-agent.service").read_text(encoding="utf-8")
    return {**program, f"/etc/systemd/system/{SERVICE[system]}": BootFile(unit)}
