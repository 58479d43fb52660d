"""A gateway machine: what is shipped to it, run by nginx's own Lua, with a stand-in for Kong's kit."""

import json
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.service.gateway_routes import DEFAULTS, KONG, PLUGINS

SHIM = Path(__file__).parent / "data/kong"
LUA = Path("/usr/lib/nginx/modules/ngx_http_lua_module.so")


def render(
    folder: Path, routes: dict[str, Any], addresses: dict[str, str], **settings: Any
) -> dict[str, Any]:
    """kong.yml, made by the program that makes it on the machine."""
    folder.mkdir(exist_ok=True)
    shutil.copy(KONG / "kong.yml.j2", folder)
    given = {
        "routes": {name: {**DEFAULTS, **route} for name, route in routes.items()},
        "tokens": True,
        "port": 8000,
        "capacity": 500,
        "breakers": "hystrix",
        "payload_megabytes": 10,
        **settings,
    }
    (folder / "routes.json").write_text(json.dumps(given))
    (folder / "configuration.env").write_text("".join(f"{k}={v}\n" for k, v in addresses.items()))
    command = [sys.executable, str(KONG / "render-kong.py")]
    result = subprocess.run(command, env={"FOURPLANE_FOLDER": str(folder)}, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return yaml.safe_load((folder / "kong" / "kong.yml").read_text())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Backend(BaseHTTPRequestHandler):
    """A server that answers with the status that the path ends with."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(int(self.path.rsplit("/", 1)[1]))
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        pass


class Gateway:
    """A running machine."""

    def __init__(self, port: int, asked: list[str]) -> None:
        self.asked = asked
        self._port = port

    def ask(
        self, path: str, method: str = "GET", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], str]:
        url = f"http://127.0.0.1:{self._port}{path}"
        data = b"{}" if method == "POST" else None
        request = urllib.request.Request(url, method=method, data=data, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read().decode()

    def said(self, headers: str) -> int:
        """The status of a request with these very headers, which no library would send."""
        with socket.create_connection(("127.0.0.1", self._port), 10) as connection:
            connection.sendall(f"GET /a/200 HTTP/1.1\r\nHost: a\r\n{headers}\r\n".encode())
            return int(connection.recv(64).split()[1])


@contextmanager
def running(folder: Path, config: dict[str, Any]) -> Iterator[Gateway]:
    """The machine, with the plugins' settings as kong.yml has them."""
    if not LUA.exists() or not shutil.which("nginx"):
        pytest.skip("nginx's Lua is not installed; apt-get install libnginx-mod-http-lua lua-cjson")
    services = {
        service["name"]: {plugin["name"]: plugin["config"] for plugin in service["plugins"]}
        for service in config["services"]
        if service["name"] != "gateway-health"
    }
    (folder / "services.json").write_text(json.dumps(services))
    handler = type("Handler", (Backend,), {"asked": []})
    with ExitStack() as stack:
        backend = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=backend.serve_forever, args=(0.02,), daemon=True).start()
        stack.callback(backend.shutdown)
        port = free_port()
        told = {"FOLDER": folder, "PLUGINS": PLUGINS, "SHIM": SHIM, "PORT": port, "DEAD": free_port()}
        text = (SHIM / "nginx.conf").read_text()
        for word, value in {**told, "BACKEND": backend.server_port}.items():
            text = text.replace(word, str(value))
        (folder / "nginx.conf").write_text(text)
        log = stack.enter_context((folder / "nginx.log").open("w+"))
        nginx = subprocess.Popen(["nginx", "-p", folder, "-c", folder / "nginx.conf"], stderr=log)
        stack.callback(nginx.wait)
        stack.callback(nginx.kill)
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert nginx.poll() is None, (folder / "nginx.log").read_text()
            time.sleep(0.05)
        yield Gateway(port, handler.asked)
