"""A service reaches X-Ray where it may send segments and a rule is for it."""

from components.access import connect
from components.control.tracing import Tracing
from components.service.auto_scaling_service import AutoScalingService

SERVICE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"], "image": "a:1", "port": 80}
WAY = "order -> traces traces xray:PutTraceSegments"


def program(drawn=True, service="order"):
    def run():
        order, traces = AutoScalingService("order", SERVICE), Tracing("traces", {"services": {service: {}}})
        if drawn:
            connect(order, traces)

    return run


def test_a_service_that_is_traced_reaches_its_rule(ways):
    assert WAY in ways(program())


def test_none_leads_there_without_the_arrow_or_without_a_rule_for_the_service(ways):
    assert WAY not in ways(program(drawn=False))
    assert WAY not in ways(program(service="cart"))
    assert WAY not in ways(program(), {"SamplingRule traces-order"})
