"""The gateway's file, made by the program that makes it on the machine, and read as Kong reads it."""

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from components.service.gateway_routes import DEFAULTS, PLUGINS
from tests.boot.kong_machine import render

A = {"a": {"paths": ["/a"]}}
SCHEMA = yaml.safe_load((Path(__file__).parent / "data/kong/declarative.yaml").read_text())


@pytest.fixture
def kong(tmp_path):
    """kong(routes, addresses): what the machine hands to Kong."""
    return lambda routes, addresses, **settings: render(tmp_path / "etc", routes, addresses, **settings)


def named(items, name):
    return next(item for item in items if item["name"] == name)


def plugin(config, server, name):
    return named(named(config["services"], server)["plugins"], name)["config"]


def test_routes_to_a_server_once_the_arrow_has_brought_its_address(kong):
    config = kong({"user-data": {"paths": ["/api/users"]}}, {"USER_DATA_ADDRESS": "user.lb:80"})
    service = named(config["services"], "user-data")
    route = {"name": "user-data", "paths": ["/api/users"], "strip_path": False, "preserve_host": False}
    assert service["routes"] == [route]
    assert named(config["upstreams"], service["host"])["targets"] == [{"target": "user.lb:80"}]


def test_leaves_out_a_route_without_an_arrow(kong):
    config = kong({"user": {"paths": ["/api/users"]}}, {})
    assert [service["name"] for service in config["services"]] == ["gateway-health"]
    assert config["upstreams"] == []


def test_limits_every_route_by_its_own_rate(kong):
    routes = {"a": {"paths": ["/a"], "requests_per_second": 7}, "b": {"paths": ["/b"]}}
    config = kong(routes, {"A_ADDRESS": "a:80", "B_ADDRESS": "b:80"})
    limits = {server: plugin(config, server, "rate-limiting")["second"] for server in routes}
    assert limits == {"a": 7, "b": DEFAULTS["requests_per_second"]}


def test_sheds_every_route_by_its_own_priority_and_the_machine_s_capacity(kong):
    config = kong({"a": {"paths": ["/a"], "priority": 9}}, {"A_ADDRESS": "a:80"}, capacity=70)
    assert plugin(config, "a", "load-shedding") == {"server": "a", "priority": 9, "capacity": 70}


def test_asks_what_a_token_is_for_where_the_balancer_asks_for_tokens(kong):
    routes = {"a": {"paths": ["/a"], "scope": "rides/drive"}, "b": {"paths": ["/b"]}}
    addresses = {"A_ADDRESS": "a:80", "B_ADDRESS": "b:80"}
    config = kong(routes, addresses)
    assert plugin(config, "a", "token-scope") == {"scope": "rides/drive"}
    others = [named(config["services"], "b"), *kong(routes, addresses, tokens=False)["services"]]
    assert not any(one["name"] == "token-scope" for service in others for one in service["plugins"])


def test_takes_out_an_address_that_fails_and_brings_it_back(kong):
    config = kong({"a": {"paths": ["/a"], "failures": 3}}, {"A_ADDRESS": "a:80"})
    checks = config["upstreams"][0]["healthchecks"]
    assert checks["passive"]["unhealthy"]["http_failures"] == 3
    assert checks["active"]["http_path"] == "/health" and checks["active"]["healthy"]["interval"] > 0


def test_tells_the_dashboard_once_its_arrow_has_brought_an_address(kong):
    addresses = {"A_ADDRESS": "a:80"}
    assert "report_to" not in plugin(kong(A, addresses), "a", "circuit-breaker")
    config = kong(A, {**addresses, "HYSTRIX_ADDRESS": "h.lb:80"})
    assert plugin(config, "a", "circuit-breaker")["report_to"] == "h.lb:80"


def test_speaks_tls_to_a_server_on_443_and_takes_its_own_name_only(kong):
    config = kong(A, {"A_ADDRESS": "a.shop.internal:443"})
    service, upstream = named(config["services"], "a"), config["upstreams"][0]
    assert (service["protocol"], service["tls_verify"]) == ("https", True)
    assert upstream["host_header"] == "a.shop.internal" and not service["routes"][0]["preserve_host"]
    active = upstream["healthchecks"]["active"]
    assert (active["type"], active["https_sni"]) == ("https", "a.shop.internal")
    assert active["https_verify_certificate"]


EVERYTHING = {
    "a": {
        "paths": ["/a", "/b"],
        "fallback": '{"titles": [], "say": "it\'s \\"quiet\\""}',
        "priority": 0,
        "scope": "rides/drive",
    },
    "b-c": {"paths": ["/c"], "retries": 0, "strip_path": True},
}


@pytest.mark.parametrize(
    "addresses",
    [
        {},
        {"A_ADDRESS": "a.lb:80"},
        {"A_ADDRESS": "a.lb:443", "B_C_ADDRESS": "b:80", "HYSTRIX_ADDRESS": "h:80"},
    ],
)
def test_kong_takes_all_of_it(kong, addresses):
    config = kong(EVERYTHING, addresses)
    jsonschema.validate(config, SCHEMA)
    if addresses:
        assert plugin(config, "a", "circuit-breaker")["fallback"] == EVERYTHING["a"]["fallback"]


@pytest.mark.parametrize(
    ("where", "setting"),
    [
        (("services", 1), {"tls_verify": True}),
        (("services", 1), {"retry": 1}),
        (("services", 1, "plugins", 0, "config"), {"seconds": 1}),
        (("upstreams", 0, "healthchecks", "active", "unhealthy"), {"timeouts": 256}),
        (("plugins", 2), {"name": "metrics"}),
    ],
)
def test_rejects_what_kong_would_not_take(kong, where, setting):
    config = place = kong(A, {"A_ADDRESS": "a.lb:80"})
    for step in where:
        place = place[step]
    place.update(setting)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(config, SCHEMA)


READ_SCHEMA = """
package.preload["kong.db.schema.typedefs"] = function() return {{ protocols_http = {{}} }} end
local said = {{}}
for _, field in ipairs(dofile("{schema}").fields[2].config.fields) do
  local name, rule = next(field)
  said[name] = rule
end
print(require("cjson").encode(said))
"""


@pytest.mark.parametrize("name", ["circuit-breaker", "load-shedding", "token-scope"])
def test_our_plugins_are_given_what_their_schemas_ask_for(kong, program, name):
    luajit = program("luajit", "luajit2 lua-cjson")
    text = READ_SCHEMA.format(schema=PLUGINS / f"kong/plugins/{name}/schema.lua")
    fields = json.loads(
        subprocess.run([luajit, "-"], input=text, capture_output=True, text=True, check=True).stdout
    )
    given = plugin(kong(EVERYTHING, {"A_ADDRESS": "a:80", "HYSTRIX_ADDRESS": "h:80"}), "a", name)
    assert (
        given.keys() == fields.keys()
        and {k for k, rule in fields.items() if rule.get("required")} <= given.keys()
    )
    for key, value in given.items():
        assert isinstance(value, {"string": str, "integer": int}[fields[key]["type"]])
        low, high = fields[key].get("between", (value, value))
        assert low <= value <= high
