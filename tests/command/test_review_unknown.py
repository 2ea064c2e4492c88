"""`quorate review` of an effect of which it is not known whether it happened."""

from __future__ import annotations

from typing import Any

import pytest
from tests.command.desk import Desk


def effect_of(desk: Desk, thread: str) -> dict[str, Any]:
    (effect,) = desk("show", thread, "--json").lines[0]["effects"].values()
    return dict(effect)


def test_happened(desk: Desk) -> None:
    """It happened: the answer that the reviewer gives is recorded, and nothing is sent again."""
    thread = desk.unknown()
    question = desk.question(thread)
    answer = desk("review", thread, "--happened", '{"key": "P7"}', "--question", question, status=0)
    assert answer
    effect = effect_of(desk, thread)
    assert (effect["status"], effect["result"], effect["attested"]) == ("done", {"key": "P7"}, "happened")
    assert (desk.folder / "sent.txt").read_text().split() == ["12.00"]
    assert desk("show", thread, "--json").lines[0]["decisions"]["posted"]["value"] == {"key": "P7"}


def test_not_happened(desk: Desk) -> None:
    """It did not happen: it is executed, as it was approved."""
    thread = desk.unknown()
    desk("review", thread, "--not-happened", "--question", desk.question(thread), status=0)
    assert effect_of(desk, thread)["status"] == "done"
    assert (desk.folder / "sent.txt").read_text().split() == ["12.00", "12.00"]


@pytest.mark.parametrize(
    "result", ["{", "7", '{"key": NaN}', '{"key": 1e999}', '{"key": "\\ud800"}', "[" * 5000 + "]" * 5000]
)
def test_answer_that_the_receiver_cannot_have_given(desk: Desk, result: str) -> None:
    """What is no JSON, or no value of the field, is refused, and the question stays open."""
    thread = desk.unknown()
    question = desk.question(thread)
    answer = f'{{"decisions": [{{"type": "happened", "result": {result}}}]}}'
    for given in (("--happened", result), ("--answer", answer)):
        said = desk("review", thread, *given, "--question", question, status=2)
        assert said.err.startswith("error: answer to thread")
        assert desk.question(thread) == question
