"""Deploying for real is the Pulumi CLI's work; here a stand-in for it writes down what it was asked to do."""

import json
import sys
from pathlib import Path

import pytest

from fourplane import handover, project
from fourplane.errors import Failure, Mistake

PULUMI = f"""#!{sys.executable}
import json, pathlib, sys
NOW = "2026-01-01T00:00:00.000Z"
asked, here = sys.argv[1:], pathlib.Path(__file__).parent
if "version" in asked:
    print("v3.272.0")
elif "output" in asked:
    print(json.dumps({{"url": "http://x", "key": "hunter22" if "--show-secrets" in asked else "[secret]"}}))
elif "history" in asked:
    print(json.dumps([{{"kind": "update", "startTime": NOW, "endTime": NOW, "message": "", "version": 1,
        "environment": {{}}, "config": {{}}, "result": "succeeded"}}]))
elif "up" in asked:
    config = asked[asked.index("--config-file") + 1]
    here.joinpath("config").write_text(pathlib.Path(config).read_text())
    here.joinpath("asked").write_text(json.dumps(asked))
    print("updating")
    sys.exit(here.joinpath("fail").exists() and (sys.stderr.write("error: no credentials\\n") and 255))
"""


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, alone on the PATH, with a pulumi in it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    folder.joinpath("pulumi").write_text(PULUMI)
    folder.joinpath("pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def shop(write):
    return project.find(write(settings="config: {shop:zones: 3, shop:key: {secure: v1:xyz}}"))


def test_deploys_with_the_settings_given_and_leaves_the_users_file_alone(pulumi, shop):
    said: list[str] = []
    outputs = handover.up(shop, "shop-dev", ["zones=2"], "http://localhost:4566", said.append)
    config = pulumi.joinpath("config").read_text()
    assert "shop:zones: '2'" in config and "shop:endpoint: http://localhost:4566" in config
    assert "secure: v1:xyz" in config
    assert shop.root.joinpath("Pulumi.shop-dev.yaml").read_text().endswith("{secure: v1:xyz}}")
    assert outputs == {"url": "http://x", "key": "[secret]"} and said == ["updating"]
    assert {"up", "--yes"} <= set(json.loads(pulumi.joinpath("asked").read_text()))


def test_a_deployment_that_fails_is_one_line(pulumi, shop):
    pulumi.joinpath("fail").touch()
    with pytest.raises(Failure, match=r"^pulumi up failed: no credentials$"):
        handover.up(shop, "shop-dev", [], "", lambda text: None)


def test_rejects_a_target_that_needs_the_cli_where_there_is_none(shop, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(
        Mistake, match=r"needs the Pulumi CLI.*get it with: curl -fsSL https://get.pulumi.com"
    ):
        handover.up(shop, "shop-dev", [], "", lambda text: None)
