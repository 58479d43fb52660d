"""Zones and regions as boxes of a diagram: a place is the component that has an alarm for it.

A zone has no resource of its own in AWS. What stands for it is the alarm whose metrics are of that zone, and
for a region the alarm whose rule is made of the alarms of all its zones.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from fourplane.graph import Resource
from fourplane.reach.directory import Directory, many
from fourplane.reach.events import ALARM, COMPOSITE

GROUP = "aws:autoscaling/group:Group"
SUBNET = "aws:ec2/subnet:Subnet"
ZONE = "AvailabilityZone"
Zones = frozenset[str]


class Places:
    """Where things stand, and who watches there."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def boxes(self, zones: Iterable[str]) -> set[str]:
        """The box of just these zones together, or else that of each, or else what its subnets belong to."""
        whole = frozenset(zones)
        if whole in self._watchers:
            return {self._watchers[whole]}
        found: set[str] = set()
        for zone in whole:
            watcher = self._watchers.get(frozenset({zone}))
            found |= {watcher} if watcher else {self._directory.of(s) for s in self._subnets[zone]}
        return found

    def zones_of(self, resource: Resource) -> Zones:
        """The zones of a subnet, of a machine, or of an Auto Scaling group."""
        values = self._directory.values(resource)
        if resource.type != GROUP and isinstance(zone := values.get("availabilityZone"), str):
            return frozenset({zone})
        ids = [*many(values.get("vpcZoneIdentifiers")), *many(values.get("subnetId"))]
        subnets = (self._directory.named(id, SUBNET) for id in ids)
        return frozenset().union(*(self.zones_of(subnet) for subnet in subnets if subnet))

    def region(self, region: str) -> Zones:
        """All zones of a region that have subnets."""
        return frozenset(
            zone for zone, subnets in self._subnets.items() if any(one.region == region for one in subnets)
        )

    @cached_property
    def _subnets(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = defaultdict(list)
        for subnet, values in self._directory.all(SUBNET):
            found[str(values.get("availabilityZone"))].append(subnet)
        return found

    @cached_property
    def _watchers(self) -> dict[Zones, str]:
        """The component that has an alarm for just these zones."""
        watched: dict[str, Zones] = {}
        found: dict[Zones, str] = {}
        for alarm, values in self._directory.all(ALARM):
            watched[str(values.get("arn"))] = zones = frozenset(_dimensions(values))
            if zones:
                found.setdefault(zones, self._directory.of(alarm))
        for alarm, values in self._directory.all(COMPOSITE):
            rule = str(values.get("alarmRule"))
            zones = frozenset().union(*(zones for arn, zones in watched.items() if f'"{arn}"' in rule))
            if zones:
                found.setdefault(zones, self._directory.of(alarm))
        return found


def _dimensions(values: dict[str, Any]) -> Iterator[str]:
    """The zones whose metrics an alarm looks at."""
    measured = [values, *(many(query.get("metric")) for query in many(values.get("metricQueries")))]
    for one in measured:
        for metric in many(one):
            if zone := (metric.get("dimensions") or {}).get(ZONE):
                yield zone
