"""What everything in a region stands on, and who is told when something is wrong, whatever the company."""

from collections.abc import Sequence

import pulumi

from components.component import Component
from components.control.alerts import Alerts, AlertsArgs
from components.control.encryption_key import EncryptionKey
from components.control.image_cache import ImageCache
from components.control.log_archive import LogArchive
from components.control.package_cache import PackageCache
from components.edge.certificate import Certificate
from components.edge.domain import Domain
from components.edge.firewall import GLOBAL_REGION
from components.edge.load_balancer import Tls
from components.edge.private_names import PrivateNames
from components.keeping import Keeping, Logging
from components.network import Network, NetworkArgs
from components.vpc_endpoints import BOOT_AND_LOG
from stacks.environment import Named


class Ground:
    """What everything in a region stands on."""

    def __init__(
        self,
        env: Named,
        region: str,
        cidr_block: str,
        domain: Domain | None,
        around: Component | None = None,
        *,
        closed: bool = False,
        images: bool = True,
        packages: bool = False,
        endpoints: Sequence[str] = (),
    ) -> None:
        """`around`: the Region that it is in. `closed`: whether nothing gets out. `images`: whether machines
        run public images. `packages`: whether they fetch Maven packages. `endpoints`: AWS services that are
        reached inside the network, besides those that any stack needs."""
        self.region = region
        self.opts = around.child if around else None
        self.key = EncryptionKey("key", {}, self.opts)
        self.logs = LogArchive("logs", {"disposable": env.disposable}, self.opts)
        self.alerts = Alerts("alerts", {**woken(env), "key_arn": self.key.key_arn}, self.opts)
        if images:
            self.images = ImageCache("images", {}, self.opts)
        services = [one for one in BOOT_AND_LOG if images or not one.startswith("ecr.")]
        network: NetworkArgs = {
            "cidr_block": cidr_block,
            "zones": env.zones,
            "closed": closed,
            "single_zone_egress": env.single_zone_egress,
            "interface_endpoints": [*services, "secretsmanager", *endpoints],  # passwords too
            "key_arn": self.key.key_arn,
            "log_retention_days": env.log_retention_days,
        }
        if packages:
            self.packages = PackageCache("packages", {"key_arn": self.key.key_arn}, self.opts)
            network["package_bucket_arn"] = self.packages.bucket_arn
        self.network = Network("network", network, self.opts)
        self.kept: Keeping = {
            "key_arn": self.key.key_arn,
            "log_bucket": self.logs.bucket,
            "disposable": env.disposable,
        }
        self.logged: Logging = {**self.kept, "log_retention_days": env.log_retention_days}
        self.tls: Tls = {}
        self.front: Tls = {}
        if domain is not None:
            inside = f"{region}.internal.{env.domain}"
            names = PrivateNames(
                "names",
                {"domain": inside, "vpc_id": self.network.vpc_id, "zone_id": domain.zone_id},
                self.opts,
            )
            certificate = Certificate(
                "gateway-certificate", {"domain": env.domain, "proof": domain.proof}, self.opts
            )
            self.tls, self.front = names.tls, {"certificate_arn": certificate.arn}


def woken(env: Named) -> AlertsArgs:
    """Who is told of alarms."""
    return {"pagerduty_url": pulumi.Output.secret(env.pagerduty_url)} if env.pagerduty_url else {}


class Told:
    """Topics of those who are told when an alarm goes off."""

    def __init__(self, env: Named, home: Ground) -> None:
        self.here = [home.alerts.topic_arn]
        self.worldwide = self.here
        # Alarms on what CloudFront and Route 53 measure are in us-east-1, and so must their topics be.
        if env.region != GLOBAL_REGION:
            key = EncryptionKey("worldwide-key", {"region": GLOBAL_REGION})
            args: AlertsArgs = {**woken(env), "key_arn": key.key_arn, "region": GLOBAL_REGION}
            self.worldwide = [Alerts("worldwide-alerts", args).topic_arn]


def own_domain(env: Named) -> Domain | None:
    """The site's domain, where it has one."""
    if not env.domain:
        return None
    return Domain(
        "domain",
        {
            "domain": env.domain,
            "disposable": env.disposable,
            "log_retention_days": env.log_retention_days,
        },
    )
