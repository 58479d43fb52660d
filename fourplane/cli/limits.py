"""`fourplane limits`: whether an AWS account can have what a stack asks for."""

from fourplane.cli.options import Json, Overrides, Stack

CANNOT_BE = 3


def limits(stack: Stack, overrides: Overrides = None, json: Json = False) -> int:
    """Count a stack against AWS's limits; exit 3 where one stands in the way. Nothing is deployed."""
    from fourplane import engine, project
    from fourplane import limits as known
    from fourplane.cli import show
    from fourplane.preview import Preview

    found = project.find()
    name = found.stack(stack)
    settings = project.settings(found, name, overrides or [])
    graph = engine.run(found, name, settings, Preview(), preview=True)
    check = known.check(graph)
    show.warnings(settings, graph)
    if json:
        show.one_object(check.as_json())
    else:
        show.lines(map(graph.mask, check.as_text()))
    return 0 if check.deployable else CANNOT_BE
