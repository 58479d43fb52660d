"""What players report, read by the function that CloudFront runs and by the filters that count its log."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from components.edge.beacon import FIELDS, METRICS, pattern

CODE = Path("components/edge/beacon/beacon.js").resolve()
GOOD = {"start": "85", "stalled": "0", "watched": "60000", "bytes": "48000000", "height": "2160"}


@pytest.fixture
def report(program):
    """report(query): the function's answer, and the lines that it logs."""
    node = program("node", "nodejs")

    def report(query):
        event = {"request": {"querystring": {key: {"value": value} for key, value in query.items()}}}
        ask = f"console.info(JSON.stringify(handler({json.dumps(event)})))"
        done = subprocess.run(
            [node, "-e", CODE.read_text() + ask], capture_output=True, text=True, check=True
        )
        *logged, answer = done.stdout.splitlines()
        return json.loads(answer)["statusCode"], logged

    return report


def counted(line):
    """The metrics that CloudWatch's filters make of a line, by the rules of space-delimited patterns:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html."""
    found = {}
    for metric, (value, only, _) in METRICS.items():
        ellipsis, *terms = pattern(only).strip("[]").split(", ")
        assert ellipsis == "..."
        words = dict(
            zip([re.split("[=><]", term)[0] for term in terms], line.split()[-len(terms) :], strict=True)
        )
        if all(fits(words, term) for term in terms) and re.fullmatch(r"\d+", words[value[1:]]):
            found[metric] = int(words[value[1:]])
    return found


def fits(words, term):
    name, sign, wanted = re.fullmatch(r"(\w+)(>=|=|)(.*)", term).groups()
    if sign == ">=":
        return words[name].isdigit() and int(words[name]) >= int(wanted)
    return not sign or words[name] == wanted


def test_a_good_report_is_one_line_that_the_filters_count(report):
    status, (line,) = report(GOOD)
    assert status == 204 and line == "beacon 85 0 60000 48000000 2160"
    assert counted(f"7b4OIsw-id {line}") == {
        "VideoStart": 85, "Stalled": 0, "Watched": 60000, "Bytes": 48000000, "BytesIn4K": 48000000
    }  # fmt: skip


def test_a_later_report_of_a_stream_says_nothing_of_its_start(report):
    status, (line,) = report({key: value for key, value in GOOD.items() if key != "start"})
    assert status == 204 and "VideoStart" not in counted(f"id {line}")


def test_only_a_picture_of_2160_lines_is_4k(report):
    _, (line,) = report({**GOOD, "height": "1080"})
    assert counted(f"id {line}").keys() == METRICS.keys() - {"BytesIn4K"}


def test_every_field_of_a_line_has_a_word_of_the_pattern(report):
    _, (line,) = report(GOOD)
    assert len(line.split()) == 1 + len(FIELDS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"bytes": "-1"},
        {"start": "1 2"},
        {"watched": "99999999999"},
        {"height": "2160\nbeacon"},
        {"stalled": ""},
    ],
)
def test_refuses_what_is_no_report_and_logs_nothing(report, wrong):
    assert report({**GOOD, **wrong}) == (400, [])


def test_refuses_a_report_without_what_was_watched(report):
    assert report({"start": "85"}) == (400, [])
