import pytest

from components.edge.load_balancer import LoadBalancer

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"], "target_port": 80}
CERTIFICATE = {"certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/c"}
TOKENS = {
    "issuer": "https://in.example.com",
    "jwks": "https://in.example.com/jwks.json",
    "client_ids": ["a", "b"],
    "open_paths": ["/api/health", "/open/*"],
}


def front(tokens=TOKENS, **args):
    return lambda: LoadBalancer("front", {**PLACE, **CERTIFICATE, "tokens": tokens, **args})


def test_nothing_is_forwarded_without_a_token_of_one_of_the_apps(preview):
    first, then = preview(front()).one("aws:lb/listener:Listener").inputs["defaultActions"]
    assert (first["type"], first["order"]) == ("jwt-validation", 1)
    assert first["jwtValidation"]["issuer"] == "https://in.example.com"
    claim = first["jwtValidation"]["additionalClaims"][0]
    assert claim == {"name": "client_id", "format": "single-string", "values": ["a", "b"]}
    assert (then["type"], then["order"]) == ("forward", 2)


def test_open_paths_alone_are_left_open(preview):
    rules = {r.name: r.inputs for r in preview(front()).all("aws:lb/listenerRule:ListenerRule")}
    assert rules.keys() == {"front-open-api-health", "front-open-open-all"}
    rule = rules["front-open-api-health"]
    assert rule["conditions"] == [{"pathPattern": {"values": ["/api/health"]}}]
    assert [action["type"] for action in rule["actions"]] == ["forward"]
    assert len({one["priority"] for one in rules.values()}) == 2


def test_without_tokens_there_is_one_action_and_no_rule(preview):
    graph = preview(lambda: LoadBalancer("front", PLACE))
    assert len(graph.one("aws:lb/listener:Listener").inputs["defaultActions"]) == 1
    assert graph.all("aws:lb/listenerRule:ListenerRule") == []


def test_rejects_tokens_that_would_be_sent_in_the_clear(preview):
    with pytest.raises(
        Exception, match="tokens must be given with certificate_arn, so that no token is sent"
    ):
        preview(lambda: LoadBalancer("front", {**PLACE, "tokens": TOKENS}))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"client_ids": []}, r"tokens\['client_ids'\] must be 1 to 10 apps, as many as AWS compares, got 0"),
        ({"client_ids": [str(n) for n in range(11)]}, "got 11"),
        ({"open_paths": ["api"]}, r"tokens\['open_paths'\] must be paths that begin with '/', got 'api'"),
    ],
)
def test_rejects_what_aws_would_not_take(preview, more, words):
    with pytest.raises(Exception, match=words):
        preview(front({**TOKENS, **more}))
