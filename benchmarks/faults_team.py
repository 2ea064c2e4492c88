"""The row `quorate` of `faults.py`: the world's task by a team of voters, through the real framework in virtual time.

For each step three calls of the small model vote side by side. Where they do not settle it, because some failed,
contradict each other or are not sure, three more are asked, and after these the large model twice. A step is settled
at the accepted confidence of its pooled claims, by two voters at least; what stays contested is left to a person, and
is no success. The act's arguments are such a step; then an action agent proposes the effect, the policy approves it,
and it is executed through the ledger.

What was chosen: the number of voters and tiers, and the accepted confidence (.88), on seeds from 100 on. No seed that
is measured was looked at, and nothing is learned. How often a wrong output is caught is no parameter: the voters see
neither the truth nor each other.

A burst is one of the step: every call at it that begins after an outage or a rate limit, of whichever voter, meets that
again with the world's probability, until one gets through. Calls that were under way meanwhile do not end it.

Each move of the supervisor that starts work is charged the 20 ms that the world charges the DAG for a level.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.faults_rows import Task
from benchmarks.faults_world import CARRIED, LARGE, PROMPT, RIGHT, SMALL, STEPS, Model, Outcome, World
from pydantic import BaseModel

from quorate import Claim, Contract, Effect, Limits, Policy, Supervisor, agent
from quorate.checkpoints import MemoryLedger

__all__ = ["ACCEPT", "Desk"]

ACCEPT = 0.88
"""The least confidence at which a step is settled; chosen on seeds from 100 on."""
TIERS: tuple[tuple[Model, int, Limits], ...] = (
    (SMALL, 3, Limits(attempts=1, claims=1)),
    (SMALL, 3, Limits(attempts=1, claims=1)),
    (LARGE, 2, Limits(attempts=3, backoff=0.25, breaker=None, claims=1)),
)
"""Of each tier the model, how many voters, and the bounds of each. After the last nobody is left to ask: no breaker."""
_MOVE_MS = 20.0
_WAIT = "0.25"


class Job(BaseModel):
    """The request: the number of a task."""

    task: int


class Done(BaseModel):
    """The outcome: an output for each step, and what the world outside answered to the act."""

    first: str
    second: str
    extract: str
    reason: str
    check: str
    act: str
    posted: str


class OutageError(ConnectionError):
    """The model cannot be reached."""


class WorkerError(Exception):
    """The worker died during the call."""


class RateLimitError(Exception):
    """The model wants to be asked later, and says when."""

    status_code = 429

    def __init__(self) -> None:
        super().__init__("429 Too Many Requests")
        self.response = _Response()


class _Response:
    status_code = 429
    headers: Mapping[str, str] = {"retry-after": _WAIT}


@dataclass
class Meter:
    """What is known of one task while it runs, outside of the framework."""

    usd: float = 0.0
    """What its calls cost."""
    attempts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each voter was called for each step."""
    met: dict[str, tuple[float, Outcome]] = field(default_factory=dict)
    """The outage or rate limit that a step met and that no later call has got through since, with its time."""


class Voter:
    """One voter for one step: a model that draws from the world."""

    def __init__(self, desk: Desk, step: str, model: Model, tier: int, limits: Limits, name: str) -> None:
        self._desk, self._step, self._model, self._name = desk, step, model, name
        self.contract = Contract(
            name=f"{step}-{name}",
            reads=frozenset({"task", *STEPS[step]}),
            writes=frozenset({step}),
            capability="retrieval" if not STEPS[step] else "reasoning",
            tier=tier,
            limits=limits,
        )

    async def __call__(self, *, task: int, **carried: str) -> AsyncIterator[Any]:
        """One call of the model: its claim, something malformed, or an error."""
        meter, step = self._desk.meters[task], self._step
        loop = asyncio.get_running_loop()
        began, (since, met) = loop.time(), meter.met.get(step, (0.0, None))
        meter.attempts[step, self._name] += 1
        call = self._desk.world.call(
            self._model,
            task,
            step,
            attempt=meter.attempts[step, self._name],
            voter=self._name,
            kilotokens=PROMPT + (CARRIED if carried else 0.0),
            met=met,
        )
        await asyncio.sleep(call.ms / 1000)
        meter.usd += call.usd
        if call.outcome in ("outage", "rate_limit"):
            meter.met[step] = loop.time(), call.outcome
        elif met is not None and meter.met.get(step, (since, met))[0] <= began:
            meter.met.pop(step, None)  # it began after the fault, and got through
        match call.outcome:
            case "outage":
                raise OutageError("no connection")
            case "rate_limit":
                raise RateLimitError
            case "crash":
                raise WorkerError("the worker died")
            case "malformed":
                yield '{"output": '
            case _:
                yield Claim(step, call.value, call.confidence)


class Outside:
    """The world outside: it counts what is done to it."""

    def __init__(self) -> None:
        self.done: list[tuple[int, str]] = []

    def execute(self, key: str, args: Mapping[str, Any]) -> str:
        """Do it."""
        self.done.append((args["task"], args["act"]))
        return f"entry {len(self.done)}"


@agent(writes={"posted": str}, capability="action")
def post(task: int, act: str) -> Effect:
    """Proposes the act."""
    return Effect("post", {"task": task, "act": act})


class Desk:
    """The team on one world; it runs one task after another, in virtual time."""

    def __init__(self, world: World, accept: float = ACCEPT) -> None:
        self.world = world
        self.meters: dict[int, Meter] = {}
        self._outside = Outside()
        voters = [
            Voter(self, step, model, tier, limits, f"{model.name}-{tier}{place}")
            for step in STEPS
            for tier, (model, count, limits) in enumerate(TIERS)
            for place in range(count)
        ]
        policy = Policy.parse(
            {
                "name": "faults",
                "defaults": {"accept": accept, "quorum": 2, "review": "never"},
                "fields": {"posted": {"quorum": 1}},
                "effects": {"post": {"approve": True}},
            }
        )
        self._team = Supervisor(
            "faults",
            request=Job,
            outcome=Done,
            agents=[*voters, post],
            policy=policy,
            ledger=MemoryLedger(),
            receivers={"post": self._outside},
        )
        self._graph = self._team.compile()

    async def __call__(self, task: int) -> Task:
        """Run the task, and judge it by the truth."""
        loop = asyncio.get_running_loop()
        meter = self.meters[task] = Meter()
        random.seed(f"{self.world.seed}/{task}")  # of LangGraph's jitter between attempts
        started, acted = loop.time(), len(self._outside.done)
        config: Any = {"configurable": {"thread_id": f"{self.world.seed}-{task}"}}
        turn = self._team.read(await self._graph.ainvoke({"request": {"task": task}}, config))
        moves = sum(move.kind in ("dispatch", "execute") for move in turn.moves)
        ms = (loop.time() - started) * 1000 + _MOVE_MS * moves
        del self.meters[task]
        right = all(turn.values.get(step) == RIGHT for step in STEPS)
        once = self._outside.done[acted:] == [(task, RIGHT)]
        return Task(turn.status == "settled", right and once, ms, meter.usd)
