"""Two regions of real nodes with the files that machines get: chat servers, and nodes that keep tables."""

import itertools
import shutil
import subprocess

import pytest

from components.ejabberd.node import CLIENTS
from tests.boot.ejabberd_machine import CAPACITY, SECONDS, Machine, until
from tests.boot.xmpp_client import Client, Ended

EU, NA = "eu.chat.test", "na.chat.test"
PASSWORD, SEEN = "secret", "203.0.113.7"
USERS = {EU: ("amy", "bob", "cid", "dot"), NA: ("noa",)}


@pytest.fixture(scope="module")
def world():
    for name, package in (("ejabberdctl", "ejabberd"), ("erlc", "erlang-base"), ("erl_call", "erlang-base")):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed; apt-get install {package}")
    world = World()
    try:
        world.start()
        yield world
    finally:
        world.stop()


class World:
    """Europe has two nodes for tables and two chat servers, North America one node that is both."""

    def __init__(self):
        self.machine, self.clients = Machine(), []
        europe = {"domain": EU, "stores": ("127.0.1.1", "127.0.1.2")}
        self.stores = [self.machine.node(address=one, chat=False, **europe) for one in europe["stores"]]
        self.chats = [
            self.machine.node(address=one, chat=True, **europe) for one in ("127.0.1.3", "127.0.1.4")
        ]
        self.na = self.machine.node(address="127.0.2.1", domain=NA, chat=True, stores=("127.0.2.1",))
        self.machine.names.region(EU, self.chats)
        self.machine.names.region(NA, [self.na])

    def start(self):
        for node in self.machine.nodes:
            node.start()
        for node in self.machine.nodes:
            node.ready()
        for domain, node in ((EU, self.chats[0]), (NA, self.na)):
            for user in USERS[domain]:
                node.ask("register", user=user, host=domain, password=PASSWORD)

    def stop(self):
        self.machine.stop()

    def connect(self, user, node, domain=EU, port=CLIENTS):
        self.clients.append(Client(user, domain, (node.address, port), seen=SEEN, seconds=SECONDS))
        return self.clients[-1]

    def login(self, user, node, domain=EU):
        """Online, as all chat servers of the region know: who does not yet, keeps messages for later."""
        client = self.connect(user, node, domain).login(PASSWORD)
        there = f'ejabberd_sm:get_user_present_resources(<<"{user}">>, <<"{domain}">>)'
        for server in self.chats if domain == EU else [self.na]:
            if server.serves():
                until(lambda server=server: server.value(there) != "[]", f"{user} is known to {server.name}")
        return client

    def holders(self, user):
        """The nodes that keep a user's partition: its owner and its standby."""
        number = int(self.chats[0].value(f'shards:partition(<<"{user}">>)'))
        return [self.stores[(number + step) % 2] for step in (0, 1)]

    def kept(self, user, node):
        """How many messages for a user are in a node's own copy of their table."""
        key = f'{{<<"{user}">>, <<"{EU}">>}}'
        return int(node.value(f'length(ets:lookup(shards:table(offline, <<"{user}">>), {key}))'))


@pytest.fixture(autouse=True)
def _everybody_leaves(world):
    yield
    while world.clients:
        world.clients.pop().logout()


def test_a_message_goes_from_one_chat_server_to_another(world):
    amy, bob = world.login("amy", world.chats[0]), world.login("bob", world.chats[1])
    amy.send(f"bob@{EU}", "hello")
    message = bob.message()
    assert [one.tag for one in message] == ["{jabber:client}body"] and message[0].text == "hello"
    bob.send(f"amy@{EU}", "and you")
    assert amy.texts() == ["and you"]


def test_messages_wait_in_their_partition_on_two_nodes_and_come_in_order(world):
    amy, texts = world.login("amy", world.chats[0]), [str(number) for number in range(20)]
    amy.send(f"bob@{EU}", *texts)
    for node in world.holders("bob"):
        until(lambda node=node: world.kept("bob", node) == 20, f"{node.name} has them")
    bob = world.login("bob", world.chats[1])
    assert bob.texts(20) == texts
    assert [world.kept("bob", node) for node in world.stores] == [0, 0]


def test_each_partition_is_on_its_owner_and_the_next_node(world):
    assert world.stores[0].value(
        "[shards:holders(0), lists:sort(mnesia:table_info(offline_0, disc_copies))]"
    ) == ("[['ejabberd@127.0.1.1','ejabberd@127.0.1.2'],['ejabberd@127.0.1.1','ejabberd@127.0.1.2']]")
    assert int(world.chats[0].value(f'ejabberd_auth:count_users(<<"{EU}">>)')) == len(USERS[EU])
    assert (world.stores[0].root / "data" / "passwd_0.DCD").exists()


def test_chat_servers_have_sessions_and_no_tables_and_the_others_have_tables_and_no_sessions(world):
    kept = "[mnesia:table_info(T, storage_type) || T <- [session, passwd_0, schema]]"
    assert world.chats[0].value(kept) == "[ram_copies,unknown,ram_copies]"
    assert world.stores[0].value(kept) == "[unknown,disc_copies,disc_copies]"
    assert not world.stores[0].listens(CLIENTS)


def test_passwords_are_not_kept_as_they_are(world):
    row = world.chats[0].value(f'ejabberd_auth_shards:get_password(<<"amy">>, <<"{EU}">>)')
    assert row.startswith("{nocache,{ok,{scram,") and PASSWORD not in row


def test_a_user_has_one_password_or_several(world):
    """As ejabberd wants it until 25.03, which is the one here, and from then on."""
    user = f'<<"eve">>, <<"{EU}">>'
    hashed = f'ejabberd_auth:password_to_scram(<<"{EU}">>, <<"{PASSWORD}">>)'
    register = f"element(2, ejabberd_auth_shards:try_register_multiple({user}, [{hashed}]))"
    assert world.chats[0].value(register).startswith("{ok,[{scram,")
    assert world.chats[0].value(register) == "{error,exists}"
    given = f'ejabberd_auth:check_password(<<"eve">>, <<>>, <<"{EU}">>, <<"{PASSWORD}">>)'
    assert world.chats[1].value(given) == "true"
    row = "{passwd, {<<1>>, <<2>>}, Had}"
    kept = "mnesia:create_table(passwd_0, [{record_name, passwd}, {attributes, [us, password]}])"
    newer = f"""
        {{ok, M, Code}} = compile:forms([{{attribute, 1, module, ejabberd_option}}, {{attribute, 2, export,
            [{{auth_stored_password_types, 1}}]}}, {{function, 3, auth_stored_password_types, 1,
            [{{clause, 3, [{{var, 3, '_'}}], [], [{{nil, 3}}]}}]}}]),
        code:load_binary(M, "none", Code), persistent_term:put({{shards, passwd}}, {{passwd_0}}),
        mnesia:start(), {kept},
        [begin mnesia:dirty_write(passwd_0, {row}),
               io:format("~w", [ejabberd_auth_shards:get_password(<<1>>, <<2>>)])
         end || Had <- [one, [one, two]]],
        halt()."""
    told = ["erl", "-noshell", "-pa", str(world.machine.root / "ebin"), "-eval", newer]
    said = subprocess.run(told, capture_output=True, text=True, check=True, timeout=20).stdout
    assert said == "{nocache,{ok,[one]}}{nocache,{ok,[one,two]}}"


def test_a_user_is_seen_where_the_proxy_says(world):
    world.login("amy", world.chats[0])
    told = world.chats[0].value(f'ejabberd_sm:get_user_ip(<<"amy">>, <<"{EU}">>, <<"phone">>)')
    assert told == f"{{{{{SEEN.replace('.', ',')}}},40000}}"


def test_every_listener_for_clients_serves(world):
    for port in (CLIENTS, CLIENTS + 1):
        assert world.connect("amy", world.chats[0], port=port).next().tag.endswith("features")


def test_the_virtual_machine_has_the_settings(world):
    asked = "[min_heap_size, min_bin_vheap_size, fullsweep_after, process_limit, port_limit]"
    told = world.chats[0].value(f"[erlang:system_info(One) || One <- {asked}]")
    assert told == (
        "[{min_heap_size,233},{min_bin_vheap_size,46422},{fullsweep_after,10},"
        f"{2 ** (CAPACITY.processes - 1).bit_length()},{CAPACITY.ports}]"
    )


def test_clients_sockets_send_at_once_are_kept_alive_and_have_their_buffer(world):
    world.login("amy", world.chats[0])
    told = world.chats[0].value(
        "[inet:getopts(Port, [nodelay, keepalive, recbuf, buffer]) || Port <- erlang:ports(), "
        f"inet:sockname(Port) =:= {{ok, {{{{127,0,1,3}}, {CLIENTS}}}}}, "
        "element(1, inet:peername(Port)) =:= ok]"
    )
    # Linux says twice what it was asked for, which may be no more than its net.core.rmem_max.
    buffer = 2 * CAPACITY.receive_buffer_bytes
    assert told == f"[{{ok,[{{nodelay,true}},{{keepalive,true}},{{recbuf,{buffer}}},{{buffer,4096}}]}}]"


def test_regions_speak_to_each_other_encrypted(world):
    amy, noa = world.login("amy", world.chats[0]), world.login("noa", world.na, NA)
    amy.send(f"noa@{NA}", "far")
    assert noa.texts() == ["far"]
    noa.send(f"amy@{EU}", "away")
    assert amy.texts() == ["away"]
    streams = "[sys:get_state(element(3, Row)) || Row <- ets:tab2list(s2s)]"
    assert world.na.value(f"lists:usort([maps:get(stream_encrypted, One) || One <- {streams}])") == "[true]"
    assert 0 < world.na.ask("vitals")["delivery_p99_ms"] <= SECONDS * 1000


def test_no_other_domain_is_federated(world):
    amy = world.login("amy", world.chats[0])
    failed = world.chats[0].ask("vitals")["messages_failed"]
    amy.send("someone@chat.elsewhere", "hello")
    assert amy.refusal() == "forbidden"
    assert world.chats[0].ask("vitals")["messages_failed"] == failed + 1


def test_vitals_are_of_what_happened(world):
    before = world.chats[0].ask("vitals")
    amy, bob = world.login("amy", world.chats[0]), world.login("bob", world.chats[0])
    amy.send(f"bob@{EU}", "one")
    amy.send(f"dot@{EU}", "two")
    bob.texts()
    until(lambda: world.chats[0].ask("vitals")["messages_stored"] > before["messages_stored"], "it is stored")
    now = world.chats[0].ask("vitals")
    grown = {name: value - before.get(name, 0) for name, value in now.items()}
    assert (grown["messages_sent"], grown["messages_delivered"], grown["messages_stored"]) == (2, 1, 1)
    assert (grown["connections_accepted"], now["connections"], now["messages_failed"]) == (2, 2, 1)
    assert 0 < now["delivery_p99_ms"] <= SECONDS * 1000 and now["memory_bytes"] > 10**7
    assert now["processes"] < now["process_limit"] and 0 < now["ports"] < now["port_limit"]
    assert now["mnesia_overloads"] == 0 and now["longest_mailbox"] >= 0 and now["run_queue"] >= 0


def test_a_full_server_says_when_to_come_again(world):
    for user in ("amy", "bob", "cid"):
        world.login(user, world.chats[0])
    with pytest.raises(Ended) as refused:
        world.connect("dot", world.chats[0]).next()
    condition, text = refused.value.args
    word, seconds = text.split()
    assert (condition, word) == ("resource-constraint", "retry-after") and 10 < int(seconds) <= 60
    assert world.chats[0].ask("vitals")["connections_refused"] == 1
    world.login("dot", world.chats[1])


def test_a_server_that_drains_sends_its_clients_to_others(world):
    chat = world.chats[1]
    amy, bob = world.login("amy", chat), world.login("bob", chat)
    chat.ask("drain")
    for client in (amy, bob):
        with pytest.raises(Ended, match="system-shutdown"):
            client.next()
    until(lambda: chat.ask("vitals")["connections"] == 0, "all are gone")
    assert not chat.listens(CLIENTS) and not chat.listens(CLIENTS + 1)
    chat.ask("undrain")
    world.login("amy", chat)


def test_a_chat_server_is_lost_and_the_other_serves_on(world):
    lost, left = world.chats[1], world.chats[0]
    amy, bob = world.login("amy", left), world.login("bob", lost)
    amy.send(f"bob@{EU}", "before")
    assert bob.texts() == ["before"]
    lost.kill()
    until(lambda: left.value(f'ejabberd_sm:get_user_resources(<<"bob">>, <<"{EU}">>)') == "[]", "bob is gone")
    amy.send(f"bob@{EU}", "meanwhile")
    until(lambda: world.kept("bob", world.stores[0]) == 1, "it is stored")
    assert world.login("bob", left).texts() == ["meanwhile"]
    lost.start()


@pytest.mark.parametrize("disc", ["kept", "lost"])
def test_an_owner_is_lost_its_standby_serves_and_it_comes_back_with_what_it_missed(world, disc):
    owner, standby = world.holders("bob")
    amy = world.login("amy", world.chats[0])
    amy.send(f"bob@{EU}", "before")
    until(lambda: world.kept("bob", standby) == 1, "it is stored")
    owner.kill()
    if disc == "lost":
        for path in itertools.chain((owner.root / "data").glob("*.D*"), (owner.root / "data").glob("*.LOG")):
            path.unlink()
    amy.send(f"bob@{EU}", "meanwhile")
    until(lambda: world.kept("bob", standby) == 2, "the standby takes it")
    owner.start()
    bob = world.login("bob", world.chats[0])
    assert bob.texts(2) == ["before", "meanwhile"]
    bob.logout()
    amy.send(f"bob@{EU}", "later")
    owner.ready()
    until(lambda: world.kept("bob", owner) == 1, "the owner has what it missed")
    assert world.login("bob", world.chats[0]).texts() == ["later"]


def test_the_lost_chat_server_comes_back(world):
    world.chats[1].ready()
    amy, bob = world.login("amy", world.chats[0]), world.login("bob", world.chats[1])
    amy.send(f"bob@{EU}", "again")
    assert bob.texts() == ["again"]


def test_prepare_makes_a_certificate_once(world):
    certificate = world.na.root / "data" / "certificate.pem"
    told = ["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", certificate]
    assert f"DNS:{NA}" in subprocess.run(told, capture_output=True, text=True, check=True).stdout
    assert certificate.stat().st_mode & 0o777 == 0o600
    made = certificate.read_bytes()
    world.na.write()
    assert certificate.read_bytes() == made
