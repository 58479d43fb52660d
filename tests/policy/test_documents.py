"""IAM documents as rules read them."""

import pytest

from policy.documents import CALLERS, RESOURCES, limited, statements


def one(**conditions):
    document = {"Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": "*", "Condition": conditions}}
    (found,) = statements(document)
    return found


@pytest.mark.parametrize(
    "conditions",
    [
        {"StringEquals": {"AWS:SourceAccount": "123456789012"}},
        {
            "ArnLike": {
                "aws:SourceArn": ["arn:aws:sns:us-east-1:123456789012:a", "arn:aws:sns:*:123456789012:b"]
            }
        },
        {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        {"StringEquals": {"ec2:ResourceTag/owner": "shop"}},
        {"Bool": {"kms:GrantIsForAWSResource": True}},
    ],
)
def test_a_condition_that_says_who_is_meant_limits(conditions):
    assert limited(one(**conditions), *CALLERS)


@pytest.mark.parametrize(
    "conditions",
    [
        {},
        {"StringNotEquals": {"aws:SourceAccount": "123456789012"}},
        {"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}},
        {"StringLike": {"aws:PrincipalOrgID": "*"}},
        {"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "0.0.0.0/0"]}},
        {"Null": {"aws:SourceArn": "true"}},
        {"Bool": {"aws:SecureTransport": "true"}},
    ],
)
def test_a_condition_that_leaves_everybody_in_does_not(conditions):
    assert not limited(one(**conditions), *CALLERS)


def test_who_asks_does_not_say_whose_resource_is_meant():
    assert not limited(one(StringEquals={"aws:PrincipalTag/team": "cart"}), *RESOURCES)
