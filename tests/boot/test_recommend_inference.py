"""What users like becomes what is recommended: with a real Redis, and the registry of moto."""

import json
import tarfile

import boto3
import pytest
from moto import mock_aws

from blueprints.recommendation import infer, learn, model, serve, store
from tests.boot import recommend_world as world
from tests.boot.recommend_world import likes, live

LIKENESS = {"tea": [("milk", 0.9), ("sugar", 0.5)], "milk": [("tea", 0.9), ("oats", 0.4)]}


@pytest.fixture
def redis(monkeypatch, locations_address):
    world.forget()
    with world.Services(percent=0) as url, mock_aws():
        world.settle(monkeypatch, locations_address, url)
        for bucket in (world.FEATURES, world.MODELS):
            boto3.client("s3").create_bucket(Bucket=bucket)
        boto3.client("sagemaker").create_model_package_group(ModelPackageGroupName=world.GROUP)
        client = store.connected(1.0)
        client.flushall()
        yield client
        client.close()
    world.forget()


def handle(*messages):
    return infer.handler({"Records": list(messages)}, None)["batchItemFailures"]


def test_what_a_user_likes_becomes_what_is_recommended_without_what_was_bought(redis):
    world.register(LIKENESS)
    assert handle(live([likes("u", "tea"), likes("v", "tea", "milk", bought=["milk"])])) == []
    assert store.recommended(redis, "u") == ["milk", "sugar"]
    assert store.recommended(redis, "v") == ["tea", "sugar", "oats"]
    assert serve.handler({"user": "u"}, None)["source"] == "model"


def test_a_file_that_comes_twice_changes_nothing_and_an_older_one_takes_nothing_back(redis):
    world.register(LIKENESS)
    for _ in range(2):
        handle(live([likes("u", "tea", at=2000, bought=["tea"])]))
    handle(
        live([likes("u", "tea", at=1000), likes("w", "milk")], key="live/batch=000000000000/part-0.json.gz")
    )
    (kept,) = redis.hgetall(store.liked_key("u")).values()
    assert json.loads(kept) == {"weight": 3.0, "at": 2000, "bought": True}
    assert store.recommended(redis, "w") == ["tea", "oats"]


def test_of_a_user_the_newest_items_are_remembered(redis):
    world.register(LIKENESS)
    handle(live([likes("u", *(f"item-{number}" for number in range(60)))]))
    handle(live([likes("u", "tea", at=5000)], key="live/batch=000000000002/part-0.json.gz"))
    kept = redis.hgetall(store.liked_key("u"))
    assert len(kept) == store.MOST_LIKED and "tea" in kept and "item-0" not in kept
    assert redis.ttl(store.liked_key("u")) > 0 and redis.ttl(store.hot_key("u")) > 0


def test_what_was_liked_today_counts_more_than_what_was_liked_last_week():
    old, new = 0, 7 * 24 * infer.HOUR_MS
    items = {
        "a": {"weight": 8.0, "at": old, "bought": False},
        "b": {"weight": 1.0, "at": new, "bought": False},
    }
    assert infer.weights(items) == {"a": 8.0 / 2**7, "b": 1.0}


def test_without_a_model_users_are_remembered_and_are_told_what_is_popular(redis):
    world.night()
    assert handle(live([likes("u", "tea")])) == []
    assert redis.hgetall(store.liked_key("u")) and store.recommended(redis, "u") == []
    assert serve.handler({"user": "u"}, None)["items"] == world.POPULAR
    world.register(LIKENESS, status="PendingManualApproval")
    infer.models()._next = 0.0
    handle(live([likes("u", "tea")]))
    assert store.recommended(redis, "u") == []
    world.register(LIKENESS)
    infer.models()._next = 0.0
    handle(live([likes("u", "tea")]))
    assert store.recommended(redis, "u") == ["milk", "sugar"]


def test_a_new_model_takes_over_and_one_that_cannot_be_read_does_not(redis):
    world.register(LIKENESS)
    handle(live([likes("u", "tea")]))
    world.register({"tea": [("honey", 0.9)]})
    infer.models()._next = 0.0
    handle(live([likes("u", "tea")]))
    assert store.recommended(redis, "u") == ["honey"]
    world.register({}, broken=True)
    infer.models()._next = 0.0
    handle(live([likes("u", "tea")]))
    assert store.recommended(redis, "u") == ["honey"]


def test_a_file_that_is_not_there_fails_alone_and_a_test_message_of_s3_is_nothing(redis):
    world.register(LIKENESS)
    gone = live([likes("v", "tea")], key="live/gone.json.gz")
    boto3.client("s3").delete_object(Bucket=world.FEATURES, Key="live/gone.json.gz")
    test = {"messageId": "t", "body": json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})}
    assert handle(gone, live([likes("u", "tea")]), test) == [{"itemIdentifier": "live/gone.json.gz"}]
    assert store.recommended(redis, "u") == ["milk", "sugar"]


class Shop:
    """A folder as SageMaker gives it, with users who like one of two things that go together."""

    def __init__(self, root):
        self.root = root

    def put(self, folder, rows):
        (self.root / folder).mkdir(parents=True, exist_ok=True)
        (self.root / folder / "part-0.json.gz").write_bytes(world.zipped(rows))

    def learn(self, items=4):
        (self.root / "input/config").mkdir(parents=True, exist_ok=True)
        asked = {"items": str(items), "neighbours": "1"}
        (self.root / "input/config/hyperparameters.json").write_text(json.dumps(asked))
        names = ("tea", "milk", "nut", "bolt")
        self.put("input/data/items", [{"item": one, "square": 100.0, "users": 100} for one in names])
        pairs = [
            ("tea", "milk", 90),
            ("milk", "tea", 90),
            ("nut", "bolt", 80),
            ("tea", "nut", 5),
            ("nut", "gone", 9),
        ]
        self.put("input/data/pairs", [{"item": a, "other": b, "product": p, "users": p} for a, b, p in pairs])
        learn.train(self.root)
        return model.parsed((self.root / "model/model.json").read_text())

    def judge(self, learned, holdout):
        (self.root / "model").mkdir(parents=True, exist_ok=True)
        with tarfile.open(self.root / "model/model.tar.gz", "w:gz") as archive:
            (self.root / "model/model.json").write_text(learned.text())
            archive.add(self.root / "model/model.json", "model.json")
        self.put("items", [{"item": "bread", "square": 900.0, "users": 900}])
        liked = [{"liked": [{"item": a, "weight": 1.0}], "next": b} for a, b in holdout]
        self.put("holdout", liked)
        learn.evaluate(self.root)
        return json.loads((self.root / "report/report.json").read_text())


def test_what_the_same_users_like_is_alike_the_more_so_the_more_of_them_there_are(tmp_path):
    learned = Shop(tmp_path).learn()
    found = {item: [tuple(one) for one in others] for item, others in learned.items.items()}
    assert found == {"tea": [("milk", 0.81)], "milk": [("tea", 0.81)], "nut": [("bolt", 0.7111)]}


def test_items_beyond_the_most_are_left_out_and_nothing_learned_is_a_failure(tmp_path):
    assert Shop(tmp_path / "a").learn(items=3).items.keys() == {
        "nut"
    }  # of as many users, by name: bolt, milk, nut
    with pytest.raises(SystemExit, match="nothing was learned"):
        Shop(tmp_path / "b").learn(items=1)


def test_a_model_is_taken_where_it_does_better_than_what_is_popular_and_only_there(tmp_path):
    learned = model.Model({"tea": [("milk", 0.8)], "nut": [("bolt", 0.7)]})
    report = Shop(tmp_path / "a").judge(learned, [("tea", "milk"), ("nut", "bolt"), ("tea", "bread")])
    assert report == {"users": 3, "hit_rate": 2 / 3, "popular_hit_rate": 1 / 3}
    with pytest.raises(SystemExit, match="not better than what is popular"):
        Shop(tmp_path / "b").judge(learned, [("tea", "bread"), ("nut", "bolt")])


@pytest.mark.parametrize("text", [b"", b"no archive"])
def test_what_is_no_model_is_refused(text):
    with pytest.raises(ValueError, match=r"no model\.json"):
        model.unpacked(text)
    with pytest.raises(ValueError, match="version"):
        model.parsed('{"version": 2, "items": {}}')
