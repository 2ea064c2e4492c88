"""The Common Expression Language, read: what a condition says, and what it can cost."""

from .cost import MOST_STEPS, cost, is_cheap
from .parser import MOST_LEVELS, CelSyntaxError, parse
from .tree import Call, Constant, Entries, Has, Index, Items, Loop, Name, Node, Select, children, walk

__all__ = [
    "MOST_LEVELS",
    "MOST_STEPS",
    "Call",
    "CelSyntaxError",
    "Constant",
    "Entries",
    "Has",
    "Index",
    "Items",
    "Loop",
    "Name",
    "Node",
    "Select",
    "children",
    "cost",
    "is_cheap",
    "parse",
    "walk",
]
