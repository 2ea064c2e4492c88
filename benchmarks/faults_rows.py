"""The reproduced rows of `faults.py`: linear chaining, a stateful DAG and an event-driven mesh, by hand."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks.faults_world import CARRIED, LARGE, LEVELS, PROMPT, SMALL, STEPS, Call, Outcome, World

__all__ = ["ROWS", "Figures", "Task", "dag", "dag_small", "linear", "mesh"]


@dataclass(frozen=True)
class Task:
    """What became of one task."""

    ended: bool
    """Whether it came to its end: an output was accepted for every step."""
    right: bool
    """Whether every accepted output was right, and the act happened once."""
    ms: float
    """How long it took, in milliseconds."""
    usd: float
    """What it cost, in US dollars."""


@dataclass(frozen=True)
class Figures:
    """What a row of the table holds."""

    success: float
    """Share of the tasks that ended right."""
    usd: float
    """US dollars for each task that was attempted."""
    ms: float
    """Milliseconds, the mean over the successes."""
    silent_wrong: float
    """Share of the tasks that ended with a wrong output that nobody noticed."""

    @classmethod
    def of(cls, tasks: Iterable[Task]) -> Figures:
        """The figures of these tasks."""
        done = list(tasks)
        count = max(1, len(done))
        right = [task.ms for task in done if task.ended and task.right]
        return cls(
            success=round(len(right) / count, 4),
            usd=round(sum(task.usd for task in done) / count, 4),
            ms=round(statistics.fmean(right)) if right else 0,
            silent_wrong=round(sum(task.ended and not task.right for task in done) / count, 4),
        )


@dataclass(frozen=True)
class _Design:
    """How a design that goes level by level treats its steps."""

    validator: float
    """Share of the wrong outputs that its validator catches."""
    wait: float
    """Milliseconds before the attempt after an outage, a rate limit or a crash."""
    wait_malformed: float
    """Milliseconds before the attempt after an output that was refused."""
    level: float
    """Milliseconds that it adds to each level."""
    context: float = 0.0
    """Kilotokens of context beside what is carried in."""
    stranded: float = 0.0
    """Share of the messages that never arrive: the request, and what each level sends on."""
    second: bool = False
    """Whether the small model votes beside the large one: an output is accepted where it does not contradict."""
    attempts: int = 3
    """The most attempts at a step."""


_DAG = _Design(validator=0.58, wait=250, wait_malformed=25, level=20)
_DAG_SMALL = _Design(validator=0.58, wait=250, wait_malformed=25, level=20, second=True)
_MESH = _Design(validator=0.2, wait=1900, wait_malformed=130, level=130, context=0.9, stranded=0.0055)


def linear(world: World, task: int) -> Task:
    """Six calls, one after another, each with all that came before; a raised fault loses the task.

    A malformed output raises nothing, for nobody looks at it: it is passed on.
    """
    ms = usd = 0.0
    right = True
    for place, step in enumerate(STEPS):
        call = world.call(LARGE, task, step, attempt=1, voter="large", kilotokens=PROMPT + CARRIED * place)
        ms, usd = ms + call.ms, usd + call.usd
        if call.outcome in ("outage", "rate_limit", "crash"):
            return Task(False, False, ms, usd)
        right = right and call.outcome == "right"
    return Task(True, right, ms, usd)


def dag(world: World, task: int) -> Task:
    """Levels side by side, three attempts, a validator."""
    return _levels(world, task, _DAG)


def dag_small(world: World, task: int) -> Task:
    """The same, with the small model as second voter: where the two differ, both are asked again."""
    return _levels(world, task, _DAG_SMALL)


def mesh(world: World, task: int) -> Task:
    """Agents that send each other messages, with more context and slow recovery."""
    return _levels(world, task, _MESH)


ROWS: dict[str, Callable[[World, int], Task]] = {"linear": linear, "dag": dag, "mesh": mesh, "dag_small": dag_small}
"""The rows, by name."""


def _levels(world: World, task: int, design: _Design) -> Task:
    ms = usd = 0.0
    right = True
    if _strands(world, task, "request", design):
        return Task(False, False, ms, usd)
    for level in LEVELS:
        steps = [_step(world, task, step, design) for step in level]
        usd += sum(step.usd for step in steps)
        ms += design.level + max(step.ms for step in steps)
        if not all(step.ended for step in steps) or _strands(world, task, level[0], design):
            return Task(False, False, ms, usd)
        right = right and all(step.right for step in steps)
    return Task(True, right, ms, usd)


def _step(world: World, task: int, step: str, design: _Design) -> Task:
    """One step, with its attempts."""
    kilotokens = PROMPT + (CARRIED if STEPS[step] else 0.0) + design.context
    ms = usd = 0.0
    met: Outcome | None = None
    for attempt in range(1, design.attempts + 1):
        voters = {"large": LARGE, "small": SMALL} if design.second else {"large": LARGE}
        calls: dict[str, Call] = {}
        for voter, model in voters.items():
            calls[voter] = world.call(model, task, step, attempt=attempt, voter=voter, kilotokens=kilotokens, met=met)
        met = next((call.outcome for call in calls.values() if call.outcome in ("outage", "rate_limit")), None)
        ms += max(call.ms for call in calls.values())
        usd += sum(call.usd for call in calls.values())
        first = calls["large"]
        undisputed = attempt == design.attempts or all(call.value in ("", first.value) for call in calls.values())
        if first.value and undisputed and not _refused(world, task, step, attempt, first, design):
            return Task(True, first.outcome == "right", ms, usd)
        ms += design.wait if first.outcome in ("outage", "rate_limit", "crash") else design.wait_malformed
    return Task(False, False, ms, usd)


def _strands(world: World, task: int, after: str, design: _Design) -> bool:
    """Whether the message after a level, or with the request, never arrives."""
    return world.stream(task, after, 1, "message").random() < design.stranded


def _refused(world: World, task: int, step: str, attempt: int, call: Call, design: _Design) -> bool:
    """Whether the validator sees that the output is wrong."""
    return call.outcome == "wrong" and world.stream(task, step, attempt, "validator").random() < design.validator
