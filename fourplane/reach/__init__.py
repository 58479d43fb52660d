"""Who can reach whom, read from what a stack registered: closed until something opens it.

A way goes from one component to another, and says by what and at which port or with which action. Every kind
of way has a file and a small function of its own. Ways inside one component are left out, but for those among
the pods of one workload.

What is not looked at, so that a way may be shown that is not there: network ACLs; routes, except those
between two linked networks; Deny statements of resources' own policies; and conditions of IAM documents,
except on the caller (aws:SourceArn) and on tags of what is used (aws:ResourceTag).
"""

from fourplane.graph import Graph
from fourplane.reach.canaries import canary_ways
from fourplane.reach.directory import AWS, INTERNET, Directory, Way
from fourplane.reach.distributions import distribution_ways
from fourplane.reach.events import event_ways
from fourplane.reach.experiments import experiment_ways
from fourplane.reach.grants import grant_ways
from fourplane.reach.groups import group_ways
from fourplane.reach.pods import among_ways, pod_ways
from fourplane.reach.schedules import schedule_ways
from fourplane.reach.sites import site_ways
from fourplane.reach.watching import watching_ways

__all__ = ["AWS", "INTERNET", "Way", "reach"]


def reach(graph: Graph) -> set[Way]:
    """Every way between two components of a stack, deployed or previewed, and from and to the outside."""
    directory = Directory(graph)
    kinds = (group_ways, distribution_ways, grant_ways, event_ways, canary_ways)
    kinds += (experiment_ways, watching_ways, site_ways, pod_ways, schedule_ways)
    ways = {way for ways in kinds for way in ways(directory) if way.source != way.target}
    return ways | set(among_ways(directory))
