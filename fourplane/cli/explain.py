"""`fourplane explain`: what makes each part of a company's case study true."""

from fourplane.cli.options import Json, Overrides, Stack


def explain(stack: Stack, overrides: Overrides = None, json: Json = False) -> None:
    """Show what makes each node and arrow of the case study true. Nothing is deployed."""
    from fourplane import case_study, engine, project
    from fourplane import explain as explained
    from fourplane.cli import show
    from fourplane.preview import Preview

    found = project.find()
    name = found.stack(stack)
    settings = project.settings(found, name, overrides or [])
    study = case_study.read(found, name).under(settings.named)
    graph = engine.run(found, name, settings, Preview(), preview=True)
    proof = explained.prove(study, graph)
    show.warnings(settings, graph)
    if json:
        show.one_object(explained.as_json(study, graph, proof))
        show.note(explained.count(study))
    else:
        show.lines(map(graph.mask, explained.as_text(study, graph, proof)))
