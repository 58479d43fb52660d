"""Spark's jobs: the stream of features, and the night's batch, run by Spark itself on this machine."""

import ast
import datetime
import gzip
import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from blueprints import recommendation

SPARK = Path(recommendation.__file__).parent / "spark"
NOW = datetime.datetime(2026, 7, 14, 12, tzinfo=datetime.UTC)
AT = int(NOW.timestamp() * 1000)
pytestmark = [  # Spark's own Python leaves its sockets to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


@pytest.mark.parametrize("job", ["features", "batch"])
def test_a_job_is_written_in_the_python_of_emr(job):
    assert ast.parse((SPARK / f"{job}.py").read_text(), feature_version=(3, 9))


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed; pip install pyspark==3.5.5")
    if shutil.which("java") is None:
        pytest.skip("java is not installed; apt-get install default-jdk-headless")
    folder = tmp_path_factory.mktemp("spark")
    settings = {
        "spark.sql.shuffle.partitions": 1,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(folder),
        "spark.ui.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",  # there is more to compile here than to run
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }
    builder = sql.SparkSession.builder.master("local[1]")
    for key, value in settings.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


def job(name):
    spec = importlib.util.spec_from_file_location(name, SPARK / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(folder):
    files = sorted(Path(folder).rglob("*.json.gz"))
    return [json.loads(line) for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]


def told(id, user="u", item="i", kind="view", at=AT):
    return json.dumps({"id": id, "kind": kind, "user": user, "item": item, "at": at})


class Stream:
    """What Kinesis' connector gives, from a folder in its place, with a query that stops when it has all."""

    def __init__(self, spark, folder):
        self.spark, self.folder, self.job = spark, folder, job("features")
        (folder / "in").mkdir()

    def arrive(self, number, *events, at=NOW):
        records = [{"data": data, "approximateArrivalTimestamp": at.isoformat()} for data in events]
        (self.folder / "in" / f"{number}.json").write_text("\n".join(map(json.dumps, records)))

    def run(self):
        schema = "data STRING, approximateArrivalTimestamp TIMESTAMP"
        records = self.spark.readStream.schema(schema).json(str(self.folder / "in"))
        out = str(self.folder / "out")
        query = self.job.once(self.job.events(records)).writeStream
        query = query.foreachBatch(lambda batch, number: self.job.write(batch, number, out, 2))
        query = query.option("checkpointLocation", str(self.folder / "checkpoint")).trigger(availableNow=True)
        query.start().awaitTermination()

    def kept(self, what):
        return sorted(rows(self.folder / "out" / what), key=lambda row: (row["user"], row.get("item", "")))


@pytest.fixture
def stream(spark, tmp_path):
    return Stream(spark, tmp_path)


def test_events_become_what_each_user_likes_and_what_is_none_is_left_out(stream):
    stream.arrive(
        1,
        told("1"), told("2", kind="click", at=AT + 5), told("3", kind="purchase", item="j"),
        told("4", user="v"), "no json", told("5", kind="stare"), told("6", user=""),
        told(None), told("7", at=AT - 10**9),
    )  # fmt: skip
    stream.run()
    assert stream.kept("interactions/day=2026-07-14") == [
        {"user": "u", "item": "i", "weight": 4.0, "at": AT + 5, "bought": False},
        {"user": "u", "item": "j", "weight": 10.0, "at": AT, "bought": True},
        {"user": "v", "item": "i", "weight": 1.0, "at": AT, "bought": False},
    ]
    users = {row["user"]: {one["item"]: one["weight"] for one in row["items"]} for row in stream.kept("live")}
    assert users == {"u": {"i": 4.0, "j": 10.0}, "v": {"i": 1.0}}


def test_an_event_that_is_sent_again_counts_once_though_the_job_was_started_anew(stream):
    stream.arrive(1, told("1"), told("1"))
    stream.run()
    stream.arrive(2, told("1"), told("2", user="v"))
    stream.run()
    kept = stream.kept("interactions")
    assert [(row["user"], row["weight"]) for row in kept] == [("u", 1.0), ("v", 1.0)]


def test_a_batch_that_is_tried_again_replaces_what_it_had_written(stream):
    liked = stream.spark.createDataFrame(
        [(told("1"), NOW)], "data STRING, approximateArrivalTimestamp TIMESTAMP"
    )
    for _ in range(2):
        stream.job.write(stream.job.events(liked), 7, str(stream.folder / "out"), 2)
    assert len(stream.kept("interactions")) == 1 and len(stream.kept("live")) == 1


@pytest.fixture(scope="module")
def night(spark, tmp_path_factory):
    """What a night makes of two weeks: tea goes with milk, hats are a week old, and what is older is gone."""
    place = tmp_path_factory.mktemp("night")

    def liked(day, number, *found):
        folder = place / f"interactions/day={day}/batch={number:012d}"
        folder.mkdir(parents=True, exist_ok=True)
        lines = [
            dict(zip(("user", "item", "weight", "at"), one, strict=True)) | {"bought": False} for one in found
        ]
        (folder / "part-0.json.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))

    users = [f"user-{number}" for number in range(200)]
    liked("2026-07-14", 1, *((user, "tea", 3.0, AT) for user in users))
    liked("2026-07-14", 2, *((user, "milk", 3.0, AT + 1) for user in users[:120]))
    liked("2026-07-07", 3, *((user, "hat", 5.0, AT - 7 * 86_400_000) for user in users[120:]))
    liked("2026-05-01", 4, *((user, "old", 90.0, AT - 70 * 86_400_000) for user in users))
    batch = job("batch")
    for _ in range(2):  # the second replaces the first
        told = ["--place", str(place), "--until", "2026-07-14", "--popular", "2", "--items", "3"]
        batch.run(spark, batch.arguments(told))
    return place


def test_a_night_finds_what_is_popular_now(night):
    found = rows(night / "popular/day=2026-07-14")
    assert [row["item"] for row in found] == [
        "tea",
        "milk",
    ]  # 600, 360; hats weigh half, 200, and are cut off
    assert [row["weight"] for row in found] == [600, 360]


def test_a_night_pairs_what_the_same_users_like_and_keeps_some_users_out(night):
    held = {row["next"] for row in rows(night / "training/holdout")}
    out = len(rows(night / "training/holdout"))
    assert 0 < out < 20 and held <= {"milk", "tea"}
    learned = {row["item"]: row["users"] for row in rows(night / "training/items")}
    assert learned["tea"] == 200 - out and "old" not in learned
    pairs = {(row["item"], row["other"]): row["users"] for row in rows(night / "training/pairs")}
    assert pairs["tea", "milk"] == pairs["milk", "tea"] == learned["milk"]
    assert ("hat", "milk") not in pairs and ("tea", "hat") in pairs


def test_of_many_users_some_are_learned_from_always_the_same_ones_and_of_many_items_the_first(spark):
    batch = job("batch")
    rows = [(f"user-{number}", "tea", 1.0) for number in range(400)] + [("user-1", "hat", 9.0)]
    liked = spark.createDataFrame(rows, "user STRING, item STRING, weight DOUBLE")
    some, more = ({row.user for row in batch.sampled(liked, percent).collect()} for percent in (20, 60))
    assert 40 < len(some) < 120 and 190 < len(more) < 290 and some < more
    assert {row.item for row in batch.known(liked, 1).collect()} == {"tea"}


def test_what_a_night_leaves_can_be_learned_and_what_goes_together_is_recommended(night, tmp_path):
    from blueprints.recommendation import learn, model

    (tmp_path / "input/config").mkdir(parents=True)
    (tmp_path / "input/config/hyperparameters.json").write_text('{"items": "10", "neighbours": "5"}')
    shutil.copytree(night / "training", tmp_path / "input/data")
    learn.train(tmp_path)
    learned = model.parsed((tmp_path / "model/model.json").read_text())
    assert learned.recommend({"milk": 1.0}, {"milk"}, 5) == ["tea"]
