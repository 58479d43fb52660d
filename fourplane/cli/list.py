"""`fourplane list`: the stacks of the project."""

from fourplane.cli.options import Json


def list_stacks(json: Json = False) -> None:
    """Show the stacks and what they are."""
    from fourplane import project
    from fourplane.cli import show

    found = project.find()
    described = [{"stack": stack, "description": found.description(stack)} for stack in found.stacks()]
    if json:
        show.one_object(described)
        return
    width = max((len(entry["stack"]) for entry in described), default=0)
    show.lines(f"{entry['stack']:{width}}  {entry['description']}".rstrip() for entry in described)
