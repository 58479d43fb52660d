"""Capacity of a table that is paid by the hour, which follows its load."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component


def follow_load(
    owner: Component,
    table_name: pulumi.Output[str],
    indexes: Sequence[str],
    capacities: Mapping[str, Mapping[str, Any]],
) -> None:
    """Let the units of a table and of each of its indexes follow what is used: of "Read" and of "Write".

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html
    """
    places: dict[str, tuple[str, pulumi.Output[str]]] = {
        "": ("table", pulumi.Output.format("table/{}", table_name)),
        **{
            f"-{index}": ("index", pulumi.Output.format("table/{}/index/{}", table_name, index))
            for index in indexes
        },
    }
    for suffix, (kind, resource_id) in places.items():
        for way, units in capacities.items():
            name = f"{owner.name}{suffix}-{way.lower()}"
            target = aws.appautoscaling.Target(
                name,
                service_namespace="dynamodb",
                scalable_dimension=f"dynamodb:{kind}:{way}CapacityUnits",
                resource_id=resource_id,
                min_capacity=units["minimum"],
                max_capacity=units["maximum"],
                opts=owner.child,
            )
            aws.appautoscaling.Policy(
                name,
                policy_type="TargetTrackingScaling",
                service_namespace=target.service_namespace,
                scalable_dimension=target.scalable_dimension,
                resource_id=target.resource_id,
                target_tracking_scaling_policy_configuration={
                    "predefined_metric_specification": {
                        "predefined_metric_type": f"DynamoDB{way}CapacityUtilization"
                    },
                    "target_value": units.get("percent", 70),
                },
                opts=owner.child,
            )
