"""What a region's Erlang cluster needs: for each partition its owner or its standby, and chat servers."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fourplane.chaos.needs import BROKEN, DEGRADED, WORKS, Finding, Part, fleet, needs
from fourplane.chaos.scene import GROUP

NODE = re.compile(r"ERLANG_NODE=(\S+)")
PARTITIONS = re.compile(r"-shards partitions (\d+)")
STORES = re.compile(r"-shards stores \[([^]]*)\]")


@dataclass(frozen=True)
class Tables:
    """Who keeps what, as the nodes' own files have it."""

    nodes: dict[str, str]
    """The name of each node, and how Erlang calls it."""
    stores: Sequence[str]
    partitions: int

    def lost(self, alive: Collection[str]) -> int:
        """How many partitions have neither owner nor standby among the nodes that live."""
        return sum(not self._left(partition, alive) for partition in range(self.partitions))

    def thin(self, alive: Collection[str]) -> int:
        """How many have one of the two."""
        return sum(self._left(partition, alive) == 1 for partition in range(self.partitions))

    def _left(self, partition: int, alive: Collection[str]) -> int:
        holders = {self.stores[(partition + step) % len(self.stores)] for step in (0, 1)}
        return len(holders & {self.nodes[name] for name in alive})


@needs("MnesiaDatabase")
def tables(part: Part) -> Finding:
    """The owner or the standby of every partition. A node that was replaced has its address and its disk
    again, and fetches what it missed from the other: what is asked is whether one of the two answered."""
    known = _tables(part)
    groups = {group.id: group.name for group in part.own(GROUP)}
    machines = [one for one in part.now.of_groups(set(groups)) if one.zone not in part.now.dead_zones]
    stayed = {groups[one.group] for one in machines if one.id in part.scene.before}
    back = set() if part.cannot_boot else {groups[one.group] for one in machines} - stayed
    down = sorted(known.nodes.keys() - stayed - back)
    has = f"{len(stayed | back)} of {len(known.nodes)} nodes"
    needed = f"owner or standby of each of {known.partitions} partitions"
    if lost := known.lost(stayed | back):
        why = f"{lost} partitions have neither; down: {', '.join(down)}"
        return Finding(BROKEN, has, needed, f"{why}; {part.cannot_boot}" if part.cannot_boot else why)
    if lost := known.lost(stayed):
        why = f"{lost} partitions had neither until {', '.join(sorted(back))} had booted"
        return Finding(DEGRADED, has, needed, why)
    if down:
        thin = known.thin(stayed | back)
        return Finding(WORKS, has, needed, f"down: {', '.join(down)}; {thin} partitions have one copy left")
    again = f"{', '.join(sorted(back))} came back with the same address and disk" if back else ""
    return Finding(WORKS, has, needed, again)


@needs("ChatServers")
def servers(part: Part) -> Finding:
    """Any other server of the region takes the users of one that is lost, as long as those that are left
    have room for them."""
    return fleet(part)


def _tables(part: Part) -> Tables:
    nodes: dict[str, str] = {}
    stores: Sequence[str] = ()
    partitions = 0
    for template in part.own("aws:ec2/launchTemplate:LaunchTemplate"):
        files = part.scene.boot_files(template)
        text = next(text for path, text in files.items() if path.endswith("/ejabberdctl.cfg"))
        nodes[template.name] = _found(NODE, text)
        stores = [one.strip("' ") for one in _found(STORES, text).split(",")]
        partitions = int(_found(PARTITIONS, text))
    return Tables(nodes, stores, partitions)


def _found(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""
