"""Calibration: what was learned of the agents' reliability, by field; a versioned artefact that the vote reads."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .confidence_map import ConfidenceMap
from .errors import PolicyError
from .record import digest

__all__ = ["ENOUGH", "AgentCalibration", "Calibration", "ContextCalibration", "FieldCalibration"]

ENOUGH = 100
"""The fewest labels from which on confidences are called calibrated."""

_MOST = 1e6
"""Above it no score means anything; sums of what is below it stay finite."""

Number = Annotated[float, Field(ge=-_MOST, le=_MOST, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, le=_MOST, allow_inf_nan=False)]
LogProbability = Annotated[float, Field(ge=-_MOST, le=0, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AgentCalibration(_Part):
    """What was learned of one agent on one field."""

    labels: int = Field(default=0, ge=0)
    """How many of its claims were compared with the truth."""
    competence: Probability = 0.5
    """How often its claim is right, shrunk towards what the agents' agreement says where there are few labels."""
    weight: Number = 0.0
    """What its claim adds to the score of a value; below 0 only in a signed pool."""
    lead: Amount = 0.0
    """What it adds as the most competent supporter of a value."""
    second: Amount = 0.0
    """What it adds as the second."""
    confidence: ConfidenceMap | None = None
    """From its stated to its calibrated confidence; None where too little is known, or it always states the same."""
    slope: Amount = 0.0
    """Factor on the log-odds of its calibrated confidence, less `centre`."""
    centre: Number = 0.0
    """The mean of these log-odds over its claims."""
    bloc: str = ""
    """The agents that are copies of one opinion share this name; empty for one that is in no bloc."""
    correlation: Probability = 0.0
    """Of its bloc: 0 where each counts in full, 1 where all together count as one."""
    confusion: dict[str, dict[str, LogProbability]] = {}
    """The log probability of each value that it may claim, by what is right."""


class ContextCalibration(_Part):
    """What is different in one context, the category of a question, say."""

    offset: Number = 0.0
    """Added to the score of every claimed value."""
    weights: dict[str, Number] = {}
    """Added to an agent's weight, by agent."""
    values: dict[str, Number] = {}
    """Added to the score of a value, by its canonical text."""


class FieldCalibration(_Part):
    """What was learned of one field; without anything learned, the vote goes by the stated confidences."""

    labels: int = Field(default=0, ge=0)
    """How many labelled questions it was learned from."""
    form: Literal["monotone", "signed"] = "monotone"
    """Whether a weight may be below 0."""
    agents: dict[str, AgentCalibration] = {}
    """By agent."""
    order: tuple[str, ...] = ()
    """The agents, the most competent first; for `lead` and `second`."""
    trust: Amount = 1.0
    """Factor on the stated log-odds of an agent that was never measured."""
    offset: Number = 0.0
    """Score of any claimed value against none of the claimed ones."""
    spread: tuple[Number, ...] = ()
    """Added to every score, by the number of different values claimed: the first for 1; the last for all more."""
    values: dict[str, Number] = {}
    """Added to the score of a value, by its canonical text."""
    contexts: dict[str, ContextCalibration] = {}
    """By context."""
    classes: dict[str, LogProbability] = {}
    """The log probability of each value before any claim."""

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if len(set(self.order)) < len(self.order) or not self.agents.keys() >= set(self.order):
            raise ValueError("`order` names each of the measured agents once, and nobody else")
        return self

    @property
    def is_enough(self) -> bool:
        """Whether it was learned from so many labels that its confidences are called calibrated."""
        return self.labels >= ENOUGH

    def weights(self, context: str) -> Mapping[str, float]:
        """What the claim of each measured agent adds in a context."""
        return self._weights.get(context) or self._weights[""]

    def base(self, context: str) -> float:
        """What every claimed value starts from in a context."""
        return self._bases.get(context, self.offset)

    def priors(self, context: str) -> Mapping[str, float]:
        """What a value starts from besides, by its canonical text."""
        return self._priors.get(context) or self._priors[""]

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        """The place of each agent in `order`, from 0."""
        return {name: place for place, name in enumerate(self.order)}

    @cached_property
    def blocs(self) -> bool:
        """Whether any agent is in a bloc."""
        return any(each.bloc for each in self.agents.values())

    @cached_property
    def stated(self) -> Mapping[str, AgentCalibration]:
        """The agents whose stated confidence counts."""
        return {name: each for name, each in self.agents.items() if each.slope > 0}

    @cached_property
    def _weights(self) -> dict[str, dict[str, float]]:
        merged = {"": {name: each.weight for name, each in self.agents.items()}}
        for context, own in self.contexts.items():
            merged[context] = {name: each.weight + own.weights.get(name, 0.0) for name, each in self.agents.items()}
        return merged

    @cached_property
    def _bases(self) -> dict[str, float]:
        return {context: self.offset + own.offset for context, own in self.contexts.items()}

    @cached_property
    def _priors(self) -> dict[str, dict[str, float]]:
        merged = {"": dict(self.values)}
        for context, own in self.contexts.items():
            keys = self.values.keys() | own.values.keys()
            merged[context] = {key: self.values.get(key, 0.0) + own.values.get(key, 0.0) for key in keys}
        return merged


class Calibration(_Part):
    """What was learned of the agents' reliability, by field. A JSON file that `quorate calibrate` writes."""

    format: Literal[1] = 1
    """Version of this file format."""
    version: str = "1"
    """Version of the artefact, chosen by its authors."""
    source: str = ""
    """What it was learned from, in one line."""
    fields: dict[str, FieldCalibration] = {}
    """By field."""

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of its content, in hexadecimal; named in each decision that it had a part in."""
        return digest(self.model_dump(mode="json"))

    def to_json(self) -> str:
        """The text of its file: what is left out is as by default."""
        return self.model_dump_json(exclude_defaults=True, indent=1) + "\n"

    @classmethod
    def load(cls, path: str | Path) -> Calibration:
        """The calibration in a JSON file.

        Raises:
            PolicyError: The file cannot be read, or is not of this form; NaN and infinity are none.
        """
        try:
            return cls.model_validate_json(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise PolicyError(
                str(path), got=str(error), expected="a readable calibration", fix="check the path, or run calibrate"
            ) from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "the file"
            raise PolicyError(
                f"{path}: {place}",
                got=f"{first['input']!r:.80}: {first['msg']}",
                expected="a calibration, as `quorate calibrate` writes it",
                fix="name the right file, or calibrate again",
            ) from error
