import hashlib
import re
from pathlib import Path

import pytest

from components.edge.static_files import StaticFiles

OBJECT = "aws:s3/bucketObject:BucketObject"
PORTAL = Path(__file__).parents[2] / "stacks/portal"
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"


@pytest.fixture
def site(tmp_path, preview):
    """site(**args): the objects that are made of a folder, by path."""
    folder = tmp_path / "site"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>hello</h1>")
    (folder / "assets/app.3f2a91bc.js").write_text("go()")
    (folder / ".DS_Store").write_text("nobody's")

    def make(**args):
        graph = preview(lambda: StaticFiles("site", {"bucket": "b", "folder": str(folder), **args}))
        return {one.inputs["key"]: one.inputs for one in graph.all(OBJECT)}

    return make


def test_every_file_has_its_path_and_its_kind_but_for_hidden_ones(site):
    kinds = {path: one["contentType"] for path, one in site().items()}
    assert kinds == {
        "index.html": "text/html; charset=utf-8",
        "assets/app.3f2a91bc.js": "text/javascript; charset=utf-8",
    }


def test_what_is_named_by_its_content_is_kept_for_ever_and_the_rest_asked_for_anew(site):
    objects = site()
    assert objects["index.html"]["cacheControl"] == "no-cache"
    assert "immutable" in objects["assets/app.3f2a91bc.js"]["cacheControl"]


def test_an_object_changes_with_its_content(site):
    assert site()["index.html"]["sourceHash"] == hashlib.sha256(b"<h1>hello</h1>").hexdigest()


def test_what_the_stack_has_made_is_written_beside(site):
    config = site(written={"config.json": '{"a": 1}'})["config.json"]
    assert (config["content"], config["contentType"]) == ('{"a": 1}', "application/json")
    assert config["cacheControl"] == "no-cache"


def test_objects_are_encrypted_with_the_bucket_s_key(site):
    assert {one["kmsKeyId"] for one in site(key_arn=KEY, written={"a.json": "{}"}).values()} == {KEY}


def test_rejects_a_file_that_would_be_written_over(site):
    with pytest.raises(Exception, match="written must be paths that the folder has no file at, got 'index"):
        site(written={"index.html": ""})


@pytest.mark.parametrize(
    ("make", "words"), [(False, "must be a folder, got"), (True, "a folder with files in it")]
)
def test_rejects_a_folder_without_files(tmp_path, site, make, words):
    if make:
        (tmp_path / "empty").mkdir()
    with pytest.raises(Exception, match=words):
        site(folder=str(tmp_path / "empty"))


def test_the_portal_s_page_finds_all_that_it_names(preview):
    graph = preview(lambda: StaticFiles("portal", {"bucket": "b", "folder": str(PORTAL)}))
    paths = {one.inputs["key"] for one in graph.all(OBJECT)}
    named = re.findall(r'(?:href|src)="([^":]+)"', (PORTAL / "index.html").read_text())
    named += [
        one for file in PORTAL.glob("*.mjs") for one in re.findall(r'from "\./([^"]+)"', file.read_text())
    ]
    assert named and set(named) <= paths
