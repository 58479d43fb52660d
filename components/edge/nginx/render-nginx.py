#!/usr/bin/python3
"""Write nginx.conf from its template, the cache's settings, and the address that the arrow has brought.

Runs on the machine, with the Python and Jinja2 of Amazon Linux 2023.
"""

import json
import os
import pathlib

import jinja2

folder = pathlib.Path(os.environ.get("FOURPLANE_FOLDER", "/etc/fourplane"))
settings = json.loads((folder / "cache.json").read_text())
lines = (folder / "configuration.env").read_text().splitlines()
known = dict(line.split("=", 1) for line in lines if "=" in line)
host, _, port = known[settings["edge_variable"]].rpartition(":")
template = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True).from_string(
    (folder / "nginx.conf.j2").read_text()
)
written = folder / "nginx" / "nginx.conf"
written.parent.mkdir(exist_ok=True)
fresh = written.with_suffix(".new")
fresh.write_text(template.render(edge_host=host, edge_port=port, **settings))
fresh.replace(written)
