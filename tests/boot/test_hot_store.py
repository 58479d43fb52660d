"""How the steps and the monitor log in: over TLS, with the password of a secret or of their environment."""

import pytest
from redis.exceptions import RedisClusterException

from blueprints.hot_cells import store
from fourplane.sandbox import Sandbox
from tests.boot.certificates import authority
from tests.boot.redis_machine import redis_cluster


@pytest.fixture
def address(program, tmp_path, monkeypatch):
    authority(tmp_path / "redis.pem")
    server = program("redis-server", "redis-server")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "redis.pem"))
    with redis_cluster(server, tmp_path, tmp_path / "redis.pem", "open sesame") as address:
        monkeypatch.setenv("REDIS_ADDRESS", address)
        yield address


def test_they_log_in_over_tls_and_never_to_whom_nobody_vouches_for(address, tmp_path, monkeypatch):
    with Sandbox() as cloud:
        secret = cloud.client("secretsmanager", "us-east-1").create_secret(
            Name="a", SecretString="open sesame"
        )
        monkeypatch.setenv("REDIS_SECRET_ARN", secret["ARN"])
        assert store.connected.__wrapped__().set("a", 1)
    monkeypatch.setenv("SERVER", "LOCATIONS")
    monkeypatch.setenv("LOCATIONS_ADDRESS", address)
    monkeypatch.setenv("LOCATIONS_PASSWORD", "open sesame")
    assert store.connected.__wrapped__().get("a") == "1"
    monkeypatch.setenv("LOCATIONS_PASSWORD", "please")
    with pytest.raises(RedisClusterException, match="invalid username-password"):
        store.connected.__wrapped__()
    monkeypatch.setenv("LOCATIONS_PASSWORD", "open sesame")
    authority(tmp_path / "other.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
    with pytest.raises(RedisClusterException, match="CERTIFICATE_VERIFY_FAILED"):
        store.connected.__wrapped__()
