"""What a program says to AWS with nothing but Python's standard library: who it is, and what it may know.

Debian's boto3 does not know pod identities, which came with botocore 1.34.41.
"""

import base64
import datetime
import hashlib
import hmac
import json
import os
import threading
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

METADATA = "http://169.254.169.254"
EARLY = datetime.timedelta(minutes=5)
"""Keys are fetched anew before they end."""
SECONDS = 3.0
EMPTY = hashlib.sha256(b"").hexdigest()
TOKEN_SECONDS = 900
"""Life of a token for Kafka, MSK's own: https://github.com/aws/aws-msk-iam-sasl-signer-python."""


@dataclass(frozen=True)
class Keys:
    id: str
    secret: str
    token: str = ""
    ends: datetime.datetime | None = None


class Identity:
    """A program's keys: of its environment, else of its pod's role, else of its machine's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: Keys | None = None

    def keys(self) -> Keys:
        """Raises OSError where there are none."""
        with self._lock:
            known = self._known
            if known is None or (known.ends and known.ends - EARLY < _now()):
                known = self._known = self._fetch()
            return known

    def _fetch(self) -> Keys:
        if key := os.environ.get("AWS_ACCESS_KEY_ID"):
            secret = os.environ["AWS_SECRET_ACCESS_KEY"]
            return Keys(key, secret, os.environ.get("AWS_SESSION_TOKEN", ""))
        if url := os.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI"):
            token = Path(os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]).read_text(encoding="utf-8")
            return _keys(_read(url, {"Authorization": token.strip()}))
        metadata = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", METADATA).rstrip("/")
        ask = {"X-aws-ec2-metadata-token-ttl-seconds": "300"}
        session = {"X-aws-ec2-metadata-token": _read(f"{metadata}/latest/api/token", ask, "PUT")}
        role = f"{metadata}/latest/meta-data/iam/security-credentials/"
        return _keys(_read(role + _read(role, session).split()[0], session))


def secret(identity: Identity, arn: str) -> dict[str, Any]:
    """What a secret of Secrets Manager holds, as JSON. Raises OSError where it cannot be read."""
    region = arn.split(":")[3]
    url = (
        os.environ.get("AWS_ENDPOINT_URL", f"https://secretsmanager.{region}.amazonaws.com").rstrip("/") + "/"
    )
    body = json.dumps({"SecretId": arn}).encode()
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "Host": urllib.parse.urlsplit(url).netloc,
        "X-Amz-Target": "secretsmanager.GetSecretValue",
    }
    signed = sign(identity.keys(), "secretsmanager", region, url, headers, body)
    answer: dict[str, Any] = json.loads(_read(url, signed, "POST", body))
    return json.loads(answer["SecretString"])


def sign(
    keys: Keys,
    service: str,
    region: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime.datetime | None = None,
    method: str = "POST",
) -> dict[str, str]:
    """The headers of a request to a URL, its query sorted and encoded as AWS does, signed:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""
    time = _stamp(now)
    all_of_them = {**headers, "X-Amz-Date": time}
    if keys.token:
        all_of_them["X-Amz-Security-Token"] = keys.token
    lower = {name.lower(): value.strip() for name, value in all_of_them.items()}
    names = ";".join(sorted(lower))
    lines = "".join(f"{name}:{lower[name]}\n" for name in sorted(lower))
    parts = urllib.parse.urlsplit(url)
    digest = hashlib.sha256(body).hexdigest()
    request = "\n".join((method, parts.path or "/", parts.query, lines, names, digest))
    scope = f"{time[:8]}/{region}/{service}/aws4_request"
    signature = _signature(keys, scope, time, request)
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={keys.id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return {**all_of_them, "Authorization": authorization}


def kafka_token(keys: Keys, region: str, now: datetime.datetime | None = None) -> str:
    """What a client shows a broker of MSK as its OAuth token: a signed URL that nobody fetches."""
    time, host = _stamp(now), f"kafka.{region}.amazonaws.com"
    scope = f"{time[:8]}/{region}/kafka-cluster/aws4_request"
    query = {
        "Action": "kafka-cluster:Connect",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{keys.id}/{scope}",
        "X-Amz-Date": time,
        "X-Amz-Expires": str(TOKEN_SECONDS),
        **({"X-Amz-Security-Token": keys.token} if keys.token else {}),
        "X-Amz-SignedHeaders": "host",
    }
    text = urllib.parse.urlencode(sorted(query.items()), quote_via=urllib.parse.quote, safe="-_.~")
    signature = _signature(keys, scope, time, "\n".join(("GET", "/", text, f"host:{host}\n", "host", EMPTY)))
    url = f"https://{host}/?{text}&X-Amz-Signature={signature}&User-Agent=python"
    return base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def _signature(keys: Keys, scope: str, time: str, request: str) -> str:
    key = f"AWS4{keys.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    digest = hashlib.sha256(request.encode()).hexdigest()
    return hmac.digest(key, "\n".join(("AWS4-HMAC-SHA256", time, scope, digest)).encode(), "sha256").hex()


def _keys(text: str) -> Keys:
    said: dict[str, str] = json.loads(text)
    ends = datetime.datetime.fromisoformat(said["Expiration"].replace("Z", "+00:00"))
    return Keys(said["AccessKeyId"], said["SecretAccessKey"], said["Token"], ends)


def _read(url: str, headers: Mapping[str, str], method: str = "GET", body: bytes | None = None) -> str:
    request = urllib.request.Request(url, body, dict(headers), method=method)
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return answer.read().decode()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _stamp(now: datetime.datetime | None) -> str:
    return (now or _now()).strftime("%Y%m%dT%H%M%SZ")
