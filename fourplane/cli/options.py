"""Arguments that several commands take."""

from typing import Annotated

import typer

Stack = Annotated[
    str,
    typer.Argument(
        metavar="STACK", help="A stack, such as netflix-dev; a company alone means its dev stack."
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Use this value for a setting of the stack. Repeatable."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
