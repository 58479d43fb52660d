"""Amazon as it is deployed: what is drawn is open, Prime Day is rehearsed, and a zone may be lost."""

import pytest

from fourplane import case_study, project, rehearse
from fourplane.chaos import Wish
from fourplane.drawn import closed, undrawn, unneeded
from fourplane.errors import Mistake
from tests.stacks.conftest import on, previewed
from tests.stacks.look import arrow, struck


@on("amazon-dev", "amazon-prod")
def test_what_is_drawn_is_open_and_what_is_open_is_drawn(deployed):
    graph = deployed.graph
    study = case_study.read(project.find(), graph.stack)
    assert closed(study, graph) == undrawn(study, graph) == unneeded(study, graph) == set()


@pytest.mark.apart
@on("amazon-prod")
def test_every_tier_is_ten_times_as_large_on_prime_day_and_comes_back(deployed):
    found = rehearse.rehearse(deployed.graph, deployed.cloud.client, "prime-day")
    fleets = [tier for tier in found.as_json()["tiers"] if tier["kind"] == "fleet"]
    assert found.wrong == [] and len(fleets) == 7


@pytest.mark.apart
@on("amazon-prod")
def test_the_shop_survives_the_loss_of_a_zone(deployed):
    report = struck(deployed, Wish("gorilla", zone="us-east-1b"))
    assert report.survives and arrow(report, "order", "orders")["ok"]


def test_rates_that_no_stream_can_take_are_one_line_with_the_limit():
    with pytest.raises(Mistake, match="shards") as refused:
        previewed("amazon-dev", "views_per_hour=1e13")
    assert "\n" not in str(refused.value)
