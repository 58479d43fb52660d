"""The real monitor, in a process of its own, between a real Redis and an emulated CloudWatch."""

import datetime
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from blueprints.hot_cells import cells, store
from blueprints.hot_cells.monitor import Monitor
from tests.boot.conftest import KEYS, REGION
from tests.boot.crowd import redis, server
from tests.boot.redis_machine import free_port

__all__ = ["redis", "server"]  # fixtures
PACKAGE = Path("blueprints").resolve()
TOP = "487673d"
FAR = "48760dd"


class CloudWatch:
    def __init__(self):
        self.told = []

    def put_metric_data(self, Namespace, MetricData):
        self.told += MetricData


def count(redis, second):
    """A hot partition, one that is split into a hot one and others, and what is counted a level deeper."""
    hot, warm, *_ = cells.children(TOP)
    redis.sadd(store.SPLITS, TOP)
    load = {
        FAR: 400,
        cells.children(FAR)[0]: 400,
        TOP: 5000,
        hot: 1500,
        cells.children(hot)[0]: 1400,
        warm: 20,
    }
    redis.hset(f"load:{second}", mapping=load)
    return hot


def test_it_tells_of_partitions_alone_and_at_the_resolution_of_a_second(redis):
    hot, cloudwatch = count(redis, 1700000000), CloudWatch()
    monitor = Monitor(redis, cloudwatch, "dev/hot", "HottestPartition")
    monitor.tell(1700000000)
    told = {
        (one["MetricName"], *(d["Value"] for d in one["Dimensions"])): one["Value"] for one in cloudwatch.told
    }
    assert told == {("HottestPartition",): 1500, ("PartitionLoad", hot): 1500}
    assert {one["StorageResolution"] for one in cloudwatch.told} == {1}


@pytest.fixture
def monitor(redis, endpoint):
    """The address of a monitor that runs."""
    port = free_port()
    settings = {
        "NAMESPACE": "dev/hot",
        "METRIC": "HottestPartition",
        "PORT": str(port),
        "SERVER": "LOCATIONS",
    }
    found = {"LOCATIONS_ADDRESS": os.environ["REDIS_ADDRESS"], "TLS": "no", "PYTHONPATH": str(PACKAGE)}
    cloud = {**KEYS, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": endpoint}
    process = subprocess.Popen(
        [sys.executable, "-m", "hot_cells.monitor"], env={**os.environ, **settings, **found, **cloud}
    )
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


def test_cloudwatch_and_prometheus_are_told_each_second(redis, monitor, client):
    now = int(time.time())
    for second in range(now - 5, now + 20):
        count(redis, second)
    metric = {
        "Namespace": "dev/hot",
        "MetricName": "HottestPartition",
        "Period": 10,
        "Statistics": ["Average"],
    }
    around = datetime.datetime.fromtimestamp(now, datetime.UTC), datetime.timedelta(minutes=1)
    for _ in range(100):
        asked = {**metric, "StartTime": around[0] - around[1], "EndTime": around[0] + around[1]}
        if points := client("cloudwatch").get_metric_statistics(**asked)["Datapoints"]:
            break
        time.sleep(0.1)
    assert {point["Average"] for point in points} == {1500}
    assert b"hottest_partition_requests 1500" in urllib.request.urlopen(f"{monitor}/metrics").read()
    assert urllib.request.urlopen(f"{monitor}/health").status == 200


def test_it_runs_on_debian_s_own_packages(redis):
    python, second = "/usr/bin/python3", 1700000000
    if subprocess.run([python, "-c", "import boto3, redis"], capture_output=True).returncode:
        pytest.skip("Debian's clients are not installed; apt-get install python3-boto3 python3-redis")
    count(redis, second)
    program = (
        "from hot_cells import monitor, store\n"
        "class CloudWatch:\n"
        "    def put_metric_data(self, **told): print(told['MetricData'][0]['Value'])\n"
        f"monitor.Monitor(store.connected(), CloudWatch(), 'a', 'b').tell({second})\n"
    )
    said = subprocess.run(
        [python, "-c", program],
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (said.stdout, said.stderr) == ("1500\n", "")


def test_a_monitor_that_cannot_read_any_more_is_not_well():
    monitor = Monitor(None, None, "a", "b")
    assert monitor.well()
    monitor.read_at -= 60
    assert not monitor.well()
