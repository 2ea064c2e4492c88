from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.conformance.capabilities import Capability
from langgraph.checkpoint.conformance.report import CapabilityReport
from tests.fakes.async_face import AsyncFace

from quorate.checkpoints import open_database

LEFT_OUT: dict[str, str] = {}
"""A capability that the savers do not have, and the reason: none."""


async def conformance(url: str, *, face: str) -> CapabilityReport:
    """The report of LangGraph's suite on one face of the saver, each capability on a saver that is opened anew."""

    async def savers() -> AsyncIterator[BaseCheckpointSaver[str]]:
        with open_database(url) as database:
            if face == "async":
                async with database.asaver() as saver:
                    yield saver
            else:
                with database.saver() as saver:
                    yield AsyncFace(saver)

    registered = checkpointer_test(name=f"quorate, {face}", skip_capabilities=set(LEFT_OUT))(savers)
    return await validate(registered)


@pytest.mark.parametrize("face", ["sync", "async"])
async def test_conformance(database_url: str, face: str) -> None:
    """Both faces of the saver pass the whole of LangGraph's conformance suite, the optional capabilities included."""
    report = await conformance(database_url, face=face)
    assert set(report.results) == {capability.value for capability in Capability}
    failures = {name: found.failures for name, found in report.results.items() if found.failures}
    assert not failures
    missing = {name for name, found in report.results.items() if not found.passed}
    assert missing == set(LEFT_OUT)
