"""There is an answer when any stage is away: a real Redis, S3 by moto, and the others played."""

from collections import Counter

import boto3
import pytest
from moto import mock_aws

from blueprints.recommendation import serve, store
from tests.boot import recommend_world as world
from tests.boot.redis_machine import redis_cluster

IN, OUT, NEW = "user-4", "user-0", "user-1"
"""Of the test with 50 of 100, one user who is in it and two who are not."""


@pytest.fixture
def services():
    return world.Services()


@pytest.fixture
def settled(monkeypatch, services, locations_address):
    """All stages, with recommendations of our own model for both users."""
    world.forget()
    with services as url, mock_aws():
        world.settle(monkeypatch, locations_address, url)
        boto3.client("s3").create_bucket(Bucket=world.FEATURES)
        world.night()
        redis = store.connected(1.0)
        redis.flushall()
        store.keep(redis, {IN: ["tea", "milk"], OUT: ["milk", "tea"]})
        yield redis
        redis.close()
    world.forget()


def ask(user, count=10):
    return serve.handler({"user": user, "count": count}, None)


def test_those_in_the_test_are_answered_by_personalize_and_the_others_by_our_model(settled):
    assert ask(IN) == {"items": ["wine", "grapes"], "source": "personalize", "arm": "personalize", "lost": []}
    assert ask(OUT) == {"items": ["milk", "tea"], "source": "model", "arm": "model", "lost": []}
    assert ask(OUT, count=1)["items"] == ["milk"]


def test_the_test_has_the_share_that_it_is_to_have_and_a_user_stays_in_an_arm(settled, services):
    services.percent = 30
    arms = {f"user-{number}": serve.in_test(serve.stages(), f"user-{number}") for number in range(4000)}
    assert 0.27 < Counter(arms.values())[True] / 4000 < 0.33
    serve.stages.cache_clear()
    assert all(serve.in_test(serve.stages(), user) == arm for user, arm in list(arms.items())[:200])
    assert services.asked["flags"] == 2  # a session, and the flags once


def test_who_is_new_is_told_what_is_popular(settled):
    for stranger in ("", NEW):
        found = {"items": world.POPULAR, "source": "popular", "arm": "model", "lost": []}
        assert ask(stranger) == found


def test_without_redis_there_is_what_is_popular(services, monkeypatch, program, tmp_path):
    server = program("redis-server", "redis-server")
    world.forget()
    with services as url, mock_aws():
        with redis_cluster(server, tmp_path) as address:
            world.settle(monkeypatch, address, url)
            boto3.client("s3").create_bucket(Bucket=world.FEATURES)
            world.night()
            store.keep(serve.connected(), {OUT: ["milk"]})
            assert ask(OUT)["source"] == "model"
        found = ask(OUT)
        assert found == {"items": world.POPULAR, "source": "popular", "arm": "model", "lost": ["model"]}
        assert ask(IN)["source"] == "personalize"  # which does not need it
        serve.connected().close()
    world.forget()


@pytest.mark.parametrize("ill", [500, world.SILENT])
def test_without_personalize_our_model_answers_and_it_is_left_alone_for_a_while(
    settled, services, ill, monkeypatch
):
    world.patience(monkeypatch, without="personalize")
    services.ill["personalize"] = ill
    for _ in range(3):
        found = ask(IN)
        assert (found["source"], found["lost"]) == ("model", ["personalize"])
        assert found["items"] == ["tea", "milk"]
    assert services.asked["personalize"] == 1


@pytest.mark.parametrize("ill", [503, world.SILENT])
def test_without_flags_that_were_never_read_nobody_is_in_the_test(settled, services, ill, monkeypatch):
    world.patience(monkeypatch, without="flags")
    services.ill["flags"] = ill
    assert (ask(IN)["source"], ask(IN)["arm"]) == ("model", "model")


@pytest.mark.parametrize("ill", [503, world.SILENT])
def test_without_flags_everybody_stays_in_the_arm_of_before(settled, services, ill, monkeypatch):
    assert ask(IN)["arm"] == "personalize"
    world.patience(monkeypatch, without="flags")
    services.ill["flags"] = ill
    serve.flags()._next = 0.0
    assert [ask(IN)["arm"], ask(OUT)["arm"]] == ["personalize", "model"]


def test_without_the_bucket_the_list_of_before_is_popular(settled):
    assert ask("")["items"] == world.POPULAR
    s3 = boto3.client("s3")
    for one in s3.list_objects_v2(Bucket=world.FEATURES)["Contents"]:
        s3.delete_object(Bucket=world.FEATURES, Key=one["Key"])
    s3.delete_bucket(Bucket=world.FEATURES)
    serve.popular()._next = 0.0
    assert ask("") == {"items": world.POPULAR, "source": "popular", "arm": "model", "lost": ["popular"]}


def test_the_newest_night_is_popular_and_a_night_without_a_list_changes_nothing(settled):
    world.night(["figs"], day="2099-01-02")
    world.night(["dates"], day="2001-01-01")  # older than a week
    assert ask("")["items"] == ["figs"]
    boto3.client("s3").delete_object(Bucket=world.FEATURES, Key="popular/day=2099-01-02/part-0.json.gz")
    boto3.client("s3").delete_object(Bucket=world.FEATURES, Key="popular/day=2099-01-01/part-0.json.gz")
    serve.popular()._next = 0.0
    assert ask("")["items"] == ["figs"]


def test_with_every_stage_away_there_still_is_an_answer(services, monkeypatch):
    world.forget()
    with services as url, mock_aws():
        world.settle(monkeypatch, "127.0.0.1:9", url)
        services.ill = {"flags": 503, "personalize": 500}
        assert ask(IN) == {"items": [], "source": "nothing", "arm": "model", "lost": ["model", "popular"]}
    world.forget()
