"""Reliability: how far each reader can be trusted, by what it saw."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from quorate.contracts import InputError

__all__ = ["Reliability"]

_SHIPPED = Path(__file__).with_name("reliability.json")
_UNKNOWN = 0.5

Confidence = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Reliability(BaseModel):
    """The confidence that each reader claims with: by reader, by field, by the circumstances of the reading.

    A confidence is the probability that the reader is right, less what it shares with the other readers of
    the field, so that the vote of all of them comes out calibrated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    """Version of this file format."""
    receipts: int = Field(default=0, ge=0)
    """The number of receipts that it was learned from."""
    confidence: dict[str, dict[str, dict[str, Confidence]]] = {}
    """By reader, field and circumstances; the empty circumstances stand for all that were too rare to learn."""

    def of(self, reader: str, field: str, how: str) -> float:
        """The confidence of a reading, in [0, 1]; 0.5, which moves no vote, for a reader that was never measured."""
        known = self.confidence.get(reader, {}).get(field, {})
        return known.get(how, known.get("", _UNKNOWN))

    @classmethod
    def load(cls, path: str | Path | None = None) -> Reliability:
        """The reliability in a JSON file; without a path, the one that ships with the desk.

        Raises:
            InputError: The file cannot be read, or is not of this form.
        """
        where = Path(path) if path is not None else _SHIPPED
        try:
            return cls.model_validate_json(where.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                str(where), got=str(error), expected="a readable JSON file", fix="check the path"
            ) from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "the file"
            raise InputError(
                str(where), got=f"{place}: {first['msg'].lower()}", expected="what `learn` gives", fix="learn it again"
            ) from error

    def save(self, path: str | Path) -> None:
        """Write it as JSON."""
        Path(path).write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
