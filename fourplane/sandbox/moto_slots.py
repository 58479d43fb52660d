"""What the sandbox does of a machine's boot: take the network interface and the volume of its slot, or a free
Elastic IP address of its zone.

A stateful machine finds /etc/fourplane/slot.env in its user data and attaches what it names, so that what
replaces a dead machine comes back with the same address and the same disk. A machine that finds
/etc/fourplane/addresses claims one of those of its zone. The sandbox runs no user data: it makes the calls
itself.
"""

import base64
import gzip
from email import message_from_bytes
from typing import Any

import yaml
from moto.ec2.models.instances import Instance

SLOT = "/etc/fourplane/slot.env"
ADDRESSES = "/etc/fourplane/addresses"


def fill(instance: Instance) -> None:
    """Attach a slot's interface, and its volume if it has one, taken from whoever holds them; AWS refuses it
    across zones."""
    slot = read(str(instance.user_data or ""))
    if not slot:
        return
    ec2 = instance.ec2_backend
    interface = ec2.get_network_interface(slot["NETWORK_INTERFACE_ID"])
    volume = ec2.get_volume(slot["VOLUME_ID"]) if "VOLUME_ID" in slot else None
    zones = {interface.availability_zone, *([volume.zone.name] if volume else [])}
    if zones != {instance.availability_zone}:
        return
    if interface.instance:
        interface.instance.detach_eni(interface)
    instance.attach_eni(interface, 1)
    if volume is None:
        return
    if volume.attachment:
        ec2.detach_volume(volume.id, volume.attachment.instance.id, volume.attachment.device)
    ec2.attach_volume(volume.id, instance.id, slot["DEVICE"])


def claim(instance: Instance) -> None:
    """Take an address of the machine's zone that nobody has who lives."""
    for allocation in addresses(str(instance.user_data or "")).get(str(instance.availability_zone), []):
        address = instance.ec2_backend.address_by_allocation([allocation])[0]
        if not address.instance or address.instance.state != "running":
            instance.ec2_backend.associate_address(instance, allocation_id=allocation, reassociate=True)
            return


def addresses(user_data: str) -> dict[str, list[str]]:
    """The allocations of each zone in a machine's user data: lines of "<zone> <allocation> <name>"."""
    found: dict[str, list[str]] = {}
    for line in files(user_data, ADDRESSES).get(ADDRESSES, "").splitlines():
        zone, allocation, _ = line.split()
        found.setdefault(zone, []).append(allocation)
    return found


def read(user_data: str) -> dict[str, str]:
    """The settings of the slot in a machine's user data, however it is packed; {} where it has none."""
    lines = files(user_data, SLOT).get(SLOT, "").splitlines()
    return dict(
        line.split("=", 1) for line in map(str.strip, lines) if "=" in line and not line.startswith("#")
    )


def files(user_data: str, path: str = "") -> dict[str, str]:
    """The files that a machine's cloud-configs write, by path. `path`: look only where it is named."""
    found: dict[str, str] = {}
    for part in _parts(_opened(base64.b64decode(user_data))):
        if path.encode() in part:
            config = yaml.load(part, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}
            found |= {file["path"]: _text(file) for file in config.get("write_files", []) if "path" in file}
    return found


def _opened(data: bytes) -> bytes:
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def _parts(data: bytes) -> list[bytes]:
    """The cloud-configs of user data."""
    if not data.lstrip().lower().startswith((b"content-type: multipart", b"mime-version:")):
        return [data] if data.lstrip().startswith((b"#cloud-config", b"## template: jinja")) else []
    leaves = [part for part in message_from_bytes(data.lstrip()).walk() if not part.is_multipart()]
    texts = [
        part.get_payload(decode=True) for part in leaves if part.get_content_type() == "text/cloud-config"
    ]
    return [_opened(text) for text in texts if isinstance(text, bytes)]


def _text(file: dict[str, Any]) -> str:
    """A file's text; cloud-init takes it plain, in base64, and compressed."""
    encoding, content = file.get("encoding", ""), file.get("content", "")
    if isinstance(content, bytes):
        return _opened(content).decode()
    return (
        _opened(base64.b64decode(content)).decode() if "b64" in encoding or "base64" in encoding else content
    )
