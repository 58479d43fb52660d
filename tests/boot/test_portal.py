"""The web portal's own files, run by node."""

import base64
import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest

PORTAL = Path(__file__).parents[2] / "stacks/portal"
RUNNER = Path(__file__).parent / "portal.mjs"


@pytest.fixture
def seen(program):
    """seen(scene): what the portal did."""
    node = program("node", "nodejs")

    def run(scene):
        result = subprocess.run([node, RUNNER, PORTAL, scene], capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    return run


def test_the_proof_is_the_standard_s(seen):
    assert seen("proof") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_rider_signs_in_with_a_proof_that_only_this_page_has(seen):
    said = seen("sign-in")
    assert said["to"] == "https://in.example.com/oauth2/authorize" and said["proved"]
    assert said["asked"]["code_challenge_method"] == "S256" and said["asked"]["response_type"] == "code"
    assert said["sent"]["redirect_uri"] == said["asked"]["redirect_uri"] == "https://rides.example.com/"
    assert (said["token"], said["user"]) == ("t1", {"id": "u1", "email": "a@example.com"})


def test_rejects_a_sign_in_that_was_begun_elsewhere(seen):
    said = seen("forged")
    assert "not begun here" in said["said"] and (said["asked"], said["token"]) == (0, None)


def test_a_refresh_token_is_used_once_and_a_dead_one_means_signing_in_again(seen):
    assert seen("refresh") == {"seen": ["t2", None], "used": ["r1", "r2"], "user": None}


def test_calls_carry_the_token_and_trouble_comes_in_words(seen):
    said = seen("api")
    assert said["asked"][:2] == [
        ["/api/rides", "POST", "Bearer token"],
        ["/api/trips/a%2Fb", None, "Bearer token"],
    ]
    assert said["ride"] == {"trip": "t"} and said["none"] is None
    assert said["troubles"][0].startswith("No driver") and said["troubles"][1].startswith("Too much")


def test_a_ride_that_is_asked_for_again_after_trouble_is_the_same_request(seen):
    sent = seen("again")
    assert {(one["rider"], one["lat"]) for one in sent} == {("u1", 1)}
    assert [one["lng"] for one in sent] == [*range(6)]
    first, second, third = dict.fromkeys(one["request"] for one in sent)
    assert [one["request"] for one in sent] == [first] * 3 + [second] + [third] * 2
    assert all(re.fullmatch("[0-9a-f-]{36}", one) for one in (first, second, third))


def test_a_driver_in_the_east_is_right_of_the_rider(seen):
    assert seen("map") == {"x": pytest.approx(90), "y": pytest.approx(50)}


def test_what_comes_from_elsewhere_is_of_one_release_and_cannot_be_changed():
    page = (PORTAL / "index.html").read_text()
    scripts = re.findall(r"<script[^>]*>", page)
    foreign = [one for one in scripts if "https://" in one]
    assert len(foreign) == 2 and "<style" not in page and not re.search(r"\son\w+=", page)
    for script in foreign:
        assert re.search(r'src="https://cdn\.jsdelivr\.net/npm/react(-dom)?@18\.3\.1/umd/', script)
        digest = re.search(r'integrity="sha384-([^"]+)"', script)[1]
        assert len(base64.b64decode(digest)) == hashlib.sha384().digest_size
        assert 'crossorigin="anonymous"' in script
