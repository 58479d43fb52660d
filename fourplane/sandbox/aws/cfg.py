"""AWS Config: the recorder, where it delivers, and its rules. Remedies moto does not have: simulated."""

from fourplane.errors import Mistake
from fourplane.sandbox import shapes
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given

OTHERWISE = {"region": None, "tags": None}


@creates("aws:cfg/recorder:Recorder")
def recorder(new: New) -> Made:
    client, group = new.client("config"), dict(new.first("recordingGroup"))
    strategies = group.pop("recordingStrategies", None) or []
    wanted = shapes.fit_member(
        client,
        "put_configuration_recorder",
        "ConfigurationRecorder",
        {
            "name": new.get("name", "default"),
            "roleArn": new["roleArn"],
            **given(recordingGroup=group, recordingStrategy=None),
        },
        {"name": "name", "roleArn": "roleARN"},
    )
    if strategies:
        wanted["recordingGroup"]["recordingStrategy"] = {"useOnly": strategies[0]["useOnly"]}
    shapes.validate(client, "put_configuration_recorder", {"ConfigurationRecorder": wanted})
    client.put_configuration_recorder(ConfigurationRecorder=wanted)
    return wanted["name"], {"name": wanted["name"]}


@creates("aws:cfg/deliveryChannel:DeliveryChannel")
def delivery_channel(new: New) -> Made:
    client, often = new.client("config"), new.first("snapshotDeliveryProperties").get("deliveryFrequency")
    channel = given(
        name=new.get("name", "default"),
        s3BucketName=new["s3BucketName"],
        s3KeyPrefix=new.get("s3KeyPrefix"),
        s3KmsKeyArn=new.get("s3KmsKeyArn"),
        snsTopicARN=new.get("snsTopicArn"),
        configSnapshotDeliveryProperties={"deliveryFrequency": often} if often else None,
    )
    shapes.validate(client, "put_delivery_channel", {"DeliveryChannel": channel})
    client.put_delivery_channel(DeliveryChannel=channel)
    return channel["name"], {"name": channel["name"]}


@creates("aws:cfg/recorderStatus:RecorderStatus")
def recorder_status(new: New) -> Made:
    if new["isEnabled"]:
        new.client("config").start_configuration_recorder(ConfigurationRecorderName=new["name"])
    return new["name"], {}


@creates("aws:cfg/rule:Rule")
def rule(new: New) -> Made:
    client, name = new.client("config"), new.name
    if not client.describe_configuration_recorders()["ConfigurationRecorders"]:
        raise Mistake("there is no recorder, and without it no rule")  # as AWS says, and moto does not
    wanted = shapes.fit_member(
        client,
        "put_config_rule",
        "ConfigRule",
        {**new.inputs, "name": name},
        {**OTHERWISE, "name": "ConfigRuleName"},
    )
    shapes.validate(client, "put_config_rule", {"ConfigRule": wanted})
    client.put_config_rule(ConfigRule=wanted, Tags=new.tag_list)
    (made,) = client.describe_config_rules(ConfigRuleNames=[name])["ConfigRules"]
    return name, {"arn": made["ConfigRuleArn"], "name": name, "ruleId": made["ConfigRuleId"]}


@creates("aws:cfg/remediationConfiguration:RemediationConfiguration")
def remediation_configuration(new: New) -> Made:
    client, name = new.client("config"), new["configRuleName"]
    client.describe_config_rules(ConfigRuleNames=[name])
    parameters = {
        one["name"]: {"ResourceValue": {"Value": one["resourceValue"]}}
        if one.get("resourceValue")
        else {"StaticValue": {"Values": one.get("staticValues") or [one["staticValue"]]}}
        for one in new.get("parameters", [])
    }
    rest = {key: value for key, value in new.inputs.items() if key != "parameters"}
    wanted = shapes.fit_member(
        client, "put_remediation_configurations", "RemediationConfigurations", rest, OTHERWISE
    )
    new.simulate(
        "config",
        "put_remediation_configurations",
        {"RemediationConfigurations": [{**wanted, **given(Parameters=parameters)}]},
    )
    return name, {"arn": new.arn("config", f"remediation-configuration/{name}/{new.hash(8)}")}
