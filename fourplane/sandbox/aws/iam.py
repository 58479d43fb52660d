"""IAM: roles and what they may do."""

from fourplane.sandbox.creator import Made, New, creates, document
from fourplane.sandbox.shapes import given


@creates("aws:iam/role:Role")
def role(new: New) -> Made:
    iam = new.client("iam")
    request = given(
        RoleName=new.name_within(64),
        AssumeRolePolicyDocument=document(new["assumeRolePolicy"]),
        Description=new.get("description"),
        MaxSessionDuration=new.get("maxSessionDuration"),
        Path=new.get("path"),
        PermissionsBoundary=new.get("permissionsBoundary"),
        Tags=new.tag_list,
    )
    made = iam.create_role(**request)["Role"]
    name = made["RoleName"]
    for policy in new.get("inlinePolicies", []):
        if policy.get("policy"):
            text = document(policy["policy"])
            iam.put_role_policy(
                RoleName=name, PolicyName=policy.get("name") or new.auto_name, PolicyDocument=text
            )
    for arn in new.get("managedPolicyArns", []):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    return name, {
        "arn": made["Arn"],
        "assumeRolePolicy": request["AssumeRolePolicyDocument"],
        "maxSessionDuration": made.get("MaxSessionDuration", 3600),
        "name": name,
        "path": made["Path"],
        "uniqueId": made["RoleId"],
    }


@creates("aws:iam/rolePolicy:RolePolicy")
def role_policy(new: New) -> Made:
    name, text = new.name, document(new["policy"])
    new.client("iam").put_role_policy(RoleName=new["role"], PolicyName=name, PolicyDocument=text)
    return f"{new['role']}:{name}", {"name": name, "policy": text}


@creates("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
def role_policy_attachment(new: New) -> Made:
    new.client("iam").attach_role_policy(RoleName=new["role"], PolicyArn=new["policyArn"])
    return f"{new['role']}/{new['policyArn']}", {}


@creates("aws:iam/policy:Policy")
def policy(new: New) -> Made:
    text = document(new["policy"])
    request = given(
        PolicyName=new.name,
        PolicyDocument=text,
        Description=new.get("description"),
        Path=new.get("path"),
        Tags=new.tag_list,
    )
    made = new.client("iam").create_policy(**request)["Policy"]
    return made["Arn"], {
        "arn": made["Arn"],
        "attachmentCount": made["AttachmentCount"],
        "name": made["PolicyName"],
        "path": made["Path"],
        "policy": text,
        "policyId": made["PolicyId"],
    }


@creates("aws:iam/instanceProfile:InstanceProfile")
def instance_profile(new: New) -> Made:
    iam = new.client("iam")
    request = given(InstanceProfileName=new.name, Path=new.get("path"), Tags=new.tag_list)
    made = iam.create_instance_profile(**request)["InstanceProfile"]
    name = made["InstanceProfileName"]
    if new.get("role"):
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=new["role"])
    return name, {
        "arn": made["Arn"],
        "name": name,
        "path": made["Path"],
        "uniqueId": made["InstanceProfileId"],
    }


@creates("aws:iam/serviceLinkedRole:ServiceLinkedRole")
def service_linked_role(new: New) -> Made:
    request = given(
        AWSServiceName=new["awsServiceName"],
        CustomSuffix=new.get("customSuffix"),
        Description=new.get("description"),
    )
    made = new.client("iam").create_service_linked_role(**request)["Role"]
    return made["Arn"], {
        "arn": made["Arn"],
        "name": made["RoleName"],
        "path": made["Path"],
        "uniqueId": made["RoleId"],
    }
