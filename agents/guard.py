"""Guard: one agent as a graph node that checks what goes in and out, and turns failure into a recorded fault."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.errors import GraphBubbleUp, NodeTimeoutError, ParentCommand, is_invalid_resume
from langgraph.types import RetryPolicy, TimeoutPolicy

from ..contracts import BlobStore, BudgetError, ContractError, Field, Usage, dump
from .agent import Agent
from .attempt import Attempt
from .failure import fault_of
from .injection import current_injection
from .journal.playback import is_refused
from .layers.breaker import Breakers
from .layers.clock import Clock, SystemClock
from .layers.layer import Inputs, Layer, astacked, stacked
from .layers.queue import patience_of, rest, rhythm_of
from .misuse import cancelled, check_words, handed_over, needs_async
from .output import Output, alisted, answered, checked, listed
from .prices import Prices
from .retry import own_wait, retry_after, worth_retrying
from .run import Run, running
from .said import remember_said
from .taken import sum_of
from .tally import Tally
from .task import execution, place_of, step_of
from .trace import mark_run
from .view import View

__all__ = ["Guard"]

State = Mapping[str, Any]
Update = dict[str, Any]


class Guard(Runnable[State, Update]):
    """One agent as a graph node.

    It reads the agent's fields from the shared state, typed; runs the agent; checks what comes back; and
    returns an update of `claims`, `effects`, `usage` or `faults`. An agent that fails is tried again by
    LangGraph's retry policy where that is worth it; its last failure is a fault, never an exception.

    Args:
        agent: The agent.
        request: Fields of the request, by name.
        outcome: Fields of the outcome, by name.
        blobs: Where the large fields of the request are that the state refers to.
        layers: What is around each call of the agent, the outermost first.
        prices: What models cost.
        clock: By which time it waits before another attempt.
    """

    def __init__(
        self,
        agent: Agent,
        request: Mapping[str, Field],
        outcome: Mapping[str, Field],
        blobs: BlobStore | None = None,
        layers: Sequence[Layer] = (),
        prices: Prices | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.agent = agent
        self._prices = prices or Prices()
        self._tally = Tally()
        self._layers = tuple(layers)
        self._breakers = [layer for layer in layers if isinstance(layer, Breakers)]
        self._clock = clock or SystemClock()
        self._view = View(agent.contract, request, outcome, blobs)
        self.name = agent.name
        self._outcome = outcome

    @property
    def retry_policy(self) -> RetryPolicy | None:
        """LangGraph's retry policy, from the contract's limits."""
        limits = self.agent.contract.limits
        if limits.attempts == 1 and not limits.timed:
            return None  # else it tells the breakers of the attempt that ran out of time
        return RetryPolicy(
            max_attempts=limits.attempts,
            initial_interval=limits.backoff,
            retry_on=self._may_pass,
            jitter=limits.backoff > 0,
        )

    @property
    def timeout(self) -> TimeoutPolicy | None:
        """LangGraph's timeout policy, from the contract's limits."""
        limits = self.agent.contract.limits
        return TimeoutPolicy(run_timeout=limits.timeout, idle_timeout=limits.idle_timeout) if limits.timed else None

    def invoke(
        self,
        input: State,  # noqa: A002 (the name is Runnable's)
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Update:
        """Run the agent in this thread."""
        agent = self.agent
        if agent.call is None:
            raise needs_async(agent)
        run = self._enter(input, config)
        attempt = Attempt(self._prices, agent.contract.provider, run.said)
        try:
            with running(run), attempt.measured():
                output = stacked(self._layers, run, lambda inputs: self._call(inputs, run))(self._view.of(input))
        except ParentCommand:
            return self._failed(handed_over(agent), run, attempt)
        except GraphBubbleUp:
            if not agent.is_team:  # a team says by itself what it took, when it has gone on
                self._tally.add(run.step, attempt.taken())
            raise
        except asyncio.CancelledError:
            return self._failed(cancelled(agent), run, attempt)
        except (Exception, SystemExit) as error:
            seconds = self._rest_after(error, run)
            if seconds is None:
                return self._failed(error, run, attempt)
            self._tally.add(run.step, attempt.taken())
            if seconds:
                self._clock.sleep(seconds)
            raise
        return self._done(output, run, attempt)

    async def ainvoke(
        self,
        input: State,  # noqa: A002 (the name is Runnable's)
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Update:
        """Run the agent: an async one in the event loop, a sync one in a worker thread; both wait in the event loop."""
        agent = self.agent
        innermost = self._acall if agent.acall is not None else self._in_thread
        run = self._enter(input, config)
        attempt = Attempt(self._prices, agent.contract.provider, run.said)
        try:
            with running(run), attempt.measured():
                inputs = await self._view.aof(input)
                output = await astacked(self._layers, run, lambda inputs: innermost(inputs, run))(inputs)
        except ParentCommand:
            return self._failed(handed_over(agent), run, attempt)
        except GraphBubbleUp:
            if not agent.is_team:  # a team says by itself what it took, when it has gone on
                self._tally.add(run.step, attempt.taken())
            raise
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                self._tally.add(run.step, attempt.taken())
                raise  # the run is being stopped, or the attempt ran out of time
            return self._failed(cancelled(agent), run, attempt)
        except (Exception, SystemExit) as error:
            seconds = self._rest_after(error, run)
            if seconds is None:
                return self._failed(error, run, attempt)
            self._tally.add(run.step, attempt.taken())
            if seconds:
                await rest(self._clock, seconds, rhythm_of(agent.contract.limits))
            raise
        return self._done(output, run, attempt)

    def on_timeout(self, state: State, error: BaseException, config: RunnableConfig | None = None) -> Update:
        """The update for an error that LangGraph raised around the agent: its last attempt ran out of time."""
        if is_refused(error):
            raise error
        basis, attempts, step = self._basis(state), self.agent.contract.limits.attempts, step_of(config)
        update: Update = {"faults": [dump(fault_of(self.agent, error, attempts, basis))]}
        if self._tally.knows(step):  # else it is told a second time
            update["usage"] = [self._usage(step, basis, attempts, failed=True)]
        return update

    def _call(self, inputs: Inputs, run: Run) -> Output:
        if injection := current_injection():
            things = injection.call(self.agent, inputs, run, self._outcome)
        else:
            things = listed(self.agent.call(**inputs), self.agent.contract.limits.claims)  # type: ignore[misc]
        return self._checked(things, inputs, run.basis)

    async def _acall(self, inputs: Inputs, run: Run) -> Output:
        if injection := current_injection():
            things = await injection.acall(self.agent, inputs, run, self._outcome)
        else:
            things = await alisted(self.agent.acall(**inputs), self.agent.contract.limits.claims)  # type: ignore[misc]
        return self._checked(things, inputs, run.basis)

    async def _in_thread(self, inputs: Inputs, run: Run) -> Output:
        """Call a sync agent in a worker thread."""
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        caught = await loop.run_in_executor(None, lambda: context.run(self._caught, inputs, run))
        if isinstance(caught, BaseException):
            raise caught
        return caught

    def _caught(self, inputs: Inputs, run: Run) -> Output | BaseException:
        """The output or the error: not every error can leave a thread."""
        try:
            return self._call(inputs, run)
        except BaseException as error:
            return error

    def _may_pass(self, error: BaseException) -> bool:
        """Whether LangGraph tries again; breakers learn here of the attempts that it cut short."""
        if isinstance(error, NodeTimeoutError):
            for layer in self._breakers:
                layer.timed_out(error)
        return isinstance(error, Exception) and worth_retrying(error)

    def _rest_after(self, error: BaseException, run: Run) -> float | None:
        """Seconds to wait, beyond LangGraph's own wait, before another attempt; None where there is none."""
        if is_refused(error):
            raise error  # a strict playback stops the graph
        if is_invalid_resume(error):
            raise error  # a person's wrong answer to a graph inside the agent: its question stays open
        limits = self.agent.contract.limits
        if not isinstance(error, Exception) or run.attempt >= limits.attempts or not worth_retrying(error):
            return None
        asked = retry_after(error) or 0.0
        if asked > patience_of(limits):
            return None
        return max(0.0, asked - own_wait(limits.backoff, run.attempt))

    def _enter(self, state: State, config: RunnableConfig | None) -> Run:
        turn: int = state.get("turn", 0)
        if config:
            mark_run(config, turn)
        given = config.get("configurable", {}) if config else {}
        move = state["moves"][-1] if state.get("moves") else {}
        held = move.get("reserved") or {}
        info = execution()
        return Run(
            agent=self.agent.name,
            version=self.agent.contract.version,
            thread=str(given.get("thread_id") or ""),
            turn=turn,
            tenant=str(given.get("tenant") or ""),
            basis=self._basis(state),
            attempt=info.node_attempt if info is not None else 1,
            task=info.task_id if info is not None else "",
            step=step_of(config),
            place=place_of(config, len(state.get("moves") or ())),
            reserved=held.get(self.name) or {},
            left=move.get("left") or {},
            held=held,
        )

    def _basis(self, state: State) -> Mapping[str, int]:
        move = state["moves"][-1] if state.get("moves") else {}
        basis: Mapping[str, int] = move.get("agents", {}).get(self.name, {})
        return basis

    def _checked(self, things: list[Any], inputs: Mapping[str, Any], basis: Mapping[str, int]) -> Output:
        try:
            output = checked(things, self.agent.contract, self._outcome, inputs, basis)
        except ContractError as error:
            remember_said(things)
            if self.agent.repairs:
                error.answer = error.answer or answered(things)
            raise
        if not self.agent.is_team:
            check_words(self.agent.name, output)
        return output

    def _done(self, output: Output, run: Run, attempt: Attempt) -> Update:
        taken = attempt.taken(output.usage)
        usage = self._usage(run.step, run.basis, run.attempt, taken, len(output.claims), cached=output.usage.cached)
        update: Update = {"usage": [usage]}
        if output.claims:
            update["claims"] = [dump(claim) for claim in output.claims]
        if output.faults:
            update["faults"] = [dump(fault) for fault in output.faults]
        if output.effects:
            update["effects"] = {effect.slot: dump(effect) for effect in output.effects}
        return update

    def _failed(self, error: BaseException, run: Run, attempt: Attempt) -> Update:
        refused = isinstance(error, BudgetError)  # then there was no attempt
        taken = replace(attempt.taken(), attempts=int(not refused))
        usage = self._usage(run.step, run.basis, run.attempt - refused, taken, failed=True)
        return {"faults": [dump(fault_of(self.agent, error, run.attempt, run.basis))], "usage": [usage]}

    def _usage(
        self,
        step: str,
        basis: Mapping[str, int],
        attempts: int,
        taken: Usage | None = None,
        claims: int = 0,
        *,
        failed: bool = False,
        cached: bool = False,
    ) -> Any:
        """What a run took that has ended, as plain data: what is known of its earlier attempts, and the last."""
        earlier = self._tally.take(step)
        total = taken if taken is not None and earlier is None else sum_of([each for each in (earlier, taken) if each])
        attempts = max(attempts, total.attempts)  # more where it was stopped, and begun again
        total = replace(total, agent=self.agent.name, basis=basis, attempts=attempts, claims=claims)
        return dump(replace(total, failed=failed, cached=cached) if failed or cached else total)
