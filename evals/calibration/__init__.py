"""Calibration: what is learned of the agents' reliability, from labels and from their agreement."""

from .assessment import Assessment, assess, cross_validate, folds_of
from .calibrate import Change, calibrate, calibrate_field, changes
from .figures import aurc, coverage_at_risk, expected_calibration_error
from .labelled import UNKNOWN, Labelled, Stated

__all__ = [
    "UNKNOWN",
    "Assessment",
    "Change",
    "Labelled",
    "Stated",
    "assess",
    "aurc",
    "calibrate",
    "calibrate_field",
    "changes",
    "coverage_at_risk",
    "cross_validate",
    "expected_calibration_error",
    "folds_of",
]
