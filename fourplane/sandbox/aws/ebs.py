"""EBS: disks that outlive the machines they are attached to."""

from fourplane.sandbox.creator import Made, New, creates


@creates("aws:ebs/volume:Volume")
def volume(new: New) -> Made:
    rename = {"type": "VolumeType", "finalSnapshot": None, "tags": None}
    tags = new.tag_specification("volume")
    made = new.client("ec2").create_volume(**new.fit("ec2", "create_volume", rename, TagSpecifications=tags))
    id = made["VolumeId"]
    return id, {
        "arn": new.arn("ec2", f"volume/{id}"),
        "encrypted": made["Encrypted"],
        "size": made["Size"],
        "snapshotId": made.get("SnapshotId", ""),
        "type": made.get("VolumeType", "gp2"),
        **({"iops": made["Iops"]} if "Iops" in made else {}),
        **({"throughput": made["Throughput"]} if "Throughput" in made else {}),
        **({"kmsKeyId": made["KmsKeyId"]} if "KmsKeyId" in made else {}),
    }
