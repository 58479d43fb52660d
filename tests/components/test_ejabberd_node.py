"""What a node of a region's Erlang cluster has on its disk."""

import gzip
from dataclasses import replace

import yaml

from components.ejabberd.node import Node, files, image_files, modules
from tests.boot.ejabberd_machine import CAPACITY

CHAT = Node(
    address="10.0.3.4",
    domain="eu.chat.example.com",
    chat=True,
    stores=("10.0.1.4", "10.0.2.4"),
    partitions=64,
    capacity=CAPACITY,
)
STORE = replace(CHAT, address="10.0.1.4", chat=False)


def settings(node):
    return yaml.safe_load(files(node)["/usr/local/etc/ejabberd/ejabberd.yml"].text)


def listeners(node):
    return {one["port"]: one["module"] for one in settings(node)["listen"]}


def test_a_chat_server_listens_to_clients_on_as_many_ports_as_proxies_need():
    node = replace(CHAT, capacity=replace(CAPACITY, listeners=3))
    assert listeners(node) == {
        **dict.fromkeys((5222, 5223, 5224), "ejabberd_c2s"),
        5269: "ejabberd_s2s_in",
        5280: "ejabberd_http",
    }
    assert list(node.ports) == [5222, 5223, 5224]


def test_a_node_that_keeps_tables_listens_to_nobody_outside_the_cluster():
    assert listeners(STORE) == {5280: "ejabberd_http"}
    assert [one["ip"] for one in settings(STORE)["listen"]] == ["127.0.0.1"]


def test_only_sibling_regions_are_federated():
    assert settings(CHAT)["acl"] == {"regions": {"server_glob": "*.chat.example.com"}}
    assert (settings(CHAT)["s2s_access"], settings(CHAT)["s2s_use_starttls"]) == ("regions", "required")


def test_freebsd_compiles_our_modules_and_linux_has_them_in_its_image():
    sources = {f"/usr/local/lib/fourplane/src/{name}" for name in modules()}
    assert sources <= files(CHAT).keys()
    linux = files(replace(CHAT, system="linux"))
    assert {path.rsplit("/", 1)[0] for path in linux} == {"/etc/ejabberd"}
    built = image_files()
    assert {f"src/{name}" for name in modules()} <= built.keys()
    copied = [line.split()[1] for line in built["Dockerfile"].splitlines() if line.startswith("COPY")]
    assert all(any(name == one or name.startswith(f"{one}/") for name in built) for one in copied)


def test_a_nodes_files_leave_room_in_its_user_data():
    text = "".join(file.text for file in files(CHAT).values())
    assert len(gzip.compress(text.encode())) < 12 * 1024


def test_no_file_holds_a_secret():
    assert not any("cookie" in file.text.lower() for file in files(CHAT).values())
