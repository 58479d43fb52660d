"""Looking around in a deployment."""

from fourplane import case_study, project
from fourplane.drawn import Drawing

ZONES = {"us-east-1a", "us-east-1b", "us-east-1c"}


def instances(deployed, **tags):
    filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
    alive = {"Name": "instance-state-name", "Values": ["running"]}
    pages = deployed.client("ec2").describe_instances(Filters=[alive, *filters])["Reservations"]
    return [instance for page in pages for instance in page["Instances"]]


def zones(found):
    return {instance["Placement"]["AvailabilityZone"] for instance in found}


def drawn(graph):
    """What the complete architecture of a stack's case study joins."""
    return Drawing(case_study.read(project.find(), graph.stack), graph).of_the_whole()


def component(report, name, type):
    shown = report.as_json()["components"]
    return next(one for one in shown if (one["component"], one["type"]) == (name, type))


def arrow(report, client, server):
    return next(a for a in report.as_json()["arrows"] if (a["from"], a["to"]) == (client, server))
