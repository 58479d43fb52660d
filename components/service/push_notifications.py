"""What is told to people's phones."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.access import Store
from components.component import ComponentArgs
from components.policies import beside, only_over_tls, policy

SNS_KEY = "alias/aws/sns"


class Apns(TypedDict):
    """What Apple knows an app by: https://docs.aws.amazon.com/sns/latest/dg/apple-push-notification-service.html."""

    signing_key: pulumi.Input[str]
    """The .p8 file's text, a secret."""
    signing_key_id: pulumi.Input[str]
    """Number of that key."""
    team_id: str
    """Apple's number for the developer's team."""
    bundle_id: str
    """The app's own name at Apple: "com.example.rider"."""
    development: NotRequired[bool]
    """Whether it is Apple's test environment. Default False."""


class PushNotificationsArgs(ComponentArgs):
    key_arn: NotRequired[pulumi.Input[str]]
    """Key that messages are encrypted with (EncryptionKey). Default: SNS's own."""
    apns: NotRequired[Mapping[str, Apns]]
    """Apps on iPhones, by name. Default: none."""
    fcm: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Apps on Android, by name: the service account's key file of Firebase, a secret. Default: none."""


class PushNotifications(Store):
    """A topic of events for people, encrypted, and the way to their phones through Apple and Google.

    Who has an arrow to it may publish to the topic, and to the phones of these apps, each of which it
    registers once, as an endpoint. SNS hears of it over TLS alone.
    """

    topic_arn: pulumi.Output[str]
    application_arns: pulumi.Output[Mapping[str, str]]
    """Of the apps, by name: what a phone is registered with."""

    def __init__(
        self, name: str, args: PushNotificationsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        apns, fcm = args.get("apns", {}), args.get("fcm", {})
        if both := sorted(apns.keys() & fcm.keys()):
            self.reject("fcm", both[0], "apps of other names than those of apns")
        self._key_arn = args.get("key_arn")

        topic = aws.sns.Topic(name, kms_master_key_id=args.get("key_arn", SNS_KEY), opts=self.child)
        aws.sns.TopicPolicy(
            name, arn=topic.arn, policy=policy([only_over_tls("sns:Publish", topic.arn)]), opts=self.child
        )
        self._platforms = {
            **{app: "APNS_SANDBOX" if said.get("development") else "APNS" for app, said in apns.items()},
            **{app: "GCM" for app in fcm},
        }
        applications = {
            app: aws.sns.PlatformApplication(
                f"{name}-{app}",
                platform=platform,
                **(_apple(apns[app]) if app in apns else {"platform_credential": _secret(fcm[app])}),
                opts=self.child,
            )
            for app, platform in self._platforms.items()
        }
        self._applications = applications

        self.topic_arn = topic.arn
        self.address = topic.arn
        self.application_arns = pulumi.Output.all(**{app: made.arn for app, made in applications.items()})
        self.register_outputs(
            {
                "topic_arn": self.topic_arn,
                "address": self.address,
                "application_arns": self.application_arns,
            }
        )

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """To publish, to register phones where there are apps, and to use the key that encrypts."""
        statements: list[dict[str, Any]] = [
            {"Sid": "Publish", "Effect": "Allow", "Action": "sns:Publish", "Resource": self.topic_arn}
        ]
        if self._applications:
            arns = [made.arn for made in self._applications.values()]
            endpoints = [
                beside(made.arn, "sns", f"endpoint/{self._platforms[app]}/")
                for app, made in self._applications.items()
            ]
            names = [made.name for made in self._applications.values()]
            phones = [pulumi.Output.format("{}{}/*", *pair) for pair in zip(endpoints, names, strict=True)]
            statements += [
                {
                    "Sid": "Register",
                    "Effect": "Allow",
                    "Action": "sns:CreatePlatformEndpoint",
                    "Resource": arns,
                },
                {"Sid": "Phones", "Effect": "Allow", "Action": "sns:Publish", "Resource": phones},
            ]
        if self._key_arn is not None:
            through = pulumi.Output.format("sns.{}.amazonaws.com", self.topic_arn.apply(_region))
            statements.append(
                {
                    # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#sns-what-permissions-for-sse
                    "Sid": "Key",
                    "Effect": "Allow",
                    "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                    "Resource": self._key_arn,
                    "Condition": {"StringEquals": {"kms:ViaService": through}},
                }
            )
        return statements


def _apple(said: Apns) -> dict[str, Any]:
    return {
        "platform_credential": _secret(said["signing_key"]),
        "platform_principal": _secret(said["signing_key_id"]),
        "apple_platform_team_id": said["team_id"],
        "apple_platform_bundle_id": said["bundle_id"],
    }


def _secret(value: pulumi.Input[str]) -> pulumi.Output[str]:
    return pulumi.Output.secret(value)


def _region(arn: str) -> str:
    return arn.split(":")[3]
