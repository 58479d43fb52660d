"""What a program knows of its flags (FeatureFlags), who is in which arm of a test, and turning flags."""

import hashlib
import json
import os
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from components.service.python.aws import SECONDS, Identity, sign

EVERY_SECONDS = 30.0
"""AppConfig lets nobody ask more often than every 15 s:
https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_appconfigdata_StartConfigurationSession.html."""
AGAIN_SECONDS = 5.0
"""Until the next try where AppConfig is lost."""
RUNNING = ("BAKING", "DEPLOYING", "VALIDATING")
SPACE = 2.0**64


class Flags:
    """The flags at "application/environment/profile", asked for at most every half a minute.

    What was read last holds while AppConfig is lost, and what was never read is off, or as its program says:
    it does not fail for want of its flags. One caller at a time asks; the others go on with what is known.
    """

    def __init__(self, address: str, region: str, identity: Identity | None = None) -> None:
        self._application, self._environment, self._profile = address.split("/")
        self._region, self._identity = region, identity or Identity()
        self._url = os.environ.get("AWS_ENDPOINT_URL", f"https://appconfigdata.{region}.amazonaws.com")
        self._asking = threading.Lock()
        self._known: Mapping[str, Mapping[str, Any]] = {}
        self._token, self._next = "", 0.0

    def on(self, flag: str, otherwise: bool = False) -> bool:
        """Whether a flag is on; `otherwise` where nothing of it was ever read."""
        found = self._flags().get(flag)
        return otherwise if found is None else found.get("enabled") is True

    def value(self, flag: str, attribute: str, otherwise: Any) -> Any:
        """An attribute of a flag that is on; `otherwise` where it is off, or has none."""
        found = self._flags().get(flag, {})
        return found.get(attribute, otherwise) if found.get("enabled") is True else otherwise

    def among(self, flag: str, user: str) -> bool:
        """Whether a flag is on for one user: for all, or for so many of 100 as its "percent" says."""
        return self.on(flag) and among(user, flag, float(self.value(flag, "percent", 100)))

    def _flags(self) -> Mapping[str, Mapping[str, Any]]:
        if time.monotonic() >= self._next and self._asking.acquire(blocking=False):
            try:
                if time.monotonic() >= self._next:
                    self._ask()
            finally:
                self._asking.release()
        return self._known

    def _ask(self) -> None:
        try:
            token = self._token or self._begin()
            query = urllib.parse.urlencode(
                {"configuration_token": token}, quote_via=urllib.parse.quote, safe=""
            )
            body, headers = self._call("GET", f"/configuration?{query}", None)
            self._token = headers["Next-Poll-Configuration-Token"]
            wait = float(headers.get("Next-Poll-Interval-In-Seconds") or EVERY_SECONDS)
            self._next = time.monotonic() + max(wait, EVERY_SECONDS)
            if body:  # nothing is said where nothing has changed
                self._known = json.loads(body)
        except (OSError, ValueError, KeyError, TypeError) as lost:
            print(f"flags are not read: {lost!r}", file=sys.stderr, flush=True)
            self._token = ""  # a token holds for a day, and only once
            self._next = time.monotonic() + AGAIN_SECONDS

    def _begin(self) -> str:
        ask = {
            "ApplicationIdentifier": self._application,
            "EnvironmentIdentifier": self._environment,
            "ConfigurationProfileIdentifier": self._profile,
        }
        body, _ = self._call("POST", "/configurationsessions", json.dumps(ask).encode())
        return json.loads(body)["InitialConfigurationToken"]

    def _call(self, method: str, path: str, body: bytes | None) -> tuple[bytes, Mapping[str, str]]:
        url = self._url.rstrip("/") + path
        headers = {"Content-Type": "application/json", "Host": urllib.parse.urlsplit(url).netloc}
        signed = sign(
            self._identity.keys(), "appconfig", self._region, url, headers, body or b"", method=method
        )
        request = urllib.request.Request(url, body, signed, method=method)
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return answer.read(), answer.headers


def among(user: str, test: str, percent: float) -> bool:
    """Whether a user is among so many of 100, always the same ones: who is among 10 is also among 20."""
    return _point(user, test) * 100 < percent


def arm(user: str, test: str, shares: Mapping[str, float]) -> str:
    """The arm of a test that a user is in, always the same one while the shares stay the same.

    `shares`: how large each arm is beside the others, {"control": 50, "new": 50}. In another test the same
    user is in another arm as often as not. Raises ValueError where there are none.
    """
    whole, point, reached = sum(shares.values()), _point(user, test), 0.0
    if not shares or min(shares.values()) < 0 or whole <= 0:
        raise ValueError("arms have shares of 0 or more, and one of them has some")
    for name, share in shares.items():
        reached += share
        if point * whole < reached:
            return name
    return [name for name, share in shares.items() if share > 0][-1]  # what rounding left over


def _point(user: str, test: str) -> float:
    """Where a user stands in a test, from 0 to 1, each place as likely as any other."""
    digest = hashlib.sha256(f"{test}\0{user}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / SPACE


def change(client: Any, address: str, strategy: str, values: Mapping[str, Mapping[str, Any]]) -> int:
    """Turn flags at once: {"reviews": {"enabled": False}}, and nothing else of them. Gives the version.

    `client`: boto3's for "appconfig", in a role with FeatureFlags.changes(). `strategy`:
    FeatureFlags.at_once_id. A change that is still spreading is stopped, and so taken back, and what was
    in force before it is what is changed. Raises LookupError for a flag that does not exist, and boto3's
    exceptions where AppConfig refuses a value, or another change has begun meanwhile: then again.
    """
    application, environment, profile = address.split("/")
    place = {"ApplicationId": application, "EnvironmentId": environment}
    hosted = {"ApplicationId": application, "ConfigurationProfileId": profile}
    told = client.list_deployments(**place)["Items"]  # the newest first
    running = [one for one in told if one["State"] in RUNNING]
    done = [one for one in told if one["State"] == "COMPLETE"]
    base = (done or running)[0]["ConfigurationVersion"]
    found = client.get_hosted_configuration_version(**hosted, VersionNumber=int(base))
    document = json.loads(found["Content"].read())
    for flag, turned in values.items():
        if flag not in document["values"]:
            raise LookupError(f"no flag '{flag}'")
        document["values"][flag] |= turned
    made = client.create_hosted_configuration_version(
        **hosted, Content=json.dumps(document).encode(), ContentType="application/json"
    )
    for one in running:
        client.stop_deployment(**place, DeploymentNumber=one["DeploymentNumber"])
    key = {"KmsKeyIdentifier": arn} if (arn := made.get("KmsKeyArn")) else {}
    client.start_deployment(
        **place,
        ConfigurationProfileId=profile,
        ConfigurationVersion=str(made["VersionNumber"]),
        DeploymentStrategyId=strategy,
        **key,
    )
    return int(made["VersionNumber"])
