import re

import pulumi
import pytest

from components.edge.app_clients import AppClients, sign_in_url
from components.edge.load_balancer import LoadBalancer

APPS = {
    "rider": {"callback_urls": ["com.example.rider://signed-in"], "scopes": ["ride"]},
    "portal": {"callback_urls": ["https://example.com/"], "scopes": ["ride"]},
}
ARGS = {"api": "rides", "scopes": {"ride": "Ask for rides", "drive": "Take rides"}, "apps": APPS}
POOL = "aws:cognito/userPool:UserPool"
CLIENT = "aws:cognito/userPoolClient:UserPoolClient"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/c"


def accounts(**args):
    return lambda: AppClients("accounts", {**ARGS, **args})


def test_an_app_holds_no_secret_and_gets_a_code_instead_of_a_token(preview):
    for client in preview(accounts()).all(CLIENT):
        assert client.inputs["generateSecret"] is False
        assert client.inputs["allowedOauthFlows"] == ["code"]


def test_each_app_has_its_own_scopes_and_is_called_back_at_its_own_address(preview):
    rider = preview(accounts()).one(CLIENT, "accounts-rider").inputs
    assert rider["allowedOauthScopes"] == ["openid", "email", "rides/ride"]
    assert rider["callbackUrls"] == rider["logoutUrls"] == ["com.example.rider://signed-in"]


def test_tokens_are_short_refreshed_once_and_can_be_taken_back(preview):
    rider = preview(accounts()).one(CLIENT, "accounts-rider").inputs
    assert (rider["accessTokenValidity"], rider["tokenValidityUnits"]["accessToken"]) == (15, "minutes")
    assert rider["enableTokenRevocation"] and rider["refreshTokenRotation"]["feature"] == "ENABLED"
    assert "ALLOW_REFRESH_TOKEN_AUTH" not in rider["explicitAuthFlows"]  # AWS refuses both at once


def test_nobody_finds_out_who_has_an_account_or_gets_one_with_a_weak_password(preview):
    graph = preview(accounts())
    assert {c.inputs["preventUserExistenceErrors"] for c in graph.all(CLIENT)} == {"ENABLED"}
    policy = graph.one(POOL).inputs["passwordPolicy"]
    assert policy["minimumLength"] >= 12 and policy["requireSymbols"]
    assert graph.one(POOL).inputs["mfaConfiguration"] == "OPTIONAL"


def test_users_are_kept_unless_they_are_disposable(preview):
    kept, disposable = preview(accounts()).one(POOL), preview(accounts(disposable=True)).one(POOL)
    assert kept.protect and kept.inputs["deletionProtection"] == "ACTIVE"
    assert not disposable.protect and disposable.inputs["deletionProtection"] == "INACTIVE"


def test_threats_are_stopped_where_the_plan_for_it_is_paid(preview):
    pool = preview(accounts(threat_protection=True)).one(POOL).inputs
    assert (pool["userPoolTier"], pool["userPoolAddOns"]["advancedSecurityMode"]) == ("PLUS", "ENFORCED")
    assert "userPoolAddOns" not in preview(accounts()).one(POOL).inputs


def test_a_load_balancer_takes_its_tokens(preview):
    def program():
        place = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"], "target_port": 80}
        LoadBalancer("front", {**place, "certificate_arn": CERTIFICATE, "tokens": accounts()().tokens})

    graph = preview(program)
    check = graph.one("aws:lb/listener:Listener").inputs["defaultActions"][0]["jwtValidation"]
    pool = graph.one("fourplane:index:AppClients").outputs
    assert check["issuer"] == pool["issuer"] and check["jwksEndpoint"] == pool["jwks_url"]
    assert sorted(check["additionalClaims"][0]["values"]) == sorted(pool["client_ids"].values())


def test_the_sign_in_page_is_known_before_it_stands(preview):
    def program():
        pulumi.export("before", sign_in_url("accounts"))
        accounts()()

    graph = preview(program)
    address = graph.one("fourplane:index:AppClients").outputs["sign_in_url"]
    assert re.fullmatch(r"https://dev-accounts-\d{12}\.auth\.us-east-1\.amazoncognito\.com", address)
    assert graph.outputs["before"] == address


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"apps": {}}, r"apps must be one app or more, got \{\}"),
        ({"access_minutes": 4}, "access_minutes must be 5 to 1440, as Cognito asks, got 4"),
        ({"refresh_days": 0}, "refresh_days must be 1 to 3650"),
        ({"prefix": "my-cognito"}, "prefix must be lower-case letters"),
        (
            {"apps": {"a": {**APPS["rider"], "scopes": ["fly"]}}},
            r"apps\['a'\].scopes must be of ride, drive, got",
        ),
        ({"apps": {"a": {**APPS["rider"], "callback_urls": []}}}, "must be one URL or more"),
        ({"apps": {"a": {**APPS["rider"], "callback_urls": ["http://example.com/"]}}}, "must be https, or a"),
        (
            {"apps": {"a": {**APPS["rider"], "callback_urls": ["https://*.example.com/"]}}},
            "must be https, or",
        ),
        ({"apps": {"a": {**APPS["rider"], "callback_urls": ["rider://signed-in"]}}}, "a scheme of its own"),
    ],
)
def test_rejects_what_would_leak_a_sign_in_or_cognito_would_not_take(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(accounts(**args))
