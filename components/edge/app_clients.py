"""Who the users of apps are."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.edge.tokens import Tokens

ACCESS_MINUTES = 15
REFRESH_DAYS = 30
PREFIX = re.compile(r"(?!.*(?:aws|amazon|cognito))[a-z0-9][a-z0-9-]{0,61}")
"""What a sign-in page's host may begin with: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html."""
CALLBACK = re.compile(
    r"https://[^*#\s]+|http://localhost(?::\d+)?/[^*#\s]*|[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+://[^*#\s]*"
)
PASSWORDS: Any = {
    "minimum_length": 12,
    "require_lowercase": True,
    "require_uppercase": True,
    "require_numbers": True,
    "require_symbols": True,
    "password_history_size": 5,
    "temporary_password_validity_days": 1,
}


class App(TypedDict):
    """An app that users sign in to."""

    callback_urls: Sequence[pulumi.Input[str]]
    """Where it is called back after a sign-in: "https://…" for a web page, "com.example.rider://signed-in"
    for an app on a phone."""
    sign_out_urls: NotRequired[Sequence[pulumi.Input[str]]]
    """Where it is called back after a sign-out. Default: those of the sign-in."""
    scopes: Sequence[str]
    """What its users may do, of the API's scopes."""


class AppClientsArgs(ComponentArgs):
    api: str
    """What the apps call: scopes in tokens are "<api>/<scope>"."""
    scopes: Mapping[str, str]
    """What can be done with the API, by the scope's name: words for people."""
    apps: Mapping[str, App]
    """The apps, by name."""
    prefix: NotRequired[pulumi.Input[str]]
    """First part of the sign-in page's host, which nobody else in the region has. Default: of stack, name
    and account, as sign_in_prefix() has it."""
    access_minutes: NotRequired[int]
    """Minutes that an access token is good for, 5 to 1440: nobody can take one back sooner. Default 15."""
    refresh_days: NotRequired[int]
    """Days after which a user who was away must sign in again, 1 to 3650. Default 30."""
    threat_protection: NotRequired[bool]
    """Whether sign-ins with passwords known to be stolen are stopped, and odd ones asked for a second factor.
    Needs Cognito's plan Plus, 0.020 instead of 0.015 dollars a user and month (2026-09,
    https://aws.amazon.com/cognito/pricing/). Default False."""
    mail_identity_arn: NotRequired[pulumi.Input[str]]
    """Identity of SES that mails are sent from. Default: Cognito's own, which sends 50 mails a day."""
    disposable: NotRequired[bool]
    """Whether the users may be deleted with the stack. Default False."""


class AppClients(Component):
    """The users, and for each app a client that may sign them in.

    Users are known by their mail address, which they prove; a second factor is theirs to choose. Apps hold no
    secret: they get a code and change it for short-lived tokens, with a proof that they asked for it (PKCE,
    https://www.rfc-editor.org/rfc/rfc7636), which Cognito checks where an app sends one. A refresh token is
    good for one use.
    """

    issuer: pulumi.Output[str]
    jwks_url: pulumi.Output[str]
    client_ids: pulumi.Output[Mapping[str, str]]
    """By the app's name."""
    sign_in_url: pulumi.Output[str]
    """Where /oauth2/authorize, /oauth2/token and /logout are."""
    user_pool_arn: pulumi.Output[str]
    user_pool_id: pulumi.Output[str]

    def __init__(self, name: str, args: AppClientsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._check(args)
        pool = self._pool(args)
        api = aws.cognito.ResourceServer(
            name,
            user_pool_id=pool.id,
            identifier=args["api"],
            name=args["api"],
            scopes=[{"scope_name": k, "scope_description": v} for k, v in args["scopes"].items()],
            opts=self.child,
        )
        domain = aws.cognito.UserPoolDomain(
            name,
            user_pool_id=pool.id,
            domain=args.get("prefix") or sign_in_prefix(name, self),
            opts=self.child,
        )
        clients = {app: self._client(app, said, pool, api, args) for app, said in args["apps"].items()}

        self.user_pool_id = pool.id
        self.user_pool_arn = pool.arn
        self.issuer = pulumi.Output.format("https://{}", pool.endpoint)
        self.jwks_url = pulumi.Output.format("{}/.well-known/jwks.json", self.issuer)
        self.client_ids = pulumi.Output.all(**{app: client.id for app, client in clients.items()})
        self.sign_in_url = pulumi.Output.format("https://{}", _host(domain.domain, self))
        self.tokens: Tokens = {
            "issuer": self.issuer,
            "jwks": self.jwks_url,
            "client_ids": [client.id for client in clients.values()],
        }
        self.register_outputs(
            {
                "user_pool_id": self.user_pool_id,
                "user_pool_arn": self.user_pool_arn,
                "issuer": self.issuer,
                "jwks_url": self.jwks_url,
                "client_ids": self.client_ids,
                "sign_in_url": self.sign_in_url,
            }
        )

    def _pool(self, args: AppClientsArgs) -> aws.cognito.UserPool:
        disposable = args.get("disposable", False)
        protected = args.get("threat_protection", False)
        mail: Any = {"email_sending_account": "DEVELOPER", "source_arn": args.get("mail_identity_arn")}
        return aws.cognito.UserPool(
            self.name,
            user_pool_tier="PLUS" if protected else "ESSENTIALS",
            user_pool_add_ons={"advanced_security_mode": "ENFORCED"} if protected else None,
            username_attributes=["email"],
            username_configuration={"case_sensitive": False},
            auto_verified_attributes=["email"],
            # A changed address counts once it is proved: till then the old one does.
            user_attribute_update_settings={"attributes_require_verification_before_updates": ["email"]},
            password_policy=PASSWORDS,
            mfa_configuration="OPTIONAL",
            software_token_mfa_configuration={"enabled": True},
            account_recovery_setting={"recovery_mechanisms": [{"name": "verified_email", "priority": 1}]},
            email_configuration=mail if "mail_identity_arn" in args else None,
            deletion_protection="INACTIVE" if disposable else "ACTIVE",
            opts=pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(protect=not disposable)),
        )

    def _client(
        self,
        app: str,
        said: App,
        pool: aws.cognito.UserPool,
        api: aws.cognito.ResourceServer,
        args: AppClientsArgs,
    ) -> aws.cognito.UserPoolClient:
        access = args.get("access_minutes", ACCESS_MINUTES)
        # Outputs, so that the scopes are there first.
        scopes = [pulumi.Output.format("{}/{}", api.identifier, scope) for scope in said["scopes"]]
        return aws.cognito.UserPoolClient(
            f"{self.name}-{app}",
            user_pool_id=pool.id,
            name=app,
            generate_secret=False,  # what is in an app is no secret
            allowed_oauth_flows_user_pool_client=True,
            allowed_oauth_flows=["code"],
            allowed_oauth_scopes=["openid", "email", *scopes],
            callback_urls=said["callback_urls"],
            logout_urls=said.get("sign_out_urls", said["callback_urls"]),
            supported_identity_providers=["COGNITO"],
            explicit_auth_flows=["ALLOW_USER_SRP_AUTH"],
            read_attributes=["email", "email_verified"],
            write_attributes=["email"],
            access_token_validity=access,
            id_token_validity=access,
            refresh_token_validity=args.get("refresh_days", REFRESH_DAYS),
            token_validity_units={
                "access_token": "minutes",
                "id_token": "minutes",
                "refresh_token": "days",
            },
            # An app whose answer was lost has a minute to ask with the old one again.
            refresh_token_rotation={"feature": "ENABLED", "retry_grace_period_seconds": 60},
            enable_token_revocation=True,
            prevent_user_existence_errors="ENABLED",
            opts=self.child,
        )

    def _check(self, args: AppClientsArgs) -> None:
        if not 5 <= (access := args.get("access_minutes", ACCESS_MINUTES)) <= 1440:
            self.reject("access_minutes", access, "5 to 1440, as Cognito asks")
        if not 1 <= (refresh := args.get("refresh_days", REFRESH_DAYS)) <= 3650:
            self.reject("refresh_days", refresh, "1 to 3650, as Cognito asks")
        if not args["apps"]:
            self.reject("apps", {}, "one app or more")
        prefix = args.get("prefix", f"{pulumi.get_stack()}-{self.name}-123456789012")
        if isinstance(prefix, str) and not PREFIX.fullmatch(prefix):
            allowed = "lower-case letters, digits and hyphens, of at most 62, without 'aws' or 'cognito'"
            self.reject("prefix", prefix, allowed)
        for app, said in args["apps"].items():
            self._check_app(app, said, args["scopes"])

    def _check_app(self, app: str, said: App, scopes: Mapping[str, str]) -> None:
        if unknown := sorted(set(said["scopes"]) - scopes.keys()):
            self.reject(f"apps['{app}'].scopes", unknown[0], f"of {', '.join(scopes)}")
        if not said["callback_urls"]:
            self.reject(f"apps['{app}'].callback_urls", [], "one URL or more")
        for url in [*said["callback_urls"], *said.get("sign_out_urls", ())]:
            if isinstance(url, str) and not CALLBACK.fullmatch(url):
                safe = "https, or a scheme of its own such as 'com.example.app', so that nobody else hears"
                self.reject(f"apps['{app}'].callback_urls", url, safe)


def sign_in_prefix(name: str, near: Component | None = None) -> pulumi.Output[str]:
    """The first part of the host of an AppClients' sign-in page, known before it stands."""
    invoke = pulumi.InvokeOutputOptions(parent=near)
    account = aws.get_caller_identity_output(opts=invoke).account_id
    return pulumi.Output.format("{}-{}-{}", pulumi.get_stack(), name, account)


def sign_in_url(name: str, near: Component | None = None) -> pulumi.Output[str]:
    """AppClients.sign_in_url of one that has no prefix of its own, before it stands: for the content policy
    of a distribution that is itself among its callback URLs."""
    return pulumi.Output.format("https://{}", _host(sign_in_prefix(name, near), near))


def _host(prefix: pulumi.Input[str], near: Component | None) -> pulumi.Output[str]:
    region = aws.get_region_output(
        region=near._region if near else None, opts=pulumi.InvokeOutputOptions(parent=near)
    ).region
    return pulumi.Output.format("{}.auth.{}.amazoncognito.com", prefix, region)
