"""ECR: image repositories."""

from fourplane.sandbox.creator import ACCOUNT, Made, New, creates, document
from fourplane.sandbox.shapes import given


@creates("aws:ecr/repository:Repository")
def repository(new: New) -> Made:
    name = new.name
    rename = {"forceDelete": None, "name": None, "encryptionConfigurations": "EncryptionConfiguration"}
    request = new.fit("ecr", "create_repository", rename, repositoryName=name)
    made = new.client("ecr").create_repository(**request)["repository"]
    return name, {
        "arn": made["repositoryArn"],
        "name": name,
        "registryId": made["registryId"],
        "repositoryUrl": made["repositoryUri"],
        "imageTagMutability": made["imageTagMutability"],
    }


@creates("aws:ecr/lifecyclePolicy:LifecyclePolicy")
def lifecycle_policy(new: New) -> Made:
    text = document(new["policy"])
    made = new.client("ecr").put_lifecycle_policy(repositoryName=new["repository"], lifecyclePolicyText=text)
    return new["repository"], {"registryId": made["registryId"], "policy": text}


@creates("aws:ecr/pullThroughCacheRule:PullThroughCacheRule")
def pull_through_cache_rule(new: New) -> Made:
    request = new.fit("ecr", "create_pull_through_cache_rule")
    new.simulate("ecr", "create_pull_through_cache_rule", request)
    return new["ecrRepositoryPrefix"], {
        "registryId": ACCOUNT,
        "upstreamRepositoryPrefix": new.get("upstreamRepositoryPrefix", "ROOT"),
    }


@creates("aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate")
def repository_creation_template(new: New) -> Made:
    rename = {"encryptionConfigurations": "EncryptionConfiguration", "appliedFors": "appliedFor"}
    rename |= {"lifecyclePolicy": None, "repositoryPolicy": None}
    texts = {key: document(new[key]) for key in ("lifecyclePolicy", "repositoryPolicy") if new.get(key)}
    request = new.fit("ecr", "create_repository_creation_template", rename, **given(**texts))
    new.simulate("ecr", "create_repository_creation_template", request)
    return new["prefix"], {
        "registryId": ACCOUNT,
        "imageTagMutability": new.get("imageTagMutability", "MUTABLE"),
    }
