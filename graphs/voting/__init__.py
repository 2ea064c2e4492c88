"""How claims become a ranking of values: one voting rule in each file, behind one small protocol."""

from .ballot import Ballot
from .confidence import CERTAINTY, confidence
from .objection import objection, objectors
from .rule import VOTING_RULES, VotingRule
from .shares import is_tie, level

__all__ = [
    "CERTAINTY",
    "VOTING_RULES",
    "Ballot",
    "VotingRule",
    "confidence",
    "is_tie",
    "level",
    "objection",
    "objectors",
]
