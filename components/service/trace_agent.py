"""What a machine needs to hand its program's segments to X-Ray: the CloudWatch agent, of Amazon Linux.

It takes what X-Ray's own daemon took, which AWS no longer develops: segments by UDP, and questions about
sampling by TCP. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Agent-Configuration-File-Details.html
"""

from components.machine import BOOT, BootFile

PACKAGE = "amazon-cloudwatch-agent"
UNIT = "amazon-cloudwatch-agent.service"
ADDRESS = "127.0.0.1:2000"
"""Only programs of the machine itself reach it."""
FILES = {
    "/opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.json": BootFile(
        (BOOT / "trace-agent.json").read_text(encoding="utf-8")
    )
}


def environment(service: str) -> dict[str, str]:
    """What a program knows of it, and the name that its segments have: Tracing's groups find them by that."""
    return {"AWS_XRAY_DAEMON_ADDRESS": ADDRESS, "SERVICE_NAME": service}
