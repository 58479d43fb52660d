"""AppConfig: flags and their versions. What spreads them, moto does not have: checked and simulated."""

from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given


@creates("aws:appconfig/application:Application")
def application(new: New) -> Made:
    request = given(Name=new.name, Description=new.get("description"), Tags=new.tags)
    made = new.client("appconfig").create_application(**request)
    return made["Id"], {"arn": new.arn("appconfig", f"application/{made['Id']}"), "name": made["Name"]}


@creates("aws:appconfig/configurationProfile:ConfigurationProfile")
def configuration_profile(new: New) -> Made:
    request = new.fit("appconfig", "create_configuration_profile", Name=new.name)
    made = new.client("appconfig").create_configuration_profile(**request)
    application, id = new["applicationId"], made["Id"]
    arn = new.arn("appconfig", f"application/{application}/configurationprofile/{id}")
    return f"{id}:{application}", {"arn": arn, "configurationProfileId": id, "name": made["Name"]}


@creates("aws:appconfig/hostedConfigurationVersion:HostedConfigurationVersion")
def hosted_configuration_version(new: New) -> Made:
    request = new.fit("appconfig", "create_hosted_configuration_version")
    made = new.client("appconfig").create_hosted_configuration_version(**request)
    application, profile, number = new["applicationId"], new["configurationProfileId"], made["VersionNumber"]
    place = f"application/{application}/configurationprofile/{profile}/hostedconfigurationversion/{number}"
    return f"{application}/{profile}/{number}", {
        "arn": new.arn("appconfig", place),
        "versionNumber": number,
    }


@creates("aws:appconfig/environment:Environment")
def environment(new: New) -> Made:
    new.simulate("appconfig", "create_environment", new.fit("appconfig", "create_environment", Name=new.name))
    application, id = new["applicationId"], new.hash(7)
    arn = new.arn("appconfig", f"application/{application}/environment/{id}")
    return f"{id}:{application}", {
        "arn": arn,
        "environmentId": id,
        "name": new.name,
        "state": "ReadyForDeployment",
    }


@creates("aws:appconfig/deploymentStrategy:DeploymentStrategy")
def deployment_strategy(new: New) -> Made:
    operation = "create_deployment_strategy"
    new.simulate("appconfig", operation, new.fit("appconfig", operation, Name=new.name))
    id = new.hash(7)
    return id, {"arn": new.arn("appconfig", f"deploymentstrategy/{id}"), "name": new.name}


@creates("aws:appconfig/deployment:Deployment")
def deployment(new: New) -> Made:
    new.simulate("appconfig", "start_deployment", new.fit("appconfig", "start_deployment"))
    application, environment = new["applicationId"], new["environmentId"]
    arn = new.arn("appconfig", f"application/{application}/environment/{environment}/deployment/1")
    return f"{application}/{environment}/1", {
        "arn": arn,
        "deploymentNumber": 1,
        "kmsKeyArn": new.get("kmsKeyIdentifier"),
        "state": "DEPLOYING",
    }
