"""What decides: mediation, the supervisor's moves, review, and the graph around them."""

from .checking import Finding, TeamSchema, check_policy
from .conflict import conflicts
from .drain import Drain
from .explanation import explained
from .flip import find_flip
from .mediation import Context, decide
from .next_move import Step, next_move
from .plan import Plan, plan
from .roster import Roster
from .supervisor import Supervisor, TeamGraph
from .tally import tally
from .trial import Trial, try_policy
from .turn import Turn, TurnStatus
from .voting import VOTING_RULES, Ballot, VotingRule, is_tie

__all__ = [
    "Ballot",
    "Context",
    "Drain",
    "Finding",
    "Plan",
    "Roster",
    "Step",
    "Supervisor",
    "TeamGraph",
    "TeamSchema",
    "Trial",
    "Turn",
    "TurnStatus",
    "VOTING_RULES",
    "VotingRule",
    "check_policy",
    "conflicts",
    "decide",
    "explained",
    "find_flip",
    "is_tie",
    "next_move",
    "plan",
    "tally",
    "try_policy",
]
