"""What a machine needs to hand its program's segments to X-Ray: the CloudWatch agent, of Amazon Linux.

It takes what X-Ray's own daemon took, which AWS no longer develops: segments by UDP, and questions about
sampling by TCP. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Agent-Configuration-File-Details.html
"""

from components.machine import BOOT, BootFile

PACKAGE = "amazon-cloudwatch-agent"
UNIT = "amazon-cloudwatch-agent.service"
ADDRESS = "127.0.0.1:2000"
"""Only programs of the machine itself reach it."""
ENVIRONMENT = {"AWS_XRAY_DAEMON_ADDRESS": ADDRESS}
FILES = {
    "/opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.json": BootFile(
        (BOOT / "trace-agent.json").read_text(encoding="utf-8")
    )
}
