#!/usr/bin/python3
"""Write kong.yml from its template, the gateway's routes, and the addresses that the arrows have brought.

Runs on the machine, with the Python and Jinja2 of Amazon Linux 2023.
"""

import json
import os
import pathlib

import jinja2

folder = pathlib.Path(os.environ.get("FOURPLANE_FOLDER", "/etc/fourplane"))
settings = json.loads((folder / "routes.json").read_text())
known = dict(
    line.split("=", 1) for line in (folder / "configuration.env").read_text().splitlines() if "=" in line
)


def variable(server: str) -> str:
    """The name under which follow-configuration writes a server's address."""
    return "".join(c if c.isalnum() else "_" for c in server.upper()) + "_ADDRESS"


addresses = {server: known[variable(server)] for server in settings["routes"] if variable(server) in known}
report_to = known.get(variable(settings.pop("breakers")))
template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(
    (folder / "kong.yml.j2").read_text()
)
written = folder / "kong" / "kong.yml"
written.parent.mkdir(exist_ok=True)
fresh = written.with_suffix(".new")
fresh.write_text(template.render(addresses=addresses, report_to=report_to, **settings))
fresh.replace(written)
