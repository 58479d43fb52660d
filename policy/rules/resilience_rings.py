"""Kafka and Cassandra: enough copies, in enough zones, and work to do while one is away."""

from policy import cassandra, kafka
from policy.resource import Resource, Stack
from policy.rule import HIGH, MEDIUM, Complaints, rule
from policy.zones import zones

KAFKA = "aws:msk/cluster:Cluster"
TOLD = (kafka.CONFIGURATION, *kafka.TOPICS)
NODES = (cassandra.TEMPLATE, cassandra.INSTANCE)
BEST = "https://docs.aws.amazon.com/msk/latest/developerguide/bestpractices.html"
THREE: dict[str, dict[str, object]] = {"least": {"type": "integer", "minimum": 1, "default": 3}}


@rule(
    TOLD,
    severity=HIGH,
    frameworks=("WA REL10-BP01",),
    mend="set default.replication.factor, offsets.topic.replication.factor and "
    "transaction.state.log.replication.factor (replicationFactor of a topic) to 3 or more",
    url=BEST,
    parameters=THREE,
)
def each_event_is_on_three_brokers(told: Resource, least: int) -> Complaints:
    """With two copies a broker that is being patched leaves one, and the next fault none."""
    for name, copies, _ in kafka.copies(told):
        if copies < least:
            yield f"keeps {copies:g} copies ({name}); {least} are asked for"


@rule(
    TOLD,
    severity=HIGH,
    frameworks=("WA REL11-BP03",),
    mend="set min.insync.replicas to 2, and in any case below the number of copies",
    url=BEST,
)
def one_broker_may_be_away_while_events_are_written(told: Resource) -> Complaints:
    """Where every copy must have an event before it counts, a rolling patch stops all writing."""
    for name, copies, in_step in kafka.copies(told):
        if in_step is not None and in_step > copies - 1:
            yield f"waits for {in_step:g} of {copies:g} copies ({name})"
        if in_step is not None and in_step < min(2, copies - 1):
            yield f"counts an event that {in_step:g} of {copies:g} brokers has ({name})"


@rule(
    kafka.CONFIGURATION,
    severity=HIGH,
    frameworks=("WA REL09-BP01",),
    mend="set unclean.leader.election.enable=false in serverProperties",
    url="https://docs.aws.amazon.com/msk/latest/developerguide/msk-default-configuration.html",
)
def no_broker_leads_that_missed_events(configuration: Resource) -> Complaints:
    """MSK's default takes any broker as leader rather than none, and drops what that one had not got."""
    if kafka.settings(configuration).get("unclean.leader.election.enable", "true") != "false":
        yield "lets a broker lead that missed events"


@rule(
    KAFKA,
    severity=HIGH,
    frameworks=("WA REL10-BP01",),
    mend="give brokerNodeGroupInfo.clientSubnets a subnet in each of three zones, with as many brokers each",
    url=BEST,
    parameters=THREE,
)
def brokers_are_in_three_zones(cluster: Resource, stack: Stack, least: int) -> Complaints:
    """Three copies in two zones are two copies when the wrong zone goes."""
    spanned = zones(cluster, stack, "brokerNodeGroupInfo")
    brokers = cluster.given("numberOfBrokerNodes")
    if spanned and len(spanned) < least:
        yield f"spans {len(spanned)} of {least} zones"
    elif spanned and brokers and brokers % len(spanned):
        yield f"has {brokers:g} brokers in {len(spanned)} zones"


@rule(
    NODES,
    severity=HIGH,
    frameworks=("WA REL10-BP01",),
    mend="make as many nodes in each of three zones, and let tokens alternate: zone a has slots 0, 3, 6",
    url="https://cassandra.apache.org/doc/stable/cassandra/architecture/dynamo.html",
    parameters=THREE,
)
def a_ring_takes_turns_over_three_zones(machine: Resource, stack: Stack, least: int) -> Complaints:
    """Copies go to the next nodes of the ring: in another zone each, or the ring walks far to find one."""
    if node := cassandra.nodes(stack).get(machine.urn):
        ring = cassandra.ring(node, stack)
        spanned, place = {one.zone for one in ring}, ring.index(node)
        if len(spanned) < least and place == 0:
            yield f"is of a ring that spans {len(spanned)} of {least} zones"
        if len(spanned) >= least and node.token is not None and ring[place - 1].zone == node.zone:
            yield f"comes after a node of its own zone, {node.zone}, in the ring {node.cluster}"


@rule(
    NODES,
    severity=HIGH,
    frameworks=("WA REL11-BP02",),
    mend="name the first node of every zone in seeds of cassandra.yaml",
    url="https://github.com/Netflix/Priam/wiki",
)
def each_node_of_a_ring_knows_a_seed_in_each_zone(machine: Resource, stack: Stack) -> Complaints:
    """A node that comes back while the zone of all seeds is away finds nobody to join."""
    if node := cassandra.nodes(stack).get(machine.urn):
        where = cassandra.addresses(stack)
        known = {where[seed] for seed in node.seeds if seed in where}
        missing = {one.zone for one in cassandra.ring(node, stack)} - known
        if known and missing:
            yield f"knows no seed in {', '.join(sorted(missing))}"


@rule(
    NODES,
    severity=MEDIUM,
    frameworks=("WA REL07-BP01",),
    mend="set initial_token to (2^64 div nodes) * slot + abs(Java's hash of the region) - 2^63, like Priam",
    url="https://github.com/Netflix/Priam/blob/4.x/priam/src/main/java/com/netflix/priam/utils/TokenManager.java",
)
def the_tokens_of_a_ring_are_priams(machine: Resource, stack: Stack) -> Complaints:
    """Uneven tokens give one node twice the rows; the same in two regions keep them from being one ring."""
    node = cassandra.nodes(stack).get(machine.urn)
    if node and node.token is not None:
        ring, place = cassandra.ring(node, stack), cassandra.region(node.zone)
        tokens = cassandra.priam_tokens(place, len(ring))
        if node.token not in tokens or [one.token for one in ring].count(node.token) > 1:
            some = ", ".join(map(str, tokens[:12]))
            yield f"has the token {node.token}; {len(ring)} nodes in {place} have {some}"
