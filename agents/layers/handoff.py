"""Handoff layer: what must hold of an agent's inputs before it runs."""

from __future__ import annotations

from collections.abc import Sequence

from ...contracts import GateError, HandoffRequirement
from ..output import Output
from ..run import Run
from .layer import AsyncProceed, Inputs, Proceed

__all__ = ["Handoff"]


class Handoff:
    """Refuses a run whose inputs do not keep to what the policy requires of them.

    Args:
        requirements: What must hold.
    """

    def __init__(self, requirements: Sequence[HandoffRequirement]) -> None:
        self._requirements = tuple(requirements)

    def call(self, run: Run, inputs: Inputs, proceed: Proceed) -> Output:
        """The output of a sync agent on inputs that may be handed to it."""
        self._check(run, inputs)
        return proceed(inputs)

    async def acall(self, run: Run, inputs: Inputs, proceed: AsyncProceed) -> Output:
        """The output of an async agent on inputs that may be handed to it."""
        self._check(run, inputs)
        return await proceed(inputs)

    def _check(self, run: Run, inputs: Inputs) -> None:
        for requirement in self._requirements:
            complaint = requirement.complaint(inputs)
            if complaint:
                raise GateError(
                    f"agent {run.agent!r}, handoff",
                    got="inputs that it may not be given",
                    expected=complaint,
                    fix="look at the decisions that it reads; correct them in review",
                    code=requirement.name,
                )
