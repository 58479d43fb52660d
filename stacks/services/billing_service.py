"""The billing service until a real one takes its place: answers for its health, and whether it reaches MySQL.

Runs in a plain Python image, so with nothing but the standard library. What is asked is MySQL's greeting,
which it sends to whoever may connect, before any password.
"""

import json
import os
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONNECT_SECONDS = 1.0
PROTOCOL = 10
"""The first byte of MySQL's greeting, after its four of length:
https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html."""


def greets(address: str) -> bool:
    """Whether a MySQL server answers at "host:port"."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), CONNECT_SECONDS) as connection:
            connection.settimeout(CONNECT_SECONDS)
            return connection.recv(5)[4:] == bytes([PROTOCOL])
    except (OSError, ValueError):
        return False


class Billing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/health":
            self._answer(200, {"status": "up"})
        elif self.path.startswith("/api/billing"):
            reached = greets(os.environ.get("BILLS_ADDRESS", ""))
            self._answer(200 if reached else 503, {"database": "reached" if reached else "lost"})
        else:
            self._answer(404, {"error": "not found"})

    def _answer(self, status: int, body: dict[str, str]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Billing).serve_forever()
