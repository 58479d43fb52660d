"""Faults that change nothing in the cloud: a slow network, and those that mean nothing."""

import pytest

from fourplane.chaos import Wish
from fourplane.errors import Mistake
from tests.stacks.conftest import on
from tests.stacks.look import arrow, component, struck

pytestmark = on("netflix-dev")


def test_chance_is_the_same_for_the_same_seed(deployed):
    places = [struck(deployed, Wish("latency", seed=seed)).fault.place for seed in (3, 3, 0, 1, 2, 4)]
    assert places[0] == places[1] and len(set(places)) > 1


def test_a_delay_is_compared_with_what_the_gateway_waits(deployed):
    late = struck(deployed, Wish("latency", zone="us-east-1b", delay_ms=800))
    assert "gateway waits 500 ms" in arrow(late, "gateway", "user")["why"] and not late.survives
    quick = struck(deployed, Wish("latency", zone="us-east-1b", delay_ms=400))
    assert quick.survives and "ms more of the 3000 ms" in arrow(quick, "gateway", "user")["why"]
    long = struck(deployed, Wish("latency", zone="us-east-1b", delay_ms=2500))
    assert "replaced without end" in component(long, "user", "AutoScalingService")["why"]


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish("gorilla", zone="us-east-1d"), "nothing in zone us-east-1d; it is in us-east-1a, us-east-1b"),
        (Wish("latency", region="eu-west-1"), "nothing in any zone of eu-west-1"),
        (Wish("kong", region="eu-west-1"), "nothing in region eu-west-1; it is in us-east-1"),
    ],
)
def test_rejects_a_fault_that_means_nothing_for_the_stack(deployed, wish, said):
    with pytest.raises(Mistake, match=said):
        struck(deployed, wish)
