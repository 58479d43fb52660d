"""Flags, as AppConfig keeps them."""

import json

import pulumi_aws as aws
import pytest

from components.control.feature_flags import FeatureFlags
from fourplane.errors import Mistake
from tests.sandbox.machines import REGION

FLAGS = {"reviews": {"description": "Reviews", "attributes": {"percent": {"number": 5, "most": 100}}}}


def test_flags_are_kept_as_they_were_declared(deploy, cloud):
    graph = deploy(lambda: FeatureFlags("flags", {"flags": FLAGS}))
    application, environment, profile = (
        graph.one("fourplane:index:FeatureFlags").outputs["address"].split("/")
    )
    place = {"ApplicationId": application, "ConfigurationProfileId": profile}
    appconfig = cloud.client("appconfig", REGION)
    assert appconfig.get_configuration_profile(**place)["Type"] == "AWS.AppConfig.FeatureFlags"
    kept = json.loads(appconfig.get_hosted_configuration_version(**place, VersionNumber=1)["Content"].read())
    assert kept["values"] == {"reviews": {"enabled": False, "percent": 5}}
    deployed = graph.one("aws:appconfig/deployment:Deployment")
    assert (deployed.inputs["environmentId"], deployed.inputs["configurationVersion"]) == (environment, "1")


def test_rejects_a_growth_that_appconfig_does_not_have(deploy):
    def program():
        aws.appconfig.DeploymentStrategy(
            "it", deployment_duration_in_minutes=1, growth_factor=10, growth_type="QUICK", replicate_to="NONE"
        )

    with pytest.raises(Mistake, match="GrowthType must be one of LINEAR, EXPONENTIAL, got 'QUICK'"):
        deploy(program)
