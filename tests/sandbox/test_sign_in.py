"""Who may sign in, what load balancers ask of them, and what is told to their phones."""

import pulumi_aws as aws
import pytest

from components.edge.app_clients import AppClients
from components.edge.load_balancer import LoadBalancer
from components.service.push_notifications import PushNotifications
from fourplane.errors import Mistake
from tests.sandbox.machines import REGION, network

CERTIFICATE = f"arn:aws:acm:{REGION}:123456789012:certificate/12345678-1234-1234-1234-123456789012"
ARGS = {
    "api": "rides",
    "scopes": {"ride": "Ask for rides"},
    "apps": {"rider-app": {"callback_urls": ["com.example.rider://signed-in"], "scopes": ["ride"]}},
}


def test_users_and_apps_are_as_they_were_declared(deploy, cloud):
    graph = deploy(lambda: AppClients("accounts", {**ARGS, "threat_protection": True}))
    said, cognito = graph.one("fourplane:index:AppClients").outputs, cloud.client("cognito-idp", REGION)
    pool = cognito.describe_user_pool(UserPoolId=said["user_pool_id"])["UserPool"]
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 12 and pool["UserPoolTier"] == "PLUS"
    assert pool["DeletionProtection"] == "ACTIVE" and pool["UsernameConfiguration"] == {
        "CaseSensitive": False
    }
    assert pool["MfaConfiguration"] == "OPTIONAL" and pool["UserPoolTags"]["component"] == "accounts"
    mfa = cognito.get_user_pool_mfa_config(UserPoolId=said["user_pool_id"])
    assert mfa["SoftwareTokenMfaConfiguration"] == {"Enabled": True}
    client = cognito.describe_user_pool_client(
        UserPoolId=said["user_pool_id"], ClientId=said["client_ids"]["rider-app"]
    )["UserPoolClient"]
    assert "ClientSecret" not in client and client["AllowedOAuthScopes"] == ["openid", "email", "rides/ride"]
    assert client["CallbackURLs"] == client["LogoutURLs"] == ["com.example.rider://signed-in"]
    assert client["RefreshTokenRotation"] == {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60}
    host = said["sign_in_url"].removeprefix("https://").split(".")[0]
    found = cognito.describe_user_pool_domain(Domain=host)["DomainDescription"]
    assert found["UserPoolId"] == said["user_pool_id"] and said["issuer"].endswith(said["user_pool_id"])


def test_rejects_a_flow_that_cognito_does_not_have(deploy):
    def program():
        pool = aws.cognito.UserPool("it")
        aws.cognito.UserPoolClient("it", user_pool_id=pool.id, explicit_auth_flows=["ALLOW_ANYTHING"])

    with pytest.raises(Mistake, match="ExplicitAuthFlows"):
        deploy(program)


def test_a_listener_asks_for_tokens_but_on_open_paths(deploy, cloud):
    def program():
        vpc, subnets = network("ab")
        tokens = {**AppClients("accounts", ARGS).tokens, "open_paths": ["/api/health"]}
        place = {"vpc_id": vpc.id, "subnet_ids": [one.id for one in subnets], "target_port": 80}
        LoadBalancer("it", {**place, "certificate_arn": CERTIFICATE, "tokens": tokens})

    graph = deploy(program)
    elb = cloud.client("elbv2", REGION)
    arn = graph.one("aws:lb/listener:Listener").id
    first, then = elb.describe_listeners(ListenerArns=[arn])["Listeners"][0]["DefaultActions"]
    assert (first["Type"], then["Type"]) == ("jwt-validation", "forward")
    rule = next(one for one in elb.describe_rules(ListenerArn=arn)["Rules"] if not one["IsDefault"])
    assert [one["Type"] for one in rule["Actions"]] == ["forward"]
    assert rule["Conditions"][0]["PathPatternConfig"]["Values"] == ["/api/health"]


def test_a_phone_is_told(deploy, cloud):
    graph = deploy(
        lambda: PushNotifications("pushes", {"fcm": {"rider-android": '{"type": "service_account"}'}})
    )
    sns = cloud.client("sns", REGION)
    arn = graph.one("fourplane:index:PushNotifications").outputs["application_arns"]["rider-android"]
    phone = sns.create_platform_endpoint(PlatformApplicationArn=arn, Token="t")["EndpointArn"]
    assert sns.publish(TargetArn=phone, Message="Your driver is here")["MessageId"]
    name = arn.rsplit("/", 1)[1]
    assert phone.split(":")[5].startswith(f"endpoint/GCM/{name}/")
