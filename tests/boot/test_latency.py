"""The program that tells CloudWatch of latencies, against a real Prometheus and an emulated CloudWatch."""

import importlib.util
import json
import os
import subprocess
import sys
import time
import urllib.request

import boto3
import pytest

from components.control.latency_objectives import PROGRAM, promised
from tests.boot.conftest import KEYS, REGION
from tests.boot.redis_machine import free_port
from tests.boot.test_alertmanager import until

MATCHES = {"histogram": "match_seconds", "services": ["matching"], "objective_ms": 3000}
QUERIES = {
    "match": promised(MATCHES),
    "idle": promised({**MATCHES, "services": ["idle"]}),
    "young": promised({**MATCHES, "services": ["young"]}),
    "gone": promised({**MATCHES, "services": ["gone"]}),
}
"""Of a service that is asked, one that nobody asks, one that nobody ever asked, and one that is not there."""


def history():
    """Five minutes of metrics until now: of 100 matches 98 take at most 1 s and 2 take 1 s to 3 s."""
    now = int(time.time())
    lines = ["# TYPE match_seconds histogram", "# TYPE up gauge"]
    for step in range(20, -1, -1):
        at, done = now - 15 * step, 100 * (20 - step)
        for bound, count in (("1.0", done * 98 // 100), ("3.0", done), ("+Inf", done)):
            lines.append(f'match_seconds_bucket{{service="matching",le="{bound}"}} {count} {at}')
            lines.append(f'match_seconds_bucket{{service="idle",le="{bound}"}} 7 {at}')
        lines += [f'up{{service="{one}",instance="a"}} 1 {at}' for one in ("matching", "idle", "young")]
        lines.append(f'up{{service="gone",instance="a"}} 0 {at}')
    return "\n".join([*sorted(lines, key=_by_metric), "# EOF"]) + "\n"


def _by_metric(line):
    name = line.split()[2] if line.startswith("#") else line.partition("{")[0].removesuffix("_bucket")
    return name, not line.startswith("#")


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    """The address of a Prometheus with that history."""
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "history").write_text(history())
    (folder / "prometheus.yml").write_text("")
    here = [str(folder / "history"), str(folder / "data")]
    made = ["promtool", "tsdb", "create-blocks-from", "openmetrics", *here]
    try:
        subprocess.run(made, check=True, capture_output=True, timeout=30)
    except FileNotFoundError:
        pytest.skip("promtool is not installed; apt-get install prometheus")
    address = f"127.0.0.1:{free_port()}"
    command = ["prometheus", f"--web.listen-address={address}", f"--storage.tsdb.path={folder}/data"]
    with subprocess.Popen(
        [*command, f"--config.file={folder}/prometheus.yml"], stderr=subprocess.DEVNULL
    ) as server:
        try:
            until(lambda: urllib.request.urlopen(f"http://{address}/-/ready", timeout=5).status == 200)
            yield address
        finally:
            server.kill()


@pytest.fixture(scope="module")
def export():
    """The program, as a module."""
    spec = importlib.util.spec_from_file_location("export", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_asks_for_the_p99_and_leaves_out_what_nobody_measures(export, prometheus):
    known = export.measure(prometheus, QUERIES)
    assert known.keys() == {"match", "idle", "young"}
    assert known["match"] == pytest.approx(2000) and known["idle"] == known["young"] == 0


def test_a_prometheus_that_is_gone_is_no_measure(export):
    assert export.measure(f"127.0.0.1:{free_port()}", QUERIES) == {}


def test_a_cloud_that_does_not_answer_does_not_end_it(export, prometheus):
    settings = {"namespace": "dev-objectives", "queries": QUERIES}
    rounds = export.Rounds()
    rounds.last = -1000
    nobody = boto3.client(
        "cloudwatch",
        region_name=REGION,
        endpoint_url=f"http://127.0.0.1:{free_port()}",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=boto3.session.Config(retries={"total_max_attempts": 1}),
    )
    rounds.run(nobody, settings, prometheus)
    assert not rounds.late


def test_the_program_tells_cloudwatch_and_says_that_it_is_well(prometheus, endpoint, client, tmp_path):
    port = free_port()
    settings = {
        "address_variable": "METRICS_ADDRESS",
        "namespace": "dev-objectives",
        "region": REGION,
        "port": port,
        "queries": QUERIES,
    }
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    command = [sys.executable, str(PROGRAM), str(tmp_path / "settings.json")]
    env = {**os.environ, **KEYS, "AWS_ENDPOINT_URL": endpoint, "METRICS_ADDRESS": prometheus}
    with subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL) as exporter:
        try:
            listed = until(lambda: client("cloudwatch").list_metrics(Namespace="dev-objectives")["Metrics"])
            well = urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).status
        finally:
            exporter.kill()
    assert {one["MetricName"] for one in listed} == {"match", "idle", "young"} and well == 200
