"""Keys of the world, and what breaks each rule about them."""

from tests.policy.world import Made, change

KEY = "aws:kms/key:Key"
SECRET = "aws:secretsmanager/secret:Secret"
BUILD = "aws:codebuild/project:Project"
TAGS = {"owner": "shop", "stack": "shop-prod"}

WORLD = [
    Made(KEY, "data", {"enableKeyRotation": True, "deletionWindowInDays": 30, "tags": TAGS}),
    Made(
        SECRET,
        "till",
        {"kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/data", "recoveryWindowInDays": 30, "tags": TAGS},
    ),
]

MUTATIONS = {
    "a_key_is_renewed_every_year": change(KEY, "data", "enableKeyRotation", None),
    "what_asks_for_a_key_of_your_own_has_one": change(SECRET, "till", "kmsKeyId", None),
    "a_build_encrypts_what_it_keeps": change(BUILD, "image", "artifacts.encryptionDisabled", True),
}
