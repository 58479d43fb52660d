"""CodeArtifact, which moto does not have: checked and simulated."""

from fourplane.sandbox.creator import ACCOUNT, Made, New, creates


@creates("aws:codeartifact/domain:Domain")
def domain(new: New) -> Made:
    new.simulate(
        "codeartifact",
        "create_domain",
        new.fit("codeartifact", "create_domain", {"tags": None}, tags=_tags(new)),
    )
    arn = new.arn("codeartifact", f"domain/{new['domain']}")
    return arn, {
        "arn": arn,
        "owner": ACCOUNT,
        "repositoryCount": 0,
        "assetSizeBytes": "0",
        "s3BucketArn": f"arn:aws:s3:::assets-{ACCOUNT}-{new.region}",
    }


@creates("aws:codeartifact/repository:Repository")
def repository(new: New) -> Made:
    rename = {"tags": None, "externalConnections": None}
    request = new.fit("codeartifact", "create_repository", rename, tags=_tags(new))
    new.simulate("codeartifact", "create_repository", request)
    if connection := new.first("externalConnections"):
        request = {
            "domain": new["domain"],
            "repository": new["repository"],
            "externalConnection": connection["externalConnectionName"],
        }
        new.simulate("codeartifact", "associate_external_connection", request)
    arn = new.arn("codeartifact", f"repository/{new['domain']}/{new['repository']}")
    return arn, {"arn": arn, "administratorAccount": ACCOUNT, "domainOwner": ACCOUNT}


def _tags(new: New) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in new.tags.items()]
