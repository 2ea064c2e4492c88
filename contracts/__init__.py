"""The vocabulary: frozen data and pure checks. Imports nothing else of quorate, and no LangGraph."""

from .accounts import Accounts
from .annotation import same_type, takes_none
from .blob import BlobStore, blob_digest
from .budget import Budget, Budgets, Price, TenantBudget
from .calibration import AgentCalibration, Calibration, ContextCalibration, FieldCalibration
from .claim import Claim
from .confidence_map import ConfidenceMap
from .conflict import Conflict, ConflictKind
from .contract import Capability, Contract, Limits
from .decision import Alternative, Decision, Status
from .effect import Attested, Effect, EffectStatus, compensation_key, generation_key
from .equality import Canonical
from .errors import (
    AgentError,
    BlobError,
    BudgetError,
    BuildError,
    ContractError,
    DatabaseError,
    GateError,
    GuardrailError,
    InputError,
    JournalError,
    LedgerError,
    PolicyError,
    ProfileError,
    QuorateError,
    RateError,
    ReviewError,
    StaleThreadError,
    SuiteError,
    UnavailableError,
    first_problem,
    missing_extra,
)
from .evidence import Evidence, Items, Passage, Quote
from .fault import Fault, FaultKind
from .faults import FaultRates, Faults, InjectedKind
from .field import Field, fields_of
from .flip import Change, ChangeKind, Flip
from .gate import EntryPolicy, EntryRequirement, HandoffRequirement
from .guardrail import Guardrail, GuardrailCheck, GuardrailPlace, Permissions
from .journal import Journal, JournaledThread, JournalEntry, JournalKind
from .ledger import (
    CompensatingReceiver,
    Entry,
    Ledger,
    LookupReceiver,
    Receiver,
    TransactionalLedger,
    TransactionalReceiver,
)
from .move import Ask, Dispatch, Execute, Finish, Halt, Move, Outcome
from .opinion import Opinion, OpinionKind
from .person import same_name
from .policy import Bounds, EffectPolicy, FieldPolicy, Policy, ReviewPolicy
from .policy_test import PolicyTest, StatedClaim
from .record import canonical_json, check_plain, digest, dump, load
from .redacted import Redacted, redacted_fields
from .reference import Reference, references
from .review import (
    Action,
    Answer,
    Approve,
    Assign,
    Edit,
    Happened,
    Lapse,
    NotHappened,
    Question,
    Reject,
    Respond,
    Verdict,
)
from .review_policy import Rung
from .revision import OTHERS, base_of, fields_revised, round_key
from .rule import Rule, RuleAction
from .service import Service
from .spend import UNITS, Spend, Unit
from .turn_status import TurnStatus, turn_status
from .usage import Usage
from .vote import LEARNED, Vote

__all__ = [
    "Accounts",
    "Action",
    "AgentCalibration",
    "AgentError",
    "Alternative",
    "Answer",
    "Approve",
    "Ask",
    "Attested",
    "Assign",
    "BlobError",
    "BlobStore",
    "Bounds",
    "Budget",
    "BudgetError",
    "Budgets",
    "BuildError",
    "Calibration",
    "Canonical",
    "Capability",
    "Change",
    "ChangeKind",
    "Claim",
    "ConfidenceMap",
    "CompensatingReceiver",
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
    "EntryPolicy",
    "EntryRequirement",
    "Evidence",
    "Execute",
    "Fault",
    "FaultKind",
    "FaultRates",
    "Faults",
    "Field",
    "FieldCalibration",
    "FieldPolicy",
    "Flip",
    "Finish",
    "GateError",
    "Guardrail",
    "GuardrailCheck",
    "GuardrailError",
    "GuardrailPlace",
    "Halt",
    "Happened",
    "HandoffRequirement",
    "InjectedKind",
    "InputError",
    "Items",
    "Journal",
    "JournalEntry",
    "JournalError",
    "JournalKind",
    "JournaledThread",
    "LEARNED",
    "Lapse",
    "Ledger",
    "LedgerError",
    "Limits",
    "LookupReceiver",
    "Move",
    "NotHappened",
    "OTHERS",
    "Opinion",
    "OpinionKind",
    "Outcome",
    "Passage",
    "Permissions",
    "Policy",
    "PolicyError",
    "PolicyTest",
    "ProfileError",
    "Price",
    "Question",
    "QuorateError",
    "Quote",
    "RateError",
    "Receiver",
    "Redacted",
    "Reference",
    "Reject",
    "Respond",
    "ReviewError",
    "ReviewPolicy",
    "Rule",
    "RuleAction",
    "Rung",
    "Service",
    "StatedClaim",
    "Status",
    "Spend",
    "StaleThreadError",
    "SuiteError",
    "TenantBudget",
    "TransactionalLedger",
    "TransactionalReceiver",
    "TurnStatus",
    "UNITS",
    "Unit",
    "UnavailableError",
    "Usage",
    "Verdict",
    "Vote",
    "base_of",
    "blob_digest",
    "canonical_json",
    "check_plain",
    "compensation_key",
    "digest",
    "dump",
    "fields_of",
    "fields_revised",
    "first_problem",
    "generation_key",
    "load",
    "missing_extra",
    "redacted_fields",
    "references",
    "round_key",
    "same_name",
    "same_type",
    "takes_none",
    "turn_status",
]
