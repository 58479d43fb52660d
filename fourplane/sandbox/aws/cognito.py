"""Cognito: users, the apps that sign them in, and what tokens let them do."""

from fourplane.sandbox import shapes
from fourplane.sandbox.creator import Made, New, creates

POOL: dict[str, str | None] = {
    "accountRecoverySetting.recoveryMechanisms": "RecoveryMechanisms",
    "emailConfiguration.replyToEmailAddress": "ReplyToEmailAddress",
    "emailMfaConfiguration": None,
    "name": None,
    "passwordPolicy": None,
    "signInPolicy": None,
    "softwareTokenMfaConfiguration": None,
    "schemas": "Schema",
    "tags": None,
    "webAuthnConfiguration": None,
}
CLIENT: dict[str, str | None] = {
    "callbackUrls": "CallbackURLs",
    "defaultRedirectUri": "DefaultRedirectURI",
    "logoutUrls": "LogoutURLs",
    "allowedOauthFlows": "AllowedOAuthFlows",
    "allowedOauthFlowsUserPoolClient": "AllowedOAuthFlowsUserPoolClient",
    "allowedOauthScopes": "AllowedOAuthScopes",
    "name": None,
}


@creates("aws:cognito/userPool:UserPool")
def user_pool(new: New) -> Made:
    cognito = new.client("cognito-idp")
    policies = {
        "PasswordPolicy": shapes.fit_member(
            cognito, "create_user_pool", "Policies.PasswordPolicy", new.first("passwordPolicy")
        ),
        "SignInPolicy": shapes.fit_member(
            cognito, "create_user_pool", "Policies.SignInPolicy", new.first("signInPolicy")
        ),
    }
    more = {"PoolName": new.name, "UserPoolTags": new.tags, "Policies": shapes.given(**policies)}
    request = new.fit("cognito-idp", "create_user_pool", POOL, **more)
    shapes.validate(cognito, "create_user_pool", request)
    made = cognito.create_user_pool(**request)["UserPool"]
    if token := new.first("softwareTokenMfaConfiguration"):
        cognito.set_user_pool_mfa_config(
            UserPoolId=made["Id"],
            MfaConfiguration=new.get("mfaConfiguration", "OFF"),
            SoftwareTokenMfaConfiguration={"Enabled": token["enabled"]},
        )
    return made["Id"], {
        "arn": made["Arn"],
        "name": made["Name"],
        "endpoint": f"cognito-idp.{new.region}.amazonaws.com/{made['Id']}",
        "estimatedNumberOfUsers": 0,
    }


@creates("aws:cognito/userPoolClient:UserPoolClient")
def user_pool_client(new: New) -> Made:
    cognito = new.client("cognito-idp")
    request = new.fit("cognito-idp", "create_user_pool_client", CLIENT, ClientName=new.name)
    shapes.validate(cognito, "create_user_pool_client", request)
    made = cognito.create_user_pool_client(**request)["UserPoolClient"]
    return made["ClientId"], {"name": made["ClientName"], "clientSecret": made.get("ClientSecret", "")}


@creates("aws:cognito/userPoolDomain:UserPoolDomain")
def user_pool_domain(new: New) -> Made:
    custom = {"certificateArn": new.get("certificateArn")} if new.get("certificateArn") else None
    request = new.fit("cognito-idp", "create_user_pool_domain", {"certificateArn": None})
    cognito = new.client("cognito-idp")
    cognito.create_user_pool_domain(**request, **shapes.given(CustomDomainConfig=shapes.pascal(custom)))
    found = cognito.describe_user_pool_domain(Domain=new["domain"])["DomainDescription"]
    return new["domain"], {"cloudfrontDistribution": found["CloudFrontDistribution"]}


@creates("aws:cognito/resourceServer:ResourceServer")
def resource_server(new: New) -> Made:
    request = new.fit("cognito-idp", "create_resource_server")
    made = new.client("cognito-idp").create_resource_server(**request)["ResourceServer"]
    scopes = [f"{made['Identifier']}/{scope['ScopeName']}" for scope in made.get("Scopes", [])]
    return f"{made['UserPoolId']}|{made['Identifier']}", {"scopeIdentifiers": scopes}
