"""Looking around in a deployment."""

from fourplane import case_study, project
from fourplane.chaos import strike
from fourplane.drawn import Drawing

ZONES = {"us-east-1a", "us-east-1b", "us-east-1c"}


def instances(deployed, **tags):
    filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
    alive = {"Name": "instance-state-name", "Values": ["running"]}
    pages = deployed.client("ec2").describe_instances(Filters=[alive, *filters])["Reservations"]
    return [instance for page in pages for instance in page["Instances"]]


def zones(found):
    return {instance["Placement"]["AvailabilityZone"] for instance in found}


def struck(deployed, wish, **settings):
    """The report on a deployment after a fault, judged by the complete architecture of its case study."""
    study = case_study.read(project.find(), deployed.graph.stack).under(settings)
    drawn = Drawing(study, deployed.graph).of_the_whole() or None
    return strike(deployed.graph, deployed.cloud.client, wish, drawn)


def component(report, name, type):
    shown = report.as_json()["components"]
    return next(one for one in shown if (one["component"], one["type"]) == (name, type))


def arrow(report, client, server):
    return next(a for a in report.as_json()["arrows"] if (a["from"], a["to"]) == (client, server))
