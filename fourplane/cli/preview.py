"""`fourplane preview`: what a stack would make, without any cloud."""

from fourplane.cli.options import Json, Overrides, Stack


def preview(stack: Stack, overrides: Overrides = None, json: Json = False) -> None:
    """Show what a stack would make. Nothing is deployed."""
    from fourplane import engine, project
    from fourplane.cli import show
    from fourplane.preview import Preview

    found = project.find()
    name = found.stack(stack)
    settings = project.settings(found, name, overrides or [])
    graph = engine.run(found, name, settings, Preview(), preview=True)
    show.warnings(settings, graph)
    if json:
        show.one_object(graph.as_json())
    else:
        show.lines(map(graph.mask, show.tree(graph)))
