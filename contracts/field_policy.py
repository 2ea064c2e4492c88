"""Field policy: how the claims on a field are counted, when the result is accepted, and who looks if not."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .vote import Vote

__all__ = ["FieldPolicy"]


class FieldPolicy(BaseModel):
    """When the vote on a field is accepted, and who looks if not."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    accept: float = Field(default=0.75, ge=0, le=1, allow_inf_nan=False)
    """The least confidence, in [0, 1], at which the leading value is settled."""
    quorum: int = Field(default=1, ge=1)
    """The least number of agents that must have claimed a value, any value, for the vote to count."""
    weights: dict[str, Annotated[float, Field(ge=0, le=1_000, allow_inf_nan=False)]] = {}
    """Factor on an agent's log-odds, by agent, in [0, 1000]; 1 where it is not named, 0 for no say."""
    revise: int = Field(default=0, ge=0, le=10)
    """How often agents that read `others` may see what the others claim and claim anew, where the vote is contested."""
    wave: int = Field(default=0, ge=0)
    """How many agents of a tier run at a time; the rest run only where they could change the outcome. 0 for all."""
    vote: Vote = "confidence"
    """The voting rule."""
    tolerance: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Of `median`: the most that two numbers may differ and count as one, in the units of the field: days, seconds."""
    veto: tuple[str, ...] = ()
    """The agents that leave the field contested by claiming another value than the leading one."""
    context: str = ""
    """The field of the request whose value is the context of the vote: a calibration may weigh agents by it."""
    cost_of_error: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """What a wrong value costs that was settled, in any unit; with `cost_of_review` it gives `accept`."""
    cost_of_review: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """What it costs that a person looks, in the same unit."""
    review: Literal["unsettled", "always", "never"] = "unsettled"
    """Who looks. `unsettled`: a person, where the vote does not settle it. `always`: a person. `never`: nobody."""
    reviewers: int = Field(default=0, ge=0, le=100)
    """How many different people must agree on the same value; 0 for as many as `review.reviewers` says."""

    @model_validator(mode="after")
    def _derive_accept(self) -> Self:
        """A settled value of confidence p costs (1 - p) * error on average, a review its price: settle where p is more.

        That is, where p >= 1 - review / error.
        """
        if (self.cost_of_error is None) != (self.cost_of_review is None):
            raise ValueError("`cost_of_error` and `cost_of_review` go together")
        if self.cost_of_error is not None and self.cost_of_review is not None:
            derived = max(0.0, 1 - self.cost_of_review / self.cost_of_error)
            if "accept" in self.model_fields_set and self.accept != derived:
                raise ValueError(f"`accept` follows from the costs, as {derived:g}; leave it out")
            vars(self)["accept"] = derived
            self.model_fields_set.add("accept")
        return self

    @property
    def accept_source(self) -> str:
        """Where `accept` comes from, if from the costs; else empty."""
        if self.cost_of_error is None or self.cost_of_review is None:
            return ""
        return f"from the costs: 1 - {self.cost_of_review:g} / {self.cost_of_error:g}"
