"""What databases, event streams and search clusters of AWS's own need.

The sandbox has no failover: what is asked is who stands in a zone that is left, and could take over.
"""

import json
import math

from fourplane.chaos.global_databases import writing
from fourplane.chaos.needs import BROKEN, DEGRADED, WORKS, Finding, Part, needs


@needs("AuroraMySql")
def aurora(part: Part) -> Finding:
    """An instance in a living zone, which is the writer or becomes it. The data is in three zones anyway.

    A copy of another region's cluster must become the writer too, when that region is lost.
    """
    rds, homes, writers = part.client("rds"), dict[str, str](), set[str]()
    for cluster in part.own("aws:rds/cluster:Cluster"):
        found = rds.describe_db_clusters(DBClusterIdentifier=cluster.id)["DBClusters"][0]
        writers |= {
            one["DBInstanceIdentifier"] for one in found["DBClusterMembers"] if one["IsClusterWriter"]
        }
    for instance in part.own("aws:rds/clusterInstance:ClusterInstance"):
        found = rds.describe_db_instances(DBInstanceIdentifier=instance.id)["DBInstances"][0]
        homes[found["DBInstanceIdentifier"]] = found["AvailabilityZone"]
    left = sorted(name for name, zone in homes.items() if zone not in part.now.dead_zones)
    has, needed = f"{len(left)} of {len(homes)} instances", "one that writes"
    if not left:
        return Finding(BROKEN, has, needed, f"they were only in {', '.join(sorted(set(homes.values())))}")
    if writers & set(left):
        return writing(part, Finding(WORKS, has, needed, ""))
    taken = f"{left[0]} takes over from {', '.join(sorted(writers))}, within about a minute"
    return writing(part, Finding(WORKS, has, needed, taken if writers else ""))


@needs("SearchDomain")
def search(part: Part) -> Finding:
    """Most of the masters, and a data node; with three zones or more, the loss of one leaves both.

    Masters are spread over the zones, but AWS does not say which zone of two has two of three: the worst is
    taken.
    """
    domain = part.own("aws:opensearch/domain:Domain")[0].inputs
    nodes = domain["clusterConfig"]
    subnets = domain["vpcOptions"]["subnetIds"]
    data = int(nodes["instanceCount"])
    masters = int(nodes.get("dedicatedMasterCount", 0)) or data
    lost = len(subnets) - len(part.now.living(subnets))
    left = max(0, masters - lost * math.ceil(masters / len(subnets)))
    stay = max(0, data - lost * math.ceil(data / len(subnets)))
    wanted = masters // 2 + 1
    has = f"{stay} of {data} data nodes and {left} of {masters} masters"
    needed = f"1 data node and {wanted} masters"
    if left < wanted or not stay:
        return Finding(
            BROKEN, has, needed, "at worst, for one zone may hold two of the masters" if stay else ""
        )
    return Finding(WORKS, has, needed, f"{lost} of {len(subnets)} zones lost" if lost else "")


@needs("PostgreSql")
def postgresql(part: Part) -> Finding:
    """An instance in a living zone: the one that answers, or its standby, which takes its place."""
    (resource,) = part.own("aws:rds/instance:Instance")
    found = part.client("rds").describe_db_instances(DBInstanceIdentifier=resource.id)["DBInstances"][0]
    subnets: list[str] = part.own("aws:rds/subnetGroup:SubnetGroup")[0].inputs["subnetIds"]
    zone, standby = found["AvailabilityZone"], found["MultiAZ"]
    gone = zone in part.now.dead_zones
    if found["DBInstanceStatus"] != "available":
        why = "there is no standby: nothing answers until RDS has started it again, which takes minutes"
        return Finding(DEGRADED, "0 of 1 instance", "one that answers", why)
    if gone and not standby:
        why = f"it was only in {zone}, and somebody must restore its backup elsewhere"
        return Finding(BROKEN, "0 of 1 instance", "one that answers", why)
    if not part.now.living(subnets):
        return Finding(BROKEN, "0 of 2 instances", "one that answers", "no zone is left")
    if not standby:
        return Finding(WORKS, "1 of 1 instance, and no standby", "one that answers", "")
    if part.now.dead_zones & {part.scene.subnet_zones[one] for one in subnets}:
        # RDS chooses the standby's zone; it is another one, and the instance goes there or stays.
        why = f"its standby takes over from {zone}, within about two minutes" if gone else ""
        return Finding(WORKS, "1 of 2 instances at least", "one that answers", why)
    return Finding(WORKS, "2 of 2 instances", "one that answers", "")


@needs("KafkaCluster")
def kafka(part: Part) -> Finding:
    """Of every partition as many copies as a write must reach. Each zone has its share of them, and another
    copy becomes the leader."""
    (cluster,) = part.own("aws:msk/cluster:Cluster")
    subnets: list[str] = cluster.inputs["brokerNodeGroupInfo"]["clientSubnets"]
    topics = [topic.inputs for topic in part.own("aws:msk/topic:Topic")]
    lost = len(subnets) - len(part.now.living(subnets))
    copies = min(int(one["replicationFactor"]) for one in topics)
    wanted = max(int(json.loads(one["configs"])["min.insync.replicas"]) for one in topics)
    left = max(0, copies - lost * math.ceil(copies / len(subnets)))
    has, needed = f"{left} of {copies} copies of each partition", f"{wanted}, so that a write is taken"
    if left < wanted:
        return Finding(BROKEN, has, needed, "events can be read, and none written" if left else "")
    return Finding(WORKS, has, needed, f"{lost} of {len(subnets)} zones lost" if lost else "")


@needs("DaxCluster")
def dax(part: Part) -> Finding:
    """A node in a living zone: any can become the one that writes. AWS spreads them evenly over the subnets'
    zones, and does not say which has one more: the worst is taken."""
    nodes = int(part.own("aws:dax/cluster:Cluster")[0].inputs["replicationFactor"])
    subnets: list[str] = part.own("aws:dax/subnetGroup:SubnetGroup")[0].inputs["subnetIds"]
    lost = len(subnets) - len(part.now.living(subnets))
    left = max(0, nodes - lost * math.ceil(nodes / len(subnets)))
    has, needed = f"{left} of {nodes} nodes", "one that writes"
    if not left:
        return Finding(BROKEN, has, needed, "at worst, no node is left, and clients must ask the tables")
    why = f"{lost} of {len(subnets)} zones lost, and AWS starts the nodes again elsewhere" if lost else ""
    return Finding(WORKS, has, needed, why)


@needs("Warehouse")
def warehouse(part: Part) -> Finding:
    """Nodes in a living zone. AWS does not say in which two of the zones they are: the lost may be one."""
    (resource,) = part.own("aws:redshift/cluster:Cluster")
    found = part.client("redshift").describe_clusters(ClusterIdentifier=resource.id)["Clusters"][0]
    subnets: list[str] = part.own("aws:redshift/subnetGroup:SubnetGroup")[0].inputs["subnetIds"]
    zones, needed = 2 if resource.inputs.get("multiAz") else 1, "one zone that answers"
    lost = len(subnets) - len(part.now.living(subnets))
    if lost >= len(subnets):
        return Finding(BROKEN, "0 zones", needed, "no zone is left")
    if zones == 2:
        left = max(0, 2 - lost)
        state = WORKS if left else DEGRADED
        why = "queries that ran in the lost zone must be asked again" if lost else ""
        return Finding(state, f"{left} of 2 zones at least", needed, why)
    if found["AvailabilityZone"] in part.now.dead_zones:
        why = f"it was in {found['AvailabilityZone']}, and AWS moves it to another zone, which takes minutes"
        return Finding(DEGRADED, "0 of 1 zone", needed, why)
    return Finding(WORKS, "1 of 1 zone, and no standby", needed, "")
