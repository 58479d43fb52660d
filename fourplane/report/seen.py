"""What a report is made of: a graph, and what the other commands say of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from fourplane.check import Verdict
from fourplane.cost.bill import Bill
from fourplane.cost.case import Budgeted, Compared
from fourplane.diagram import Drawn
from fourplane.graph import Graph
from fourplane.report.faults import Struck
from fourplane.study import CaseStudy


@dataclass(frozen=True)
class Seen:
    """A stack as the commands see it. What is left out has no part in the page."""

    graph: Graph
    drawn: Drawn
    study: CaseStudy | None = None
    bill: Bill | None = None
    compared: Sequence[Compared] = ()
    """The case study's own table of costs."""
    budgets: Sequence[Budgeted] = ()
    verdict: Verdict | None = None
    struck: Sequence[Struck] = ()
