"""Data in memory that a zone can be taken from: ElastiCache for Valkey, which speaks Redis' protocol."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Server
from components.keeping import Logging
from components.logs import log_group
from components.placement import ZonedPlacement
from components.policies import read_secret
from components.state.sizes import REDIS_NODES, REDIS_REPLICAS

ENGINE = "valkey"
VERSION = "8.0"
"""https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html"""
ENGINE_VERSION = re.compile(r"[789]\.\d")
TYPE = "cache.r7g.large"
NODE_TYPE = re.compile(r"cache\.[a-z][a-z0-9]*\.[a-z0-9]+")
USER_ID = re.compile(r"[a-z](?:-?[a-z0-9])*")
LOGS = {"slow": "slow-log", "engine": "engine-log"}


class RedisClusterArgs(ZonedPlacement, Logging):
    shards: NotRequired[int]
    """Partitions of the key space, 1 or more, for clients that speak the cluster protocol. Default: the data
    is in one piece and cluster mode is off, for clients that do not."""
    replicas: NotRequired[int]
    """Copies of each shard in other zones, 1 to 5. Default: one in every other zone."""
    node_type: NotRequired[str]
    """Default cache.r7g.large: 2 Graviton vCPUs, 13 GiB."""
    engine_version: NotRequired[str]
    """Valkey's. Default 8.0, which answers what clients of Redis OSS 7.2 ask. It may be raised, and never
    lowered."""
    parameters: NotRequired[Mapping[str, str]]
    """Settings of the engine that differ from its own, such as {"maxmemory-policy": "allkeys-lru"}."""
    password: NotRequired[bool]
    """Whether clients give a password, which is made once and kept in Secrets Manager, for those that cannot
    sign requests with their role. Default False: they sign, and there is nothing that could leak."""
    snapshot_days: NotRequired[int]
    """Days that the daily snapshot is kept, 0 to 35; 0 takes none. Default 7."""


class RedisCluster(Server):
    """A replicated, encrypted cache, sharded if wished, that survives the loss of a zone.

    TLS only. An arrow opens the way and lets its client's role log in: by signing as the user `user_name`
    (SigV4, service "elasticache"), which may do everything but administer, or by reading the password.
    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html
    """

    port = 6379
    arn: pulumi.Output[str]
    replication_group_id: pulumi.Output[str]
    """Its name at AWS, which a client signs for and metrics are found by."""
    user_name: pulumi.Output[str]
    """Whom its clients log in as: "default" with a password."""

    def __init__(self, name: str, args: RedisClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        replicas = args.get("replicas", max(1, len(set(args["zones"])) - 1))
        disposable, version = args.get("disposable", False), args.get("engine_version", VERSION)
        self._check(args, replicas)

        group = aws.ec2.SecurityGroup(
            name, description=f"Nodes of {name}", vpc_id=args["vpc_id"], opts=self.child
        )
        subnets = aws.elasticache.SubnetGroup(name, subnet_ids=args["subnet_ids"], opts=self.child)
        settings = aws.elasticache.ParameterGroup(
            name, family=f"{ENGINE}{version[0]}", parameters=_settings(args), opts=self.child
        )
        cluster = aws.elasticache.ReplicationGroup(
            name,
            description=name,
            engine=ENGINE,
            engine_version=version,
            node_type=args.get("node_type", TYPE),
            cluster_mode="enabled" if "shards" in args else "disabled",
            num_node_groups=args.get("shards", 1),
            replicas_per_node_group=replicas,
            multi_az_enabled=True,
            automatic_failover_enabled=True,
            at_rest_encryption_enabled=True,
            kms_key_id=args.get("key_arn"),
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            **self._login(args),
            port=self.port,
            parameter_group_name=settings.name,
            subnet_group_name=subnets.name,
            security_group_ids=[group.id],
            snapshot_retention_limit=args.get("snapshot_days", 7),
            snapshot_window="03:00-04:00",
            final_snapshot_identifier=None if disposable else f"{pulumi.get_stack()}-{name}-final".lower(),
            maintenance_window="sun:04:30-sun:05:30",
            auto_minor_version_upgrade=True,
            apply_immediately=False,
            log_delivery_configurations=self._logs(args),
            opts=pulumi.ResourceOptions(parent=self, protect=not disposable),
        )

        host = (
            cluster.configuration_endpoint_address if "shards" in args else cluster.primary_endpoint_address
        )
        self._key_arn = args.get("key_arn")
        self.arn = cluster.arn
        self.security_group_id = group.id
        self.address = pulumi.Output.format("{}:{}", host, self.port)
        self.replication_group_id = cluster.replication_group_id
        self.register_outputs(
            {
                "address": self.address,
                "security_group_id": self.security_group_id,
                "arn": self.arn,
                "replication_group_id": self.replication_group_id,
                "user_name": self.user_name,
            }
        )

    @property
    def password(self) -> pulumi.Output[str] | None:
        """What its clients log in with, a secret; None where they sign."""
        return self._password

    @property
    def secret_arn(self) -> pulumi.Output[str]:
        """The secret that the password is in, which an arrow lets its client read."""
        if self._secret_arn is None:
            self.reject("password", False, "True, so that there is a secret to read")
        return self._secret_arn

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """Logging in as its user, or reading the password."""
        if self._secret_arn is not None:
            return read_secret(self._secret_arn, self._key_arn)
        return [
            {
                "Sid": "LogIn",
                "Effect": "Allow",
                "Action": "elasticache:Connect",
                "Resource": [self.arn, self._user_arn],
            }
        ]

    def _login(self, args: RedisClusterArgs) -> dict[str, Any]:
        """How clients prove who they are, as the cluster takes it."""
        self._password = self._secret_arn = self._user_arn = None
        if not args.get("password", False):
            return {"user_group_ids": [self._signing_user()]}
        # It is asked anew at every deployment, and only the first answer is kept.
        random = aws.secretsmanager.get_random_password_output(
            password_length=48,
            exclude_punctuation=True,  # it stands in URLs
            region=self._region,
            opts=pulumi.InvokeOutputOptions(parent=self),
        ).random_password
        secret = aws.secretsmanager.Secret(
            self.name,
            description=f"Password of {self.name}",
            kms_key_id=args.get("key_arn"),
            recovery_window_in_days=0 if args.get("disposable", False) else 30,
            opts=self.child,
        )
        kept = aws.secretsmanager.SecretVersion(
            self.name,
            secret_id=secret.id,
            secret_string=pulumi.Output.secret(random),
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["secretString"]),
        )
        self._secret_arn = secret.arn
        self._password = pulumi.Output.secret(kept.secret_string.apply(lambda text: text or ""))
        self.user_name = pulumi.Output.from_input("default")
        return {"auth_token": self._password}

    def _signing_user(self) -> pulumi.Output[str]:
        """A group of one user, who signs; nobody else can log in, not even `default`."""
        # A user that signs must have its id as its name, and ids are one to a region.
        id = f"{pulumi.get_stack()}-{self.name}".lower()
        user = aws.elasticache.User(
            self.name,
            user_id=id,
            user_name=id,
            engine=ENGINE,
            access_string="on ~* &* +@all -@admin",
            authentication_mode={"type": "iam"},
            opts=self.child,
        )
        group = aws.elasticache.UserGroup(
            self.name, user_group_id=id, engine=ENGINE, user_ids=[user.user_id], opts=self.child
        )
        self._user_arn = user.arn
        self.user_name = user.user_name
        return group.user_group_id

    def _logs(self, args: RedisClusterArgs) -> list[Any]:
        days, key = args.get("log_retention_days", 365), args.get("key_arn")
        return [
            {
                "log_type": kind,
                "log_format": "json",
                "destination_type": "cloudwatch-logs",
                "destination": log_group(self, f"{self.name}-{role}", days=days, key_arn=key).name,
            }
            for role, kind in LOGS.items()
        ]

    def _check(self, args: RedisClusterArgs, replicas: int) -> None:
        shards = args.get("shards", 1)
        if len(set(args["zones"])) < 2:
            self.reject("zones", list(args["zones"]), "two or more different zones, so that one can be lost")
        if not 1 <= replicas <= REDIS_REPLICAS.most:
            self.reject("replicas", replicas, f"1 to {REDIS_REPLICAS.most}, so that a zone can be lost")
        if shards < 1 or shards * (1 + replicas) > REDIS_NODES.most:
            most = REDIS_NODES.most // (1 + replicas)
            self.reject("shards", shards, f"1 to {most}, so that there are at most {REDIS_NODES}")
        if not NODE_TYPE.fullmatch(value := args.get("node_type", TYPE)):
            self.reject("node_type", value, f"an ElastiCache node type, such as '{TYPE}'")
        if not ENGINE_VERSION.fullmatch(value := args.get("engine_version", VERSION)):
            self.reject("engine_version", value, f"a Valkey release, such as '{VERSION}'")
        if not 0 <= (days := args.get("snapshot_days", 7)) <= 35:
            self.reject("snapshot_days", days, "0 to 35")
        if not args.get("password", False) and not USER_ID.fullmatch(
            id := f"{pulumi.get_stack()}-{self.name}".lower()
        ):
            wanted = "letters, digits and single hyphens, so that '<stack>-<name>' is a user's"
            self.reject("name", self.name, f"{wanted}, got '{id}'")


def _settings(args: RedisClusterArgs) -> list[Any]:
    """Cluster mode is a setting of the engine too."""
    mode = {"cluster-enabled": "yes"} if "shards" in args else {}
    return [{"name": k, "value": v} for k, v in {**mode, **args.get("parameters", {})}.items()]
