"""What no zone takes away."""

from components.network import Network
from components.service.service_image import ServiceImage
from fourplane.chaos import Wish, strike
from fourplane.sandbox import Sandbox


def test_an_image_and_the_function_that_has_it_built_are_in_no_zone(run):
    def program():
        Network("network", {"zones": 2})
        ServiceImage("image", {"files": {"Dockerfile": "FROM scratch"}})

    with Sandbox() as cloud:
        report = strike(run(program, cloud), cloud.client, Wish("gorilla", zone="us-east-1a"))
    found = {one["component"]: one for one in report.as_json()["components"]}
    assert found["image"]["ok"]
