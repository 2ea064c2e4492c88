"""What decides: mediation, the supervisor's moves, review, and the graph around them."""

from .mediation import Context, decide
from .next_move import Step, next_move
from .plan import Plan, plan
from .roster import Roster
from .supervisor import Supervisor, TeamGraph
from .tally import is_tie, tally
from .turn import Turn, TurnStatus

__all__ = [
    "Context",
    "Plan",
    "Roster",
    "Step",
    "Supervisor",
    "TeamGraph",
    "Turn",
    "TurnStatus",
    "decide",
    "is_tie",
    "next_move",
    "plan",
    "tally",
]
