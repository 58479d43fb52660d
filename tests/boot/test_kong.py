"""The gateway's file, made by the program that makes it on the machine."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from components.service.gateway import DEFAULTS

KONG = Path("components/service/kong").resolve()


@pytest.fixture
def kong(machine):
    """kong(routes, addresses): what the machine hands to Kong."""
    folder = machine.root / "etc"
    folder.mkdir()
    shutil.copy(KONG / "kong.yml.j2", folder)

    def render(routes, addresses):
        settings = {
            "routes": {k: {**DEFAULTS, **v} for k, v in routes.items()},
            "port": 8000,
            "payload_megabytes": 10,
        }
        (folder / "routes.json").write_text(json.dumps(settings))
        (folder / "configuration.env").write_text("".join(f"{k}={v}\n" for k, v in addresses.items()))
        python = shutil.which("python3")
        result = machine.run(python, str(KONG / "render-kong.py"), env={"FOURPLANE_FOLDER": str(folder)})
        assert result.returncode == 0, result.stderr
        return yaml.safe_load((folder / "kong" / "kong.yml").read_text())

    return render


def named(items, name):
    return next(item for item in items if item["name"] == name)


def test_routes_to_a_server_once_the_arrow_has_brought_its_address(kong):
    config = kong({"user-data": {"paths": ["/api/users"]}}, {"USER_DATA_ADDRESS": "user.lb:80"})
    service = named(config["services"], "user-data")
    assert service["routes"] == [{"name": "user-data", "paths": ["/api/users"], "strip_path": False}]
    assert named(config["upstreams"], service["host"])["targets"] == [{"target": "user.lb:80"}]


def test_leaves_out_a_route_without_an_arrow(kong):
    config = kong({"user": {"paths": ["/api/users"]}}, {})
    assert [service["name"] for service in config["services"]] == ["gateway-health"]
    assert config["upstreams"] == []


def test_limits_every_route_by_its_own_rate(kong):
    routes = {"a": {"paths": ["/a"], "requests_per_second": 7}, "b": {"paths": ["/b"]}}
    config = kong(routes, {"A_ADDRESS": "a:80", "B_ADDRESS": "b:80"})
    limits = {s["name"]: s["plugins"][0]["config"].get("second") for s in config["services"][1:]}
    assert limits == {"a": 7, "b": DEFAULTS["requests_per_second"]}


def test_takes_out_a_server_that_fails_and_brings_it_back(kong):
    config = kong({"a": {"paths": ["/a"], "failures": 3}}, {"A_ADDRESS": "a:80"})
    checks = config["upstreams"][0]["healthchecks"]
    assert checks["passive"]["unhealthy"]["http_failures"] == 3
    assert checks["active"]["http_path"] == "/health" and checks["active"]["healthy"]["interval"] > 0


def test_speaks_tls_to_a_server_on_443(kong):
    config = kong({"a": {"paths": ["/a"]}}, {"A_ADDRESS": "a:443"})
    assert named(config["services"], "a")["protocol"] == "https"
