"""What proves: suites of cases, evaluators, metrics, gates, and the runner that puts them together."""

from .case import Case
from .evaluator import AMOUNT, DATE, EVALUATORS, TEXT, Equality, Evaluator, exact
from .gate import Comparison, Gate, GateResult
from .graph_target import graph_target, prediction_of
from .label import Label, labels
from .metric import CASE_METRICS, FIELD_METRICS, measure, metric_names
from .prediction import Prediction, Target
from .report import render
from .result import CaseResult, SuiteResult
from .review_statistics import ReviewStatistics, review_statistics
from .runner import Progress, arun_suite, run_suite
from .suite import Suite

__all__ = [
    "AMOUNT",
    "CASE_METRICS",
    "DATE",
    "EVALUATORS",
    "FIELD_METRICS",
    "TEXT",
    "Case",
    "CaseResult",
    "Comparison",
    "Equality",
    "Evaluator",
    "Gate",
    "GateResult",
    "Label",
    "Prediction",
    "Progress",
    "ReviewStatistics",
    "Suite",
    "SuiteResult",
    "Target",
    "arun_suite",
    "exact",
    "graph_target",
    "labels",
    "measure",
    "metric_names",
    "prediction_of",
    "render",
    "review_statistics",
    "run_suite",
]
