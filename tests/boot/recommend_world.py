"""What recommendations stand on, played here: Redis and S3 for real or by moto, AppConfig and Personalize as
they answer. Each can be taken away."""

import gzip
import io
import json
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3

from blueprints.recommendation import infer, serve
from blueprints.recommendation.model import Model

CAMPAIGN = "arn:aws:personalize:us-east-1:123456789012:campaign/shop"
SILENT, ASK = "silent", serve.Stages.ask
FEATURES, MODELS, GROUP = "features", "models", "dev-more-models"
POPULAR = ["bread", "butter", "cheese"]


class Services:
    """AppConfig and Personalize at one address."""

    def __init__(self, percent=50):
        self.percent, self.ranked = percent, ["wine", "grapes"]
        self.ill, self.over = {}, threading.Event()
        """By "flags" or "personalize": a status to fail with, or SILENT."""
        self.asked = {"flags": 0, "personalize": 0}

    def __enter__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path):
        who = "personalize" if path == "/recommendations" else "flags"
        self.asked[who] += 1
        match self.ill.get(who):
            case int(status):
                return status, {}
            case str():
                self.over.wait()
        if who == "personalize":
            return 200, {"itemList": [{"itemId": item} for item in self.ranked]}
        if path.startswith("/configuration?"):
            return 200, {"personalize": {"enabled": True, "percent": self.percent}}
        return 201, {"InitialConfigurationToken": "a"}

    def _handler(self):
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def do_GET(self):
                status, said = service.answer(self.path)
                body = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Next-Poll-Configuration-Token", "b")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler


def forget():
    """Begin anew, as a new container of a function does."""
    for connected in (serve.connected, infer.connected):
        if connected.cache_info().currsize:
            connected().close()
    if serve.clients.cache_info().currsize:
        serve.clients("personalize-runtime").close()
    for kept in (serve.stages, serve.flags, serve.popular, serve.connected, serve.clients):
        kept.cache_clear()
    for kept in (infer.connected, infer.models, infer.clients):
        kept.cache_clear()


def settle(monkeypatch, redis_address, url):
    """A function's environment. AppConfig and Personalize are at a URL, the rest is moto's."""
    keys = {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "us-east-1"}
    for name, value in {
        **{f"AWS_{key}": value for key, value in keys.items()},
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("REDIS_SECRET_ARN", raising=False)
    patience(monkeypatch)
    own = {"REDIS_ADDRESS": redis_address, "TLS": "no", "FEATURES": FEATURES, "MODEL_GROUP": GROUP}
    for name, value in {**own, "FLAGS": "a/b/c", "CAMPAIGN_ARN": CAMPAIGN}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_PERSONALIZE_RUNTIME", url)
    with monkeypatch.context() as there:
        there.setenv("AWS_ENDPOINT_URL", url)
        serve.flags()


def patience(monkeypatch, without=""):
    """Wait for every stage as long as a slow machine takes, and hardly for one."""

    def patient(stages, name, *rest):
        monkeypatch.setattr(serve, "SECONDS", 0.05 if name == without else 20.0)
        return ASK(stages, name, *rest)

    monkeypatch.setattr(serve, "SECONDS", 20.0)
    monkeypatch.setattr(serve, "REST_SECONDS", 3600.0)
    monkeypatch.setattr(serve.Stages, "ask", patient)


def zipped(rows):
    return gzip.compress("\n".join(map(json.dumps, rows)).encode())


def night(items=POPULAR, day="2099-01-01"):
    """What the night's batch leaves."""
    s3 = boto3.client("s3")
    key = f"popular/day={day}/part-0.json.gz"
    s3.put_object(Bucket=FEATURES, Key=key, Body=zipped([{"item": one, "weight": 1} for one in items]))


def register(likeness, status="Approved", broken=False):
    """What training leaves: a file, and a version in the registry."""
    s3, sagemaker = boto3.client("s3"), boto3.client("sagemaker")
    text = Model(likeness).text().encode() if not broken else b"no model"
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode="w:gz") as archive:
            member = tarfile.TarInfo("model.json")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
        key = f"models/{time.monotonic_ns()}/output/model.tar.gz"
        s3.put_object(Bucket=MODELS, Key=key, Body=file.getvalue())
    container = {"Image": "image", "ModelDataUrl": f"s3://{MODELS}/{key}"}
    sagemaker.create_model_package(
        ModelPackageGroupName=GROUP,
        ModelApprovalStatus=status,
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )


def live(rows, key="live/batch=000000000001/part-0.json.gz"):
    """What a micro-batch leaves, and what the queue says of it."""
    boto3.client("s3").put_object(Bucket=FEATURES, Key=key, Body=zipped(rows))
    named = {"bucket": {"name": FEATURES}, "object": {"key": key.replace("=", "%3D")}}
    return {"messageId": key, "body": json.dumps({"Records": [{"s3": named}]})}


def likes(user, *items, at=1000, bought=()):
    rows = [
        {"item": one, "weight": 3.0, "at": at + place, "bought": one in bought}
        for place, one in enumerate(items)
    ]
    return {"user": user, "items": rows}
