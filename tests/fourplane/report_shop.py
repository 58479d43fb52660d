"""A small shop to make pages of: its program, its case study, and what the other commands say of it."""

import base64
import gzip
from pathlib import Path

import pulumi
import pulumi_aws as aws

from fourplane import case_study, check, diagram
from fourplane.chaos.needs import BROKEN, WORKS, Finding
from fourplane.cost.bill import bill
from fourplane.cost.book import Book
from fourplane.cost.usage import Usage
from fourplane.preview import Preview
from fourplane.project import Project
from fourplane.report import Seen, Struck

PASSWORD = "correct-horse-battery"
LONG = "x" * 1490
STUDY = """
title: The <Shop>
metrics: []
diagrams:
  whole:
    nodes:
      WEB: {label: Web & co, made_true_by: [Shop web], note: It serves.,
        departure: {record: It is not so., source: "https://example.com/record"}}
      DB: {label: Orders, made_true_by: [Store orders]}
      MAIL: {label: Mail, not_yet: nobody writes}
    arrows:
      - {from: WEB, to: DB, made_true_by: [iam RolePolicy web-to-orders]}
lists:
  settings:
    size: {says: "1", made_true_by: [Shop web]}
"""


class Store(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("fourplane:index:Store", name)
        tags, child = {"plane": "state", "component": name}, pulumi.ResourceOptions(parent=self)
        self.bucket = aws.s3.Bucket(name, tags=tags, opts=child)
        secret = pulumi.Output.secret(PASSWORD)
        aws.ssm.Parameter(name, type="SecureString", value=secret, tags=tags, opts=child)
        # The secret stands where a long setting is cut.
        text = pulumi.Output.concat(LONG, secret, "y" * 400)
        aws.ssm.Document(
            name, document_type="Command", content=pulumi.Output.unsecret(text), tags=tags, opts=child
        )


class Shop(pulumi.ComponentResource):
    def __init__(self, name, store):
        super().__init__("fourplane:index:Shop", name)
        tags, child = {"plane": "service", "component": name}, pulumi.ResourceOptions(parent=self)
        boot = base64.b64encode(gzip.compress(f"#cloud-config\n# {PASSWORD} </script>".encode())).decode()
        aws.ec2.LaunchTemplate(name, instance_type="t4g.small", user_data=boot, tags=tags, opts=child)
        role = aws.iam.Role(name, assume_role_policy="{}", tags=tags, opts=child)
        allow = {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": pulumi.Output.concat(store.bucket.arn, "/*"),
        }
        policy = pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [allow]})
        aws.iam.RolePolicy(f"{name}-to-{store.bucket._name}", role=role.id, policy=policy, opts=child)


def program():
    store = Store("orders")
    Shop("web", store)
    topic = aws.sns.Topic("told", tags={"plane": "control"})
    for name, of in (("full", store.bucket.bucket), ("deaf", "nobody")):
        aws.cloudwatch.MetricAlarm(
            name,
            namespace="AWS/S3",
            metric_name="4xxErrors",
            dimensions={"BucketName": of},
            statistic="Sum",
            comparison_operator="GreaterThanThreshold",
            threshold=5,
            evaluation_periods=2,
            period=60,
            alarm_actions=[topic.arn],
            tags={"plane": "control"},
        )


def seen(run_in, folder: Path) -> Seen:
    """All that a page can tell, of a preview."""
    graph = run_in(folder, program, Preview(), preview=True)
    (folder / "case_studies").mkdir()
    (folder / "case_studies/dev.yaml").write_text(STUDY)
    study = case_study.read(Project(folder, "test", folder / "__main__.py", folder), "dev")
    urns = {one.name: one.urn for one in graph.values() if not one.custom}
    found = {
        urns["orders"]: Finding(BROKEN, "nothing", "one", "no copy is left"),
        urns["web"]: Finding(WORKS, "1", "1", ""),
    }
    struck = Struck("us-east-1a", "zone us-east-1a", False, 1, ((urns["web"], urns["orders"]),), found)
    url = "https://example.com"
    rules = [
        check.Rule("a_bucket_is_kept", "It is gone else.", "high", ["S3.1"], [], "keep it", url, "mandatory"),
        check.Rule("a_shop_speaks_tls_1_2", "It is read else.", "", [], [], "", "", "advisory"),
    ]
    mend = "keep it (https://example.com/keep)"
    broken = check.Violation(
        "a_bucket_is_kept", graph.one("aws:s3/bucket:Bucket").urn, "mandatory", "It is not", mend
    )
    verdict = check.Verdict("dev", "ours", None, rules, [broken])
    costs = bill(graph, Book(), Usage())
    return Seen(graph, diagram.draw(graph, study), study, costs, verdict=verdict, struck=[struck])
