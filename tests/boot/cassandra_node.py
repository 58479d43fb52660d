"""Nodes of a Cassandra ring that take version 4 of its protocol, and of CQL what the trip service says.

https://github.com/apache/cassandra/blob/trunk/doc/native_protocol_v4.spec
"""

import re
import socketserver
import struct
import threading

STARTUP, READY, QUERY, RESULT, ERROR = 0x01, 0x02, 0x07, 0x08, 0x00
LOCAL_QUORUM, LOCAL_SERIAL = 0x0006, 0x0009
BOOLEAN, DOUBLE, TIMESTAMP, TEXT = 0x04, 0x07, 0x0B, 0x0D
UNAVAILABLE, INVALID = 0x1000, 0x2200


class Refused(Exception):
    """Code and words of an error."""


class Ring:
    """What all nodes know: the tables, their rows, and every statement that was said."""

    def __init__(self, datacenter="eu-west-1"):
        self.datacenter = datacenter
        self.tables, self.types = {}, {}
        self.said = []
        self.failing = False
        self.lock = threading.Lock()

    def run(self, statement, values):
        """(columns as (name, type), rows as dicts of bytes), or None for a statement that gives no rows."""
        with self.lock:
            self.said.append(statement)
            if self.failing:
                raise Refused(UNAVAILABLE, "Cannot achieve consistency level LOCAL_QUORUM")
            for pattern, action in self.GRAMMAR:
                if found := re.fullmatch(pattern, statement):
                    return action(self, found, values)
            raise Refused(0x2000, f"line 1: no viable alternative at {statement}")

    def _local(self, found, values):
        return [("data_center", TEXT)], [{"data_center": self.datacenter.encode()}]

    def _keyspace(self, found, values):
        self.tables.setdefault(found["keyspace"], None)

    def _table(self, found, values):
        keyspace = found["table"].split(".")[0]
        if keyspace not in self.tables:
            raise Refused(INVALID, f"Keyspace {keyspace} does not exist")
        self.tables.setdefault(found["table"], {})
        kinds = {"text": TEXT, "double": DOUBLE, "timestamp": TIMESTAMP}
        columns = (one.split()[:2] for one in found["columns"].split(", "))
        self.types = {name: kinds[kind] for name, kind in columns}

    def _rows(self, found):
        if found["table"] not in self.tables:
            raise Refused(INVALID, f"unconfigured table {found['table']}")
        return self.tables[found["table"]]

    def _select(self, found, values):
        columns = found["columns"].split(", ")
        row = self._rows(found).get(values[0])
        return [(name, self.types[name]) for name in columns], [row] if row else []

    def _insert(self, found, values):
        given = dict(zip(found["columns"].split(", "), self._typed(found["columns"], values), strict=True))
        rows = self._rows(found)
        if applied := given["id"] not in rows:
            rows[given["id"]] = given
        return [("[applied]", BOOLEAN)], [{"[applied]": bytes([applied])}]

    def _update(self, found, values):
        columns = found["columns"].replace(" = ?", "")
        *given, key, state = self._typed(f"{columns}, id, state", values)
        row = self._rows(found).get(key)
        if applied := row is not None and row["state"] == state:
            row.update(zip(columns.split(", "), given, strict=True))
        return [("[applied]", BOOLEAN)], [{"[applied]": bytes([applied])}]

    def _typed(self, columns, values):
        for name, value in zip(columns.split(", "), values, strict=True):
            if value is not None and self.types[name] in (DOUBLE, TIMESTAMP) and len(value) != 8:
                raise Refused(INVALID, f"Expected 8 bytes for {name} ({len(value)})")
        return values

    GRAMMAR = (
        (r"SELECT data_center FROM system\.local", _local),
        (
            r"CREATE KEYSPACE IF NOT EXISTS (?P<keyspace>\w+) WITH replication = "
            r"\{'class': 'NetworkTopologyStrategy', '[\w-]+': \d\}",
            _keyspace,
        ),
        (
            r"CREATE TABLE IF NOT EXISTS (?P<table>\w+\.\w+) \((?P<columns>.*)\) "
            r"WITH id = [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            _table,
        ),
        (r"SELECT (?P<columns>[\w, ]+) FROM (?P<table>[\w.]+) WHERE id = \?", _select),
        (
            r"INSERT INTO (?P<table>[\w.]+) \((?P<columns>[\w, ]+)\) VALUES \((\?(, )?)+\) IF NOT EXISTS",
            _insert,
        ),
        (
            r"UPDATE (?P<table>[\w.]+) SET (?P<columns>[\w, =?]+) WHERE id = \? IF state = \?",
            _update,
        ),
    )


class Node:
    """A node on a port of its own."""

    def __init__(self, ring):
        class Connection(socketserver.BaseRequestHandler):
            def handle(self):
                node.connections.append(self.request)
                while head := self.request.recv(9, 0x100):  # MSG_WAITALL
                    version, flags, stream, opcode, length = struct.unpack("!BBhBi", head)
                    assert (version, flags) == (0x04, 0)
                    body = self.request.recv(length, 0x100) if length else b""
                    answer, text = node.answer(opcode, body)
                    self.request.sendall(struct.pack("!BBhBi", 0x84, 0, stream, answer, len(text)) + text)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request, client_address):
                pass  # a connection that was ended

        node = self
        self.ring, self.connections = ring, []
        self._server = Server(("127.0.0.1", 0), Connection)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        for connection in self.connections:
            connection.close()

    def answer(self, opcode, body):
        if opcode == STARTUP:
            assert body == b"\x00\x01\x00\x0bCQL_VERSION\x00\x053.0.0"
            return READY, b""
        assert opcode == QUERY
        try:
            result = self.ring.run(*query(body))
        except Refused as refused:
            code, words = refused.args
            return ERROR, struct.pack("!i", code) + string(words)
        return RESULT, struct.pack("!i", 1) if result is None else rows(*result)


def query(body):
    """(statement, values) of a query's body, which holds nothing else."""
    (length,) = struct.unpack_from("!i", body)
    statement, rest = body[4 : 4 + length].decode(), body[4 + length :]
    consistency, flags = struct.unpack_from("!HB", rest)
    assert consistency == LOCAL_QUORUM and flags in (0x10, 0x11)
    at, values = 3, []
    if flags & 0x01:
        (count,) = struct.unpack_from("!H", rest, at)
        at += 2
        for _ in range(count):
            (size,) = struct.unpack_from("!i", rest, at)
            at += 4
            values.append(None if size < 0 else rest[at : at + size])
            at += max(0, size)
    assert rest[at:] == struct.pack("!H", LOCAL_SERIAL)
    assert statement.count("?") == len(values)
    return statement, values


def rows(columns, found):
    kinds = b"".join(string(name) + struct.pack("!H", kind) for name, kind in columns)
    head = struct.pack("!iii", 2, 0x01, len(columns)) + string("trips") + string("trips") + kinds
    cells = [row[name] for row in found for name, _ in columns]
    sized = (struct.pack("!i", -1) if one is None else struct.pack("!i", len(one)) + one for one in cells)
    return head + struct.pack("!i", len(found)) + b"".join(sized)


def string(text):
    return struct.pack("!H", len(text.encode())) + text.encode()
