"""What the names of a chat service need: that the shared one leads to a region that is left."""

from fourplane.chaos.names import RECORD, Names
from fourplane.chaos.needs import BROKEN, WORKS, Finding, Part, needs


@needs("ChatNames")
def chat_names(part: Part) -> Finding:
    """The name that leads to the nearest area leads to none that is lost. An area's own name does nothing
    else than lead there: its users stay with it."""
    nearest = [record for record in part.own(RECORD) if record.inputs.get("latencyRoutingPolicies")]
    left, stale = Names(part.scene).answering(nearest)
    host = str(nearest[0].inputs["name"])
    has, needed = f"{host} leads to {', '.join(left) or 'no region'}", "regions that are left, alone"
    if stale:
        why = f"Route 53 still answers with {', '.join(stale)}, whose health nothing checks"
        return Finding(BROKEN, has, needed, why)
    if not left:
        return Finding(BROKEN, has, needed, "every region that it leads to is lost")
    lost = len(nearest) - len(left)
    return Finding(WORKS, has, needed, f"{lost} of {len(nearest)} areas lost" if lost else "")
