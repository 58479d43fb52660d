"""Every rule of the pack: each module of this folder holds those of a theme."""

import importlib
import pkgutil

from policy.rule import ResourceRule, Rule, StackRule

MODULES = [importlib.import_module(f"{__name__}.{one.name}") for one in pkgutil.iter_modules(__path__)]
RULES: list[Rule] = [
    found
    for module in MODULES
    for found in vars(module).values()
    if isinstance(found, (ResourceRule, StackRule)) and found.check.__module__ == module.__name__
]
