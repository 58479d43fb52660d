"""The pack as the Pulumi CLI starts it: PolicyPack serves, and never returns."""

import sys
from pathlib import Path

from pulumi_policy import PolicyPack

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # the CLI starts the folder, not the package

from policy import analyzer, exemptions  # noqa: E402
from policy.rules import RULES  # noqa: E402

exempt = exemptions.read(HERE / "exemptions.yaml", {rule.name for rule in RULES})
analyzer.use(exempt)
PolicyPack("fourplane", [*RULES, *exempt.rules()])
