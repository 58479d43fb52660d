"""Application Auto Scaling of caches, which moto's lists do not have."""

from enum import Enum
from typing import Any

from moto.applicationautoscaling import models, responses

from fourplane.sandbox.moto_methods import replace

SERVICE = "elasticache"
DIMENSIONS = ("elasticache:replication-group:NodeGroups", "elasticache:replication-group:Replicas")
"""https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html"""


def mend() -> None:
    if SERVICE not in [one.value for one in models.ServiceNamespaceValueSet]:
        services = _longer(models.ServiceNamespaceValueSet, SERVICE)
        dimensions = _longer(models.ScalableDimensionValueSet, *DIMENSIONS)
        for module in (models, responses):
            replace(module, ServiceNamespaceValueSet=services, ScalableDimensionValueSet=dimensions)


def _longer(values: Any, *more: str) -> Any:
    known = {one.name: one.value for one in values}
    return Enum(values.__name__, {**known, **{one.upper(): one for one in more}})
