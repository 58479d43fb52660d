"""How FreeBSD's packages are copied: from a small repository of pkg's own format, into a bucket."""

import hashlib
import importlib.util
import io
import json
import os
import subprocess
import tarfile
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
import yaml

from components.control.freebsd_packages import BUILDSPEC, HANDLER, PROGRAM
from components.service.build import await_build
from fourplane.sandbox import Sandbox

REGION, BUCKET, PREFIX = "us-east-1", "mirror", "packages/t/FreeBSD:14:aarch64/quarterly"
NEEDS = {
    "pkg": [],
    "ejabberd": ["erlang-runtime26", "expat"],
    "erlang-runtime26": ["expat"],
    "expat": [],
    "python311": [],
    "py311-boto3": ["python311"],
    "libsigc++": [],
    "vim": [],
}


def content(name):
    return f"the package {name}".encode()


def entry(name):
    """A package as the catalogue has it."""
    sum = hashlib.sha256(content(name)).hexdigest()
    needed = {one: {"origin": f"devel/{one}", "version": "1.2_3,1"} for one in NEEDS[name]}
    return {
        "name": name,
        "origin": f"{'www' if 'boto3' in name else 'devel'}/{name.replace('py311-', 'py-')}",
        "version": "1.2_3,1",
        "abi": "FreeBSD:14:aarch64",
        "sum": f"1${sum}" if name == "pkg" else sum,
        "pkgsize": len(content(name)),
        "path": f"All/Hashed/{name}-1.2_3,1~{sum[:10]}.pkg",
        "repopath": f"All/Hashed/{name}-1.2_3,1~{sum[:10]}.pkg",
        "deps": needed,
    }


def packed(zstd, inside, text):
    """An archive as pkg makes it: a tar of the text and its signature, compressed."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        for name, data in (("pkg.freebsd.org.sig", b"s"), ("pkg.freebsd.org.pub", b"p"), (inside, text)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return subprocess.run([zstd, "--stdout"], input=whole.getvalue(), check=True, capture_output=True).stdout


@pytest.fixture
def files(program):
    """A repository's files by their paths."""
    zstd = program("zstd", "zstd")
    entries = [entry(name) for name in NEEDS]
    lines = "".join(f"{json.dumps(one)}\n" for one in entries).encode()
    return {
        "meta.conf": b'version = 2;\npacking_format = "tzst";\n',
        "packagesite.pkg": packed(zstd, "packagesite.yaml", lines),
        "data.pkg": packed(zstd, "data", json.dumps({"groups": [], "packages": entries}).encode()),
        "Latest/pkg.pkg": content("pkg"),
        "Latest/pkg.pkg.sig": b"signature",
        **{one["repopath"]: content(one["name"]) for one in entries},
    }


@pytest.fixture
def site(files):
    """Its address; `asked` are the paths that were fetched."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path = urllib.parse.unquote(self.path.removeprefix("/"))
            found = files.get(path)
            self.send_response(200 if found is not None else 404)
            self.send_header("Content-Length", str(len(found or b"")))
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem.replace("-", "_"), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def s3(monkeypatch, site):
    settings = {"SITE": site, "BUCKET": BUCKET, "PREFIX": PREFIX, "CODEBUILD_BUILD_ID": "mirror:1"}
    for key, value in {**settings, "AWS_DEFAULT_REGION": REGION, "PAUSE_SECONDS": "0"}.items():
        monkeypatch.setenv(key, value)
    with Sandbox() as sandbox:
        client = sandbox.client("s3", REGION)
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def copy(s3, monkeypatch):
    """copy(*packages): what the bucket has then, by path."""

    def copy(*packages):
        monkeypatch.setenv("PACKAGES", " ".join(packages))
        loaded(PROGRAM).main()
        return kept(s3)

    return copy


def kept(s3):
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
    bodies = {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}
    return {key.removeprefix(f"{PREFIX}/"): body for key, body in bodies.items()}


def names(copied):
    return {path.split("/")[-1].split("-1.2_3,1~")[0] for path in copied if "/Hashed/" in path}


def test_copies_what_packages_depend_on_and_pkg_and_no_more(copy):
    assert names(copy("ejabberd")) == {"ejabberd", "erlang-runtime26", "expat", "pkg"}


def test_every_file_is_where_and_what_it_was(copy, files):
    copied = copy("ejabberd", "py311-boto3")
    assert copied == {path: files[path] for path in copied}
    assert {"meta.conf", "packagesite.pkg", "data.pkg", "Latest/pkg.pkg", "Latest/pkg.pkg.sig"} <= set(copied)
    assert {"py311-boto3", "python311"} <= names(copied)


@pytest.mark.parametrize("named", ["py311-boto3", "py3*-boto3", "www/py-boto3"])
def test_takes_names_patterns_and_origins(copy, named):
    assert names(copy(named)) == {"py311-boto3", "python311", "pkg"}


@pytest.mark.parametrize("gone", ["packagesite.pkg", "data.pkg"])
def test_either_catalogue_will_do(copy, files, gone):
    del files[gone]
    copied = copy("ejabberd")
    assert names(copied) == {"ejabberd", "erlang-runtime26", "expat", "pkg"} and gone not in copied


def test_a_plus_is_found_under_the_name_that_s3_reads_it_as(copy):
    assert {"libsigc++", "libsigc  "} <= names(copy("libsigc++"))


@pytest.mark.parametrize(
    ("packages", "change", "reason"),
    [
        (
            ("ejaberd", "devel/py-boto3", "zzz"),
            lambda files: None,
            r"not among the 8 packages of http.*: ejaberd \(did you mean ejabberd\?\), "
            r"devel/py-boto3 \(did you mean www/py-boto3\?\), zzz$",
        ),
        (
            ("ejabberd",),
            lambda files: files.pop(entry("expat")["repopath"]),
            "expat-1.2_3%2C1~.*pkg is not there: the repository may have changed meanwhile; deploy again",
        ),
        (
            ("ejabberd",),
            lambda files: files.update({entry("expat")["repopath"]: b"the package ex"}),
            "14 bytes rather than 17",
        ),
        (
            ("ejabberd",),
            lambda files: files.update({entry("expat")["repopath"]: b"another package!!"}),
            "its SHA-256 is .* rather than",
        ),
        (
            ("ejabberd",),
            lambda files: [files.pop(one) for one in ("data.pkg", "packagesite.pkg")],
            "has no catalogue: neither packagesite.pkg nor data.pkg",
        ),
        (
            ("ejabberd",),
            lambda files: files.update({"packagesite.pkg": b"<html>"}),
            "packagesite.pkg cannot be unpacked",
        ),
    ],
    ids=["unknown", "gone", "short", "other", "no catalogue", "no archive"],
)
def test_says_why_there_is_no_mirror(copy, files, s3, packages, change, reason):
    change(files)
    with pytest.raises(SystemExit, match=reason):
        copy(*packages)
    assert "meta.conf" not in kept(s3)


def test_the_function_says_what_the_build_has_noted(s3, copy, monkeypatch):
    monkeypatch.setattr(await_build, "start", lambda: "mirror:1")
    monkeypatch.setattr(await_build, "look", lambda id: {"id": id, "buildStatus": "FAILED"})
    with pytest.raises(SystemExit):
        copy("ejaberd")
    late = SimpleNamespace(get_remaining_time_in_millis=lambda: 60000)
    with pytest.raises(RuntimeError, match=r"FAILED: not among .* ejaberd \(did you mean ejabberd\?\)"):
        loaded(HANDLER).handler({"prefix": PREFIX}, late)


def test_the_function_has_nothing_copied_that_is_there(copy, monkeypatch):
    copy("ejabberd")
    monkeypatch.setattr(await_build, "start", lambda: pytest.fail("it is there"))
    assert loaded(HANDLER).handler({"prefix": PREFIX}, None) == {"prefix": PREFIX}


def test_the_build_runs_the_program_that_comes_with_it(tmp_path):
    (tmp_path / PROGRAM.name).write_text(f"print('copied')\n# {PROGRAM.name}\n")
    phases = yaml.safe_load(BUILDSPEC.read_text())["phases"]
    for command in [one for phase in ("install", "build") for one in phases[phase]["commands"]]:
        env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        (tmp_path / "dnf").write_text("#!/bin/sh\n")
        (tmp_path / "dnf").chmod(0o755)
        said = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=env, check=True, capture_output=True, text=True
        )
    assert said.stdout == "copied\n"
