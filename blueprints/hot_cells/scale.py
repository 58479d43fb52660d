"""More pods before their CPU asks for them: the least that each autoscaler keeps is raised, and put back.

An autoscaler that looks at CPU adds pods when it is too late for a crowd that comes within a minute. It
stays in charge: only spec.minReplicas is changed, never beyond spec.maxReplicas. While it is raised, a
deployment that changes the same autoscaler is refused by the API, since somebody else manages that field:
deploy when it is over.
"""

import base64
import json
import os
import ssl
import urllib.request
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.signers import RequestSigner

TOKEN_SECONDS = 60
MANAGER = "hot-partitions"


def handler(event: Mapping[str, Any], context: Any) -> dict[str, int]:
    """Twice the usual least in the first round of a hot partition, and twice again in each later one; "in"
    puts the usual least back. A round that is done again changes nothing more."""
    usual: dict[str, int] = json.loads(os.environ["AUTOSCALERS"])
    return {name: _keep(name, least, event) for name, least in usual.items()}


def _keep(name: str, usual: int, event: Mapping[str, Any]) -> int:
    space = os.environ["NAMESPACE"]
    url = f"/apis/autoscaling/v2/namespaces/{space}/horizontalpodautoscalers/{name}"
    spec: dict[str, Any] = _ask("GET", url)["spec"]
    wanted = usual
    if event["do"] == "out":
        wanted = min(int(spec["maxReplicas"]), usual * 2 ** min(10, int(event["state"]["round"]) + 1))
    if spec.get("minReplicas") != wanted:
        _ask("PATCH", f"{url}?fieldManager={MANAGER}", {"spec": {"minReplicas": wanted}})
    return wanted


def _ask(method: str, path: str, body: Any = None) -> Any:
    """The Kubernetes API, which knows the function's role by a signed question to STS:
    https://docs.aws.amazon.com/eks/latest/userguide/cluster-auth.html."""
    request = urllib.request.Request(
        os.environ["CLUSTER_URL"] + path,
        method=method,
        data=json.dumps(body).encode() if body else None,
        headers={
            "Authorization": f"Bearer {token(os.environ['CLUSTER_NAME'])}",
            "Content-Type": "application/merge-patch+json",
        },
    )
    trusted = ssl.create_default_context(
        cadata=base64.b64decode(os.environ["CLUSTER_AUTHORITY"]).decode() or None
    )
    with urllib.request.urlopen(request, timeout=10, context=trusted) as answer:
        return json.load(answer)


def token(cluster: str) -> str:
    """What `aws eks get-token` says: a question to STS who is asking, signed and good for a minute."""
    session = boto3.Session()
    sts: Any = session.client("sts")
    region: str = sts.meta.region_name
    signer = RequestSigner(
        sts.meta.service_model.service_id, region, "sts", "v4", session.get_credentials(), session.events
    )
    asked = {
        "method": "GET",
        "url": f"https://sts.{region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": cluster},
        "context": {},
    }
    url = signer.generate_presigned_url(
        asked, region_name=region, expires_in=TOKEN_SECONDS, operation_name=""
    )
    return "k8s-aws-v1." + base64.urlsafe_b64encode(str(url).encode()).decode().rstrip("=")
