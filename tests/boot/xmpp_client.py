"""A small XMPP client (RFC 6120, 6121): it logs in, sends messages and receives them."""

import base64
import socket
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

STREAMS, STREAM_ERRORS = "{http://etherx.jabber.org/streams}", "{urn:ietf:params:xml:ns:xmpp-streams}"
CLIENT, STANZA_ERRORS = "{jabber:client}", "{urn:ietf:params:xml:ns:xmpp-stanzas}"
SASL, BIND = "urn:ietf:params:xml:ns:xmpp-sasl", "urn:ietf:params:xml:ns:xmpp-bind"


class Ended(Exception):
    """The server ended the stream: what for, and its words."""


class Client:
    """A client behind a proxy that says where it is."""

    def __init__(self, user, domain, address, *, seen, seconds):
        self.user, self.domain, self._early = user, domain, []
        self._socket = socket.create_connection(address, timeout=seconds)
        self._socket.sendall(f"PROXY TCP4 {seen} {address[0]} 40000 {address[1]}\r\n".encode())
        self._open()

    def login(self, password):
        """Online, so that messages come."""
        assert self.next().tag == f"{STREAMS}features"
        secret = base64.b64encode(f"\0{self.user}\0{password}".encode()).decode()
        self._say(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{secret}</auth>")
        assert self.next().tag == f"{{{SASL}}}success"
        self._open()
        assert self.next().tag == f"{STREAMS}features"
        self._say(f"<iq type='set' id='bind'><bind xmlns='{BIND}'><resource>phone</resource></bind></iq>")
        assert self.next().get("type") == "result"
        self._say("<presence/>")
        # What waited for them may come before the server says that they are there.
        waited = []
        while (element := self.next()).tag != f"{CLIENT}presence":
            waited.append(element)
        self._early = waited
        return self

    def send(self, to, *texts):
        for text in texts:
            self._say(f"<message to='{to}' type='chat'><body>{escape(text)}</body></message>")

    def next(self):
        """The next element of the stream. Raises Ended where it is the server's last one."""
        if self._early:
            return self._early.pop(0)
        while True:
            for event, element in self._parser.read_events():
                self._depth += 1 if event == "start" else -1
                if event == "end" and self._depth == 1:
                    if element.tag == f"{STREAMS}error":
                        raise Ended(element[0].tag.removeprefix(STREAM_ERRORS), element[1].text)
                    return element
            read = self._socket.recv(65536)
            assert read, f"{self.user}'s stream has ended without a word"
            self._parser.feed(read)

    def message(self):
        """The next message."""
        while (element := self.next()).tag != f"{CLIENT}message":
            pass
        return element

    def texts(self, count=1):
        """What the next messages say."""
        return [self.message().findtext(f"{CLIENT}body") for _ in range(count)]

    def refusal(self):
        """Why the next message did not arrive."""
        return self.message().find(f"{CLIENT}error")[0].tag.removeprefix(STANZA_ERRORS)

    def logout(self):
        """Waits until the server has said goodbye, and so has no session of it."""
        try:
            self._say("</stream:stream>")
            while self._socket.recv(65536):
                pass
        except OSError:
            pass
        self._socket.close()

    def _open(self):
        self._parser, self._depth = ET.XMLPullParser(("start", "end")), 0
        self._say(
            f"<stream:stream to='{self.domain}' version='1.0' xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams'>"
        )

    def _say(self, text):
        self._socket.sendall(text.encode())
