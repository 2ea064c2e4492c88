"""What the children of the desk's crash tests do: post or correct a receipt, and die at a moment of their saver."""

from __future__ import annotations

import os
import signal
from typing import Any

from examples.receipt_desk.desk import POLICY
from examples.receipt_desk.rules import RULES
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, ChannelVersions, Checkpoint, CheckpointMetadata
from tests.fakes.delegating_saver import DelegatingSaver
from tests.fakes.desk_session import DeskSession, sample

from quorate.checkpoints import open_database
from quorate.contracts import EffectPolicy, Policy

__all__ = ["RECEIPT", "THREAD", "TOTAL", "correct_and_die", "posting", "post_and_die", "take_up"]

RECEIPT, THREAD, TOTAL = "20-bakery", "t", "30.00"
"""The receipt that is posted, its thread, and the total that a person corrects it to."""


class DyingSaver(DelegatingSaver):
    """A saver whose process is killed when it stores one of the checkpoints.

    Args:
        saver: Where all is stored.
        moment: Number of that checkpoint, from 1.
        after: Whether it is stored by then.
    """

    def __init__(self, saver: BaseCheckpointSaver[Any], moment: int, *, after: bool) -> None:
        super().__init__(saver)
        self._left = moment
        self._after = after

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        self._count(after=False)
        stored = super().put(config, checkpoint, metadata, new_versions)
        self._count(after=True)
        return stored

    def _count(self, *, after: bool) -> None:
        if after != self._after:
            return
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)


def posting() -> Policy:
    """The desk's policy, by which a row that became stale is taken out without a person."""
    policy = Policy.load(POLICY).with_rules(*RULES)
    post = EffectPolicy(approve=True, compensate=True)
    return policy.model_copy(update={"effects": {**policy.effects, "post": post}})


def post_and_die(url: str, moment: int, after: bool) -> None:
    """Post the receipt, and die."""
    with open_database(url) as database, database.saver() as saver:
        DeskSession(database, DyingSaver(saver, moment, after=after), policy=posting()).run(sample(RECEIPT), THREAD)


def correct_and_die(url: str, moment: int, after: bool) -> None:
    """Correct the total of the posted receipt, and die."""
    with open_database(url) as database, database.saver() as saver:
        DeskSession(database, DyingSaver(saver, moment, after=after), policy=posting()).correct(THREAD, total=TOTAL)


def take_up(url: str) -> None:
    """Go on with the receipt where it was left, or begin it."""
    with open_database(url) as database, database.saver() as saver:
        desk = DeskSession(database, saver, policy=posting())
        if desk.is_begun(THREAD):
            desk.go_on(THREAD)
        else:
            desk.run(sample(RECEIPT), THREAD)
