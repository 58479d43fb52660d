"""What the state machine of an encoding does, and what it asks of MediaConvert."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.machine import render

MEDIACONVERT = Path(__file__).parent
LADDER: dict[str, Any] = json.loads((MEDIACONVERT / "ladder.json").read_text(encoding="utf-8"))
"""The job template: 4K to 270p and a stereo sound track, as CMAF with HLS and DASH manifests. The Terraform
provider has no resource for one, so the state machine hands it over with every job."""


def definition(known: Mapping[str, str], hours: int) -> str:
    """The state machine in Amazon States Language."""
    job = _job(known["queue_arn"], known["role_arn"], known["target_bucket"])
    values = {"target_bucket": known["target_bucket"], "queue_url": known["queue_url"]}
    return render(MEDIACONVERT / "encode.asl.json.j2", job=job, hours=hours, **values)


def _job(queue_arn: str, role_arn: str, target_bucket: str) -> dict[str, Any]:
    """What the state machine asks of MediaConvert: the template, and which film goes where."""
    (source,), (group,) = LADDER["Inputs"], LADDER["OutputGroups"]
    settings = group["OutputGroupSettings"]
    folder = f"States.Format('s3://{target_bucket}/encoded/{{}}/play', $$.Execution.Name)"
    cmaf = {**settings["CmafGroupSettings"], "Destination.$": folder}
    film = "States.Format('s3://{}/{}', $.detail.bucket.name, $.detail.object.key)"
    return {
        "Queue": queue_arn,
        "Role": role_arn,
        # A try within a minute of another gets the same job. A run's name is over the 64 letters allowed.
        "ClientRequestToken.$": "States.Hash($$.Execution.Id, 'SHA-256')",
        "Settings": {
            **LADDER,
            "Inputs": [{**source, "FileInput.$": film}],
            "OutputGroups": [
                {**group, "OutputGroupSettings": {**settings, "CmafGroupSettings": cmaf}},
            ],
        },
    }
