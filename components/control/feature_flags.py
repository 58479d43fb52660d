"""Switches of a program that change while it runs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Store
from components.component import ComponentArgs
from components.control.flag_document import Flag, document, flaw
from components.policies import policy, trust

MOST_ALARMS = 5
"""https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_CreateEnvironment.html."""


class FeatureFlagsArgs(ComponentArgs):
    flags: Mapping[str, Flag]
    """The flags, by name."""
    key_arn: NotRequired[pulumi.Input[str]]
    """Key that they are encrypted with (EncryptionKey). Default: AppConfig's own."""
    alarm_arns: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Metric alarms, by a name, five at most: one that goes off while a change spreads, or bakes, takes the
    change back. Default: none."""
    minutes: NotRequired[int]
    """Minutes in which a change reaches all, a fifth at a time; with 0 at once. Default 10."""
    bake_minutes: NotRequired[int]
    """Minutes that the alarms are heeded for after that. Default 10."""


class FeatureFlags(Store):
    """Flags that are checked before they are taken, spread bit by bit, and go back when an alarm goes off.

    Who has an arrow to it reads them, with components/service/python/flags.py: no agent is needed. `changes`
    lets a role turn them at once, for an emergency, with `change` of the same file.
    """

    application_id: pulumi.Output[str]
    environment_id: pulumi.Output[str]
    profile_id: pulumi.Output[str]
    at_once_id: pulumi.Output[str]
    """The strategy that spreads a change in no time."""

    def __init__(self, name: str, args: FeatureFlagsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._check(args)
        alarms, minutes = args.get("alarm_arns", {}), args.get("minutes", 10)
        self._key_arn = args.get("key_arn")

        application = aws.appconfig.Application(
            name, name=f"{pulumi.get_stack()}-{name}", description=f"Flags of {name}", opts=self.child
        )
        role = self._watcher(alarms) if alarms else None
        environment = aws.appconfig.Environment(
            name,
            name=pulumi.get_stack(),
            application_id=application.id,
            monitors=[{"alarm_arn": arn, "alarm_role_arn": role.arn} for arn in alarms.values()]
            if role
            else None,
            opts=self.child,
        )
        profile = aws.appconfig.ConfigurationProfile(
            name,
            name="flags",
            application_id=application.id,
            location_uri="hosted",
            type="AWS.AppConfig.FeatureFlags",
            kms_key_identifier=args.get("key_arn"),
            opts=self.child,
        )
        version = aws.appconfig.HostedConfigurationVersion(
            name,
            application_id=application.id,
            configuration_profile_id=profile.configuration_profile_id,
            content_type="application/json",
            content=json.dumps(document(args["flags"]), sort_keys=True),
            opts=self.child,
        )
        gradual = aws.appconfig.DeploymentStrategy(
            name,
            name=f"{pulumi.get_stack()}-{name}",
            deployment_duration_in_minutes=minutes,
            growth_type="LINEAR",
            growth_factor=20 if minutes else 100,
            final_bake_time_in_minutes=args.get("bake_minutes", 10),
            replicate_to="NONE",
            opts=self.child,
        )
        at_once = aws.appconfig.DeploymentStrategy(
            f"{name}-at-once",
            name=f"{pulumi.get_stack()}-{name}-at-once",
            deployment_duration_in_minutes=0,
            growth_type="LINEAR",
            growth_factor=100,
            final_bake_time_in_minutes=0,  # no other may start while one bakes, and flags must turn back
            replicate_to="NONE",
            opts=self.child,
        )
        aws.appconfig.Deployment(
            name,
            application_id=application.id,
            environment_id=environment.environment_id,
            configuration_profile_id=profile.configuration_profile_id,
            configuration_version=version.version_number.apply(lambda number: str(int(number))),
            deployment_strategy_id=gradual.id,
            kms_key_identifier=args.get("key_arn"),
            opts=self.child,
        )

        self._arns = {"application": application.arn, "environment": environment.arn, "profile": profile.arn}
        self._at_once_arn = at_once.arn
        self.application_id = application.id
        self.environment_id = environment.environment_id
        self.profile_id = profile.configuration_profile_id
        self.at_once_id = at_once.id
        self.address = pulumi.Output.format(
            "{}/{}/{}", self.application_id, self.environment_id, self.profile_id
        )
        self.register_outputs(
            {
                "application_id": self.application_id,
                "environment_id": self.environment_id,
                "profile_id": self.profile_id,
                "at_once_id": self.at_once_id,
                "address": self.address,
            }
        )

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """To read these flags, and to use the key that encrypts them."""
        read = {
            "Sid": "Flags",
            "Effect": "Allow",
            "Action": ["appconfig:GetLatestConfiguration", "appconfig:StartConfigurationSession"],
            "Resource": pulumi.Output.format(
                "{}/configuration/{}", self._arns["environment"], self.profile_id
            ),
        }
        return [read, *self._key("Key", ["kms:Decrypt"])]

    def changes(self) -> Sequence[Mapping[str, Any]]:
        """The statements that let a role turn them: `change` of components/service/python/flags.py."""
        application, environment, profile = self._arns.values()
        return [
            {
                "Sid": "FlagVersions",
                "Effect": "Allow",
                "Action": [
                    "appconfig:CreateHostedConfigurationVersion",
                    "appconfig:GetHostedConfigurationVersion",
                ],
                "Resource": [
                    application,
                    profile,
                    pulumi.Output.format("{}/hostedconfigurationversion/*", profile),
                ],
            },
            {
                "Sid": "FlagDeployments",
                "Effect": "Allow",
                "Action": [
                    "appconfig:ListDeployments",
                    "appconfig:StartDeployment",
                    "appconfig:StopDeployment",
                ],
                "Resource": [
                    application,
                    environment,
                    profile,
                    pulumi.Output.format("{}/deployment/*", environment),
                    self._at_once_arn,
                ],
            },
            *self._key("FlagKey", ["kms:Decrypt", "kms:GenerateDataKey"], "hostedconfigurationversion"),
        ]

    def _key(self, sid: str, actions: Sequence[str], *more: str) -> list[dict[str, Any]]:
        """Of a key, the use for these flags alone:
        https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-security.html#appconfig-security-data-encryption"""
        if self._key_arn is None:
            return []
        deployments = pulumi.Output.format("{}/deployment/*", self._arns["environment"])
        statements = [self._use(sid, actions, "aws:appconfig:deployment:arn", deployments)]
        for kind in more:
            versions = pulumi.Output.format("{}/{}/*", self._arns["profile"], kind)
            statements.append(self._use(f"{sid}Versions", actions, f"aws:appconfig:{kind}:arn", versions))
        return statements

    def _use(
        self, sid: str, actions: Sequence[str], context: str, value: pulumi.Output[str]
    ) -> dict[str, Any]:
        return {
            "Sid": sid,
            "Effect": "Allow",
            "Action": list(actions),
            "Resource": self._key_arn,
            "Condition": {"StringLike": {f"kms:EncryptionContext:{context}": value}},
        }

    def _watcher(self, alarms: Mapping[str, pulumi.Input[str]]) -> aws.iam.Role:
        """AppConfig asks in this role's name whether an alarm has gone off."""
        role = aws.iam.Role(self.name, assume_role_policy=trust("appconfig.amazonaws.com"), opts=self.child)
        ask = {
            "Sid": "Alarms",
            "Effect": "Allow",
            "Action": "cloudwatch:DescribeAlarms",
            "Resource": list(alarms.values()),
        }
        aws.iam.RolePolicy(self.name, role=role.name, policy=policy([ask]), opts=self.child)
        return role

    def _check(self, args: FeatureFlagsArgs) -> None:
        if not args["flags"]:
            self.reject("flags", {}, "one flag or more")
        for name, flag in args["flags"].items():
            if found := flaw(name, flag):
                self.reject("flags", *found)
        if len(alarms := args.get("alarm_arns", {})) > MOST_ALARMS:
            self.reject("alarm_arns", len(alarms), f"{MOST_ALARMS} at most, as AppConfig takes")
        for key, given in (
            ("minutes", args.get("minutes", 10)),
            ("bake_minutes", args.get("bake_minutes", 10)),
        ):
            if not 0 <= given <= 1440:
                self.reject(key, given, "0 to 1440")
