"""Repair: a layer that shows an agent what was wrong with its answer, and asks once more."""

from __future__ import annotations

from dataclasses import replace

from ...contracts import ContractError
from ..output import Output
from ..repair import Repair
from ..run import Run, running
from .layer import AsyncProceed, Inputs, Proceed

__all__ = ["Repairing"]


class Repairing:
    """The layer: after an answer that broke the contract the agent runs again, with `current_run().repair` set.

    Args:
        times: How often.
    """

    def __init__(self, times: int) -> None:
        self._times = times

    def call(self, run: Run, inputs: Inputs, proceed: Proceed) -> Output:
        """The answer of a sync agent, repaired where it must be."""
        for left in reversed(range(self._times + 1)):
            try:
                with running(run):
                    return proceed(inputs)
            except ContractError as error:
                if not left:
                    raise
                run = replace(run, repair=Repair.of(error))
        raise AssertionError  # the last time returns or raises

    async def acall(self, run: Run, inputs: Inputs, proceed: AsyncProceed) -> Output:
        """The answer of an async agent, repaired where it must be."""
        for left in reversed(range(self._times + 1)):
            try:
                with running(run):
                    return await proceed(inputs)
            except ContractError as error:
                if not left:
                    raise
                run = replace(run, repair=Repair.of(error))
        raise AssertionError
