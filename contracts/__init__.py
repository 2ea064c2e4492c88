"""The vocabulary: frozen data and pure checks. Imports nothing else of quorate, and no LangGraph."""

from .annotation import same_type, takes_none
from .blob import BlobStore, blob_digest
from .calibration import AgentCalibration, Calibration, ContextCalibration, FieldCalibration
from .claim import Claim
from .confidence_map import ConfidenceMap
from .conflict import Conflict, ConflictKind
from .contract import Capability, Contract, Limits
from .decision import Alternative, Decision, Status
from .effect import Effect, EffectStatus
from .equality import Canonical
from .errors import (
    AgentError,
    BlobError,
    BuildError,
    ContractError,
    DatabaseError,
    InputError,
    LedgerError,
    PolicyError,
    QuorateError,
    ReviewError,
    StaleThreadError,
    SuiteError,
    first_problem,
    missing_extra,
)
from .evidence import Evidence, Items, Passage, Quote
from .fault import Fault, FaultKind
from .field import Field, fields_of
from .flip import Change, ChangeKind, Flip
from .ledger import Entry, Ledger, LookupReceiver, Receiver
from .move import Ask, Dispatch, Execute, Finish, Halt, Move, Outcome
from .opinion import Opinion, OpinionKind
from .person import same_name
from .policy import Bounds, EffectPolicy, FieldPolicy, Policy, ReviewPolicy
from .policy_test import PolicyTest, StatedClaim
from .record import canonical_json, check_plain, digest, dump, load
from .reference import Reference, references
from .review import Action, Answer, Approve, Assign, Edit, Lapse, Question, Reject, Respond, Verdict
from .review_policy import Rung
from .revision import OTHERS, base_of, fields_revised, round_key
from .rule import Rule, RuleAction
from .turn_status import TurnStatus, turn_status
from .usage import Usage
from .vote import LEARNED, Vote

__all__ = [
    "Action",
    "AgentCalibration",
    "AgentError",
    "Alternative",
    "Answer",
    "Approve",
    "Ask",
    "Assign",
    "BlobError",
    "BlobStore",
    "Bounds",
    "BuildError",
    "Calibration",
    "Canonical",
    "Capability",
    "Change",
    "ChangeKind",
    "Claim",
    "ConfidenceMap",
    "Conflict",
    "ConflictKind",
    "ContextCalibration",
    "Contract",
    "ContractError",
    "DatabaseError",
    "Decision",
    "Dispatch",
    "Edit",
    "Effect",
    "EffectPolicy",
    "EffectStatus",
    "Entry",
    "Evidence",
    "Execute",
    "Fault",
    "FaultKind",
    "Field",
    "FieldCalibration",
    "FieldPolicy",
    "Flip",
    "Finish",
    "Halt",
    "InputError",
    "Items",
    "LEARNED",
    "Lapse",
    "Ledger",
    "LedgerError",
    "Limits",
    "LookupReceiver",
    "Move",
    "OTHERS",
    "Opinion",
    "OpinionKind",
    "Outcome",
    "Passage",
    "Policy",
    "PolicyError",
    "PolicyTest",
    "Question",
    "QuorateError",
    "Quote",
    "Receiver",
    "Reference",
    "Reject",
    "Respond",
    "ReviewError",
    "ReviewPolicy",
    "Rule",
    "RuleAction",
    "Rung",
    "StatedClaim",
    "Status",
    "StaleThreadError",
    "SuiteError",
    "TurnStatus",
    "Usage",
    "Verdict",
    "Vote",
    "base_of",
    "blob_digest",
    "canonical_json",
    "check_plain",
    "digest",
    "dump",
    "fields_of",
    "fields_revised",
    "first_problem",
    "load",
    "missing_extra",
    "references",
    "round_key",
    "same_name",
    "same_type",
    "takes_none",
    "turn_status",
]
