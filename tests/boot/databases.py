"""Real databases on loopback that take nothing but TLS, who vouches for them, and the secret that says how to
log in."""

import contextlib
import json
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.boot.conftest import clients
from tests.boot.kong_machine import free_port

PYTHON = "/usr/bin/python3"
"""Debian's, whose packages are those of the images."""
REPOSITORY = Path(".").resolve()


@dataclass
class Database:
    address: str
    authority: Path
    secret_arn: str
    endpoint: str
    """Of Secrets Manager."""

    def settings(self, prefix):
        """What a program's environment says of it."""
        return {
            f"{prefix}_ADDRESS": self.address,
            f"{prefix}_AUTHORITY": str(self.authority),
            f"{prefix}_SECRET_ARN": self.secret_arn,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def login(self, **values):
        """Say something else in the secret from now on."""
        secrets = boto3.client("secretsmanager", **clients(self.endpoint))
        secrets.put_secret_value(SecretId=self.secret_arn, SecretString=json.dumps(values))


def python_with(module, package):
    """Debian's Python, or a skip that says how to get what it lacks."""
    found = subprocess.run([PYTHON, "-c", f"import {module}"], capture_output=True, check=False)
    if found.returncode:
        pytest.skip(f"{PYTHON} has no {module}; apt-get install {package}")
    return PYTHON


def found(name, package, folder="/usr/sbin"):
    path = shutil.which(name, path=f"{folder}:/usr/sbin:{os.environ['PATH']}")
    if path is None:
        pytest.skip(f"{name} is not installed; apt-get install {package}")
    return path


def owner(user):
    """How to run a server that is never root: as a user of its own where we are."""
    return {"user": pwd.getpwnam(user).pw_uid, "group": pwd.getpwnam(user).pw_gid} if os.getuid() == 0 else {}


def certificate(folder):
    """An authority, and a server's certificate for 127.0.0.1."""
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-x509", "-days", "2", "-batch"]
    names = ["-subj", "/CN=a test", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run([*new, *names, *files], check=True, capture_output=True)
    return folder / "key.pem", folder / "certificate.pem"


@contextlib.contextmanager
def home():
    """A folder that a server's user can reach: pytest's own are closed to all but who runs the tests."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def given_to(folder, **owned):
    """A folder and what is in it, owned by a server's user."""
    for path in [folder, *folder.iterdir()] if owned else []:
        os.chown(path, owned["user"], owned["group"])


@contextlib.contextmanager
def secret(**values):
    """(endpoint, ARN) of a secret in an emulator."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    secrets = boto3.client("secretsmanager", **clients(endpoint))
    name = f"database-{port}"  # emulators of one process share what they hold
    yield endpoint, secrets.create_secret(Name=name, SecretString=json.dumps(values))["ARN"]
    server.stop()


@contextlib.contextmanager
def mariadb():
    """A MariaDB, which says of itself what Aurora MySQL would."""
    with home() as folder:
        install, server = found("mariadb-install-db", "mariadb-server"), found("mariadbd", "mariadb-server")
        key, authority = certificate(folder)
        (folder / "init.sql").write_text(
            "CREATE USER admin@'127.0.0.1' IDENTIFIED BY 'first' REQUIRE SSL;\n"
            "GRANT ALL ON *.* TO admin@'127.0.0.1';\n"
        )
        (folder / "data").mkdir()
        as_user = owner("mysql")
        given_to(folder, **as_user)
        here = [f"--datadir={folder / 'data'}"]
        installing = [
            install,
            "--no-defaults",
            *here,
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ]
        subprocess.run(installing, check=True, capture_output=True, **as_user)
        port = free_port()
        command = [
            server,
            "--no-defaults",
            *here,
            f"--port={port}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
        ]
        command += [f"--socket={folder / 'socket'}", f"--init-file={folder / 'init.sql'}", f"--ssl-key={key}"]
        command += [
            f"--ssl-cert={authority}",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=16M",
        ]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, **as_user)
        try:
            for _ in range(200):
                if (folder / "socket").exists():
                    break
                time.sleep(0.05)
            with secret(username="admin", password="first") as (endpoint, arn):
                yield Database(f"127.0.0.1:{port}", authority, arn, endpoint)
        finally:
            process.kill()
            process.wait()


@contextlib.contextmanager
def postgresql():
    """A PostgreSQL, which takes what RDS's takes: TLS and a password."""
    with home() as folder:
        places = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [Path("/usr/bin")]
        init, server = (found(name, "postgresql", str(places[-1])) for name in ("initdb", "postgres"))
        key, authority = certificate(folder)
        (folder / "password").write_text("first")
        as_user = owner("postgres")
        given_to(folder, **as_user)
        key.chmod(0o600)
        data = folder / "data"
        initialising = [init, "--pgdata", str(data), "--username=postgres", f"--pwfile={folder / 'password'}"]
        initialising += ["--auth=scram-sha-256", "--no-sync", "--encoding=UTF8", "--locale=C"]
        subprocess.run(initialising, check=True, capture_output=True, cwd=folder, **as_user)
        (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        port = free_port()
        options = {
            "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off",
            "ssl": "on", "ssl_key_file": key, "ssl_cert_file": authority, "shared_buffers": "16MB",
            "max_connections": 60,
        }  # fmt: skip
        command = [
            server,
            "-D",
            str(data),
            *(part for k, v in options.items() for part in ("-c", f"{k}={v}")),
        ]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=folder, **as_user)
        try:
            for _ in range(200):
                status = data / "postmaster.pid"
                if status.exists() and "ready" in status.read_text():
                    break
                time.sleep(0.05)
            with secret(username="postgres", password="first") as (endpoint, arn):
                yield Database(f"127.0.0.1:{port}", authority, arn, endpoint)
        finally:
            process.terminate()
            process.wait()
