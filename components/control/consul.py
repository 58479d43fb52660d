"""Who is where: Consul's servers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired

import pulumi

from components.access import Server
from components.keeping import Keeping
from components.machine import render
from components.made_once import as_key, as_uuid, made_once
from components.policies import read_secret
from components.service.kubernetes_pods import NamespacedPods, namespaced
from components.service.kubernetes_service import KubernetesService

FILES = Path(__file__).parent / "consul"
IMAGE = "docker.io/hashicorp/consul:1.21.5"
"""Since 1.17 under the Business Source License; 1.16 is the last under the MPL:
https://www.hashicorp.com/en/license-faq"""
PORT = 8500
AMONG: Mapping[str, int] = {"server": 8300, "lan": 8301, "wan": 8302}
"""https://developer.hashicorp.com/consul/docs/reference/architecture/ports"""
FOLDER, DATA = "/etc/consul", "/consul/data"
AS_THEY_ARE = ("services.hcl", "start-server.sh")
CONSUL = 100
"""The image's user."""


class ConsulArgs(NamespacedPods, Keeping):
    servers: NotRequired[int]
    """Servers, spread over the zones: 3, of which one may be lost, or 5, of which two may. Of two zones one
    has most of them. Default 3."""
    storage_gib: NotRequired[int]
    """Size of each server's disk. Default 10."""
    memory_mib: NotRequired[int]
    """MiB of each server's memory, two to four times what it knows. Default 512."""
    image: NotRequired[pulumi.Input[str]]
    """Default docker.io/hashicorp/consul:1.21.5, which nodes reach through NAT (EksCluster's
    public_images)."""


class Consul(Server):
    """Servers on a disk each that agree, encrypt their gossip, and answer nobody without a token.

    Services have no agents of their own: they call the servers' API. connect(service, consul) gives one that
    `calls` it <CONSUL>_ADDRESS and, as <CONSUL>_PASSWORD, the services' token, for the header X-Consul-Token:
    it may register services and look all up, and change neither keys nor who may do what. The token
    that may do everything is in `management_secret_arn`, and in the servers' pods. But for gossip servers
    speak in the clear, on ports that network policies keep to themselves.
    """

    port = PORT
    management_secret_arn: pulumi.Output[str]
    """The secret with the token that may do everything."""

    def __init__(self, name: str, args: ConsulArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        if (servers := args.get("servers", 3)) not in (3, 5):
            self.reject("servers", servers, "3 or 5, so that most are left when some are lost")

        gossip = made_once(self, "gossip-key", args, as_key)
        # Even of the same randomness they are two.
        management = made_once(self, "management-token", args, lambda text: as_uuid(f"management {text}"))
        token = made_once(self, "services-token", args, lambda text: as_uuid(f"services {text}"))
        known = {
            "servers": servers,
            "datacenter": pulumi.get_stack().lower(),
            "data": DATA,
            "ports": {"http": PORT, **AMONG},
        }
        pod: Any = {
            **namespaced(args),
            "image": args.get("image", IMAGE),
            "port": PORT,
            "health_check_path": "/v1/status/leader",
            "user": CONSUL,
            "command": ["/usr/bin/dumb-init", "/bin/sh", f"{FOLDER}/start-server.sh"],
            "environment": {"NAME": name, "SERVERS": str(servers)},
            "secrets": {
                "GOSSIP_KEY": gossip.value,
                "MANAGEMENT_TOKEN": management.value,
                "SERVICES_TOKEN": token.value,
            },
            "files": {
                "server.json": render(FILES / "server.json.j2", **known),
                **{one: (FILES / one).read_text(encoding="utf-8") for one in AS_THEY_ARE},
            },
            "files_at": FOLDER,
            "storage_gib": args.get("storage_gib", 10),
            "storage_at": DATA,
            "disposable": args.get("disposable", False),
            "peers": AMONG,
            "quorum": True,
            "replicas": servers,
            "cpu_millis": 100,
            "memory_mib": args.get("memory_mib", 512),
        }
        self._service = KubernetesService(name, pod, self.child)

        self._token, self._key_arn = token, args.get("key_arn")
        self.management_secret_arn = management.arn
        self.address = self._service.address
        self.security_group_id = self._service.security_group_id
        self.register_outputs(
            {
                "address": self.address,
                "security_group_id": self.security_group_id,
                "management_secret_arn": self.management_secret_arn,
            }
        )

    @property
    def password(self) -> pulumi.Output[str]:
        """The services' token, a secret."""
        return self._token.value

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """Reading the services' token."""
        return read_secret(self._token.arn, self._key_arn)

    def entrance(self) -> Server:
        return self._service
