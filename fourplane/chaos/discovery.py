"""What a registry in memory needs: a server that stayed, at an address that its clients know."""

from fourplane.chaos.needs import BROKEN, DEGRADED, WORKS, Finding, Part, needs

ADDRESS = "aws:ec2/eip:Eip"


@needs("Eureka")
def servers(part: Part) -> Finding:
    """One server: clients go on to the next address, and a new server copies its peers' registry.

    A machine without an address does not count: it waits for one of its zone.
    """
    names = {one.id: one.name for one in part.own(ADDRESS)}
    found = part.client("ec2").describe_addresses(AllocationIds=sorted(names))["Addresses"]
    at = {names[one["AllocationId"]]: one.get("InstanceId", "") for one in found}
    held = {name: machine for name, machine in at.items() if machine in part.now.machines}
    stayed = sorted(name for name, machine in held.items() if machine in part.scene.before)
    back = [] if part.cannot_boot else sorted(held.keys() - set(stayed))
    has = f"{len(stayed) + len(back)} of {len(names)} servers at their addresses"
    needed = "1, which the others copy from"
    lost = ", ".join(sorted(set(names.values()) - set(stayed)))
    if not stayed and not back:
        return Finding(BROKEN, has, needed, part.cannot_boot or f"lost: {lost}")
    if not stayed:
        return Finding(DEGRADED, has, needed, "the registry was empty until clients had registered again")
    if back:
        return Finding(WORKS, has, needed, f"{', '.join(back)} came back with the same address")
    return Finding(WORKS, has, needed, f"lost: {lost}" if lost else "")
