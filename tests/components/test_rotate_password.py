"""The real handler, step by step, against the sandbox: a global database over two regions."""

import importlib.util
import json
import uuid
from types import SimpleNamespace

import pytest
from botocore.stub import Stubber
from moto.backends import get_backend

from components.state.aurora.master_password import HANDLER
from fourplane.sandbox import Sandbox
from fourplane.sandbox.creator import ACCOUNT

HOME, AWAY = "us-east-1", "eu-west-1"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


@pytest.fixture
def cloud(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", HOME)
    monkeypatch.setenv("GLOBAL_CLUSTER", "bills")
    monkeypatch.setenv("POLL_SECONDS", "0")
    with Sandbox() as sandbox:
        about = {"Engine": "aurora-mysql", "GlobalClusterIdentifier": "bills"}
        sandbox.client("rds", HOME).create_global_cluster(**about)
        for region in (HOME, AWAY):
            sandbox.client("rds", region).create_db_cluster(DBClusterIdentifier="bills", **about)
        yield sandbox


@pytest.fixture
def secrets(cloud):
    return cloud.client("secretsmanager", HOME)


@pytest.fixture
def pending(secrets):
    """The secret's name, and a version that waits for its value, as Secrets Manager leaves it."""
    value = json.dumps({"username": "admin", "password": "the-first-one"})
    secrets.create_secret(Name="bills", SecretString=value, ClientRequestToken=str(uuid.UUID(int=1)))
    token = str(uuid.UUID(int=2))
    (version,) = secrets.describe_secret(SecretId="bills")["VersionIdsToStages"]
    secrets.put_secret_value(
        SecretId="bills", ClientRequestToken=token, SecretString="{}", VersionStages=["AWSPENDING"]
    )
    kept = get_backend("secretsmanager")[ACCOUNT][HOME].secrets["bills"]
    kept.versions[token].pop("secret_string")
    kept.set_default_version_id(version)
    return token


@pytest.fixture
def module(cloud):
    spec = importlib.util.spec_from_file_location("rotate_password", HANDLER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def step(module, pending):
    """step(name): runs one step of the rotation, with time left or none."""

    def step(name, milliseconds=60000, token=pending):
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: milliseconds)
        module.handler({"SecretId": "bills", "ClientRequestToken": token, "Step": name}, context)

    return step


def current(secrets):
    return json.loads(secrets.get_secret_value(SecretId="bills", VersionStage="AWSCURRENT")["SecretString"])


def known(region):
    """The master password that the cluster of a region has been given."""
    return getattr(cluster(region), "_master_user_password", None)


def cluster(region):
    return get_backend("rds")[ACCOUNT][region].clusters["bills"]


def test_after_the_four_steps_the_database_and_the_secret_have_the_same_new_password(step, secrets):
    for name in STEPS:
        step(name)
    value = current(secrets)
    assert value["username"] == "admin" and len(value["password"]) == 40 and value["password"].isalnum()
    assert known(HOME) == value["password"]


def test_clients_keep_the_old_password_until_the_last_step(step, secrets):
    for name in STEPS[:3]:
        step(name)
    assert current(secrets)["password"] == "the-first-one"


def test_a_step_that_runs_twice_changes_nothing_more(step, secrets):
    for name in STEPS:
        step(name)
        step(name)
    assert known(HOME) == current(secrets)["password"]


def test_after_a_failover_the_new_primary_gets_the_password(step, secrets):
    cluster(HOME).is_writer, cluster(AWAY).is_writer = False, True
    for name in STEPS:
        step(name)
    assert known(AWAY) == current(secrets)["password"] and known(HOME) is None


def test_it_waits_no_longer_than_it_may_for_a_database_that_is_changing(step):
    for name in STEPS[:2]:
        step(name)
    cluster(HOME).status = "resetting-master-credentials"
    with pytest.raises(TimeoutError, match="is resetting-master-credentials"):
        step("testSecret", milliseconds=-1)


def test_rejects_a_version_that_is_not_pending(step):
    with pytest.raises(ValueError, match="is not the one that bills waits for"):
        step("createSecret", token=str(uuid.UUID(int=3)))


def test_rejects_a_step_that_it_does_not_know(step):
    with pytest.raises(ValueError, match="no step paintSecret"):
        step("paintSecret")


def test_rejects_with_a_message_that_holds_no_password(step, module):
    step("createSecret")
    client, name = module.primary()
    module.primary = lambda: (client, name)
    with Stubber(client) as refusing, pytest.raises(RuntimeError, match=r"^bills refused: AccessDenied$"):
        refusing.add_client_error("modify_db_cluster", "AccessDenied", "MasterUserPassword=hunter2")
        step("setSecret")
