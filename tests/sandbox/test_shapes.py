"""From the provider's shape of a resource to the request of a call, with nothing lost on the way."""

import boto3
import pytest

from fourplane.errors import Failure, Mistake
from fourplane.sandbox import shapes


def client(service: str):
    return boto3.client(service, "us-east-1", aws_access_key_id="it", aws_secret_access_key="it")


def volume(**inputs: object) -> dict:
    return shapes.fit(client("ec2"), "create_volume", inputs, {"type": "VolumeType"})


def test_names_take_the_calls_words_and_values_its_types():
    assert volume(size="10", type="gp3", encrypted="true") == {
        "Size": 10,
        "VolumeType": "gp3",
        "Encrypted": True,
    }


def test_tags_become_pairs_even_when_one_is_called_name():
    made = volume(tagSpecifications=[{"resourceType": "volume", "tags": {"Name": "data"}}])
    assert made["TagSpecifications"][0]["Tags"] == [{"Key": "Name", "Value": "data"}]


def test_lists_are_counted_where_cloudfront_counts_them():
    config = {"aliases": ["a.example.com"], "originGroups": []}
    path = "DistributionConfig"
    made = shapes.fit_member(client("cloudfront"), "create_distribution", path, config)
    assert (
        made["Aliases"] == {"Quantity": 1, "Items": ["a.example.com"]}
        and made["OriginGroups"]["Quantity"] == 0
    )


def test_what_does_not_belong_is_left_out_at_the_top_alone():
    rename = {"tags": None}
    inputs = {"tags": {"a": "b"}, "tagSpecifications": [{"tags": {"a": "b"}}]}
    made = shapes.fit(client("ec2"), "create_volume", inputs, rename)
    assert made == {"TagSpecifications": [{"Tags": [{"Key": "a", "Value": "b"}]}]}


def test_rejects_a_property_that_fits_nowhere():
    with pytest.raises(Failure, match="no place for 'colour' in CreateVolumeRequest"):
        volume(colour="red")


def test_rejects_what_the_model_of_the_call_refuses():
    with pytest.raises(Mistake, match="CreateVolume would refuse it: VolumeType must be one of"):
        shapes.validate(client("ec2"), "create_volume", {"AvailabilityZone": "a", "VolumeType": "floppy"})
