"""What is wrong with a policy before it decides anything."""

from .check import check_policy
from .finding import Finding, FindingKind, Level
from .team_schema import TeamSchema

__all__ = ["Finding", "FindingKind", "Level", "TeamSchema", "check_policy"]
