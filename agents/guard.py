"""Guard: one agent as a graph node that checks what goes in and out, and turns failure into a recorded fault."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import time
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.errors import GraphBubbleUp, ParentCommand, is_invalid_resume
from langgraph.runtime import ExecutionInfo, get_runtime
from langgraph.types import RetryPolicy, TimeoutPolicy
from pydantic import ValidationError
from pydantic_core import from_json, to_json

from ..contracts import OTHERS, AgentError, BlobStore, ContractError, Field, Reference, Usage, dump
from .agent import Agent
from .failure import fault_of
from .injection import current_injection
from .journal.playback import is_refused
from .layers.layer import Inputs, Layer, astacked, stacked
from .others import others_of
from .output import Output, alisted, checked, listed
from .retry import worth_retrying
from .run import Run, running
from .trace import mark_run

__all__ = ["Guard", "needs_async"]

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
    """

    def __init__(
        self,
        agent: Agent,
        request: Mapping[str, Field],
        outcome: Mapping[str, Field],
        blobs: BlobStore | None = None,
        layers: Sequence[Layer] = (),
    ) -> None:
        self.agent = agent
        self._layers = tuple(layers)
        self._blobs = blobs
        self.name = agent.name
        self._outcome = outcome
        reads = agent.contract.reads
        self._from_request = tuple(request[name] for name in sorted(reads & request.keys()))
        self._from_outcome = tuple(outcome[name] for name in sorted(reads & (outcome.keys() - request.keys())))
        self._reads_messages = "messages" in reads and "messages" not in request
        self._reads_others = OTHERS in reads and OTHERS not in {**request, **outcome}

    @property
    def retry_policy(self) -> RetryPolicy | None:
        """LangGraph's retry policy, from the contract's limits."""
        limits = self.agent.contract.limits
        if limits.attempts == 1:
            return None
        return RetryPolicy(
            max_attempts=limits.attempts,
            initial_interval=limits.backoff,
            retry_on=worth_retrying,
            jitter=limits.backoff > 0,
        )

    @property
    def timeout(self) -> TimeoutPolicy | None:
        """LangGraph's timeout policy, from the contract's limits."""
        seconds = self.agent.contract.limits.timeout
        return TimeoutPolicy(run_timeout=seconds) if seconds is not None else None

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
        started = time.perf_counter()
        try:
            with running(run):
                output = stacked(self._layers, run, lambda inputs: self._call(inputs, run))(self._inputs(input))
        except ParentCommand:
            return self._failed(_handed_over(agent), run)
        except GraphBubbleUp:
            raise
        except asyncio.CancelledError:
            return self._failed(_cancelled(agent), run)
        except (Exception, SystemExit) as error:
            return self._failed(error, run)
        return self._done(output, run, started)

    async def ainvoke(
        self,
        input: State,  # noqa: A002 (the name is Runnable's)
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Update:
        """Run the agent: an async one in the event loop, a sync one in a worker thread."""
        agent = self.agent
        if agent.acall is None:
            context = contextvars.copy_context()
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, lambda: context.run(self.invoke, input, config))
        run = self._enter(input, config)
        started = time.perf_counter()
        try:
            with running(run):
                inputs = await self._ainputs(input)
                output = await astacked(self._layers, run, lambda inputs: self._acall(inputs, run))(inputs)
        except ParentCommand:
            return self._failed(_handed_over(agent), run)
        except GraphBubbleUp:
            raise
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise  # the run is being stopped, or the attempt ran out of time
            return self._failed(_cancelled(agent), run)
        except (Exception, SystemExit) as error:
            return self._failed(error, run)
        return self._done(output, run, started)

    def on_timeout(self, state: State, error: BaseException) -> Update:
        """The update for an error that LangGraph raised around the agent: its last attempt ran out of time."""
        if is_refused(error):
            raise error
        basis = self._basis(state)
        return {"faults": [dump(fault_of(self.agent, error, self.agent.contract.limits.attempts, basis))]}

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

    def _enter(self, state: State, config: RunnableConfig | None) -> Run:
        turn: int = state.get("turn", 0)
        if config:
            mark_run(config, turn)
        given = config.get("configurable", {}) if config else {}
        info = _execution()
        return Run(
            agent=self.agent.name,
            version=self.agent.contract.version,
            thread=str(given.get("thread_id") or ""),
            turn=turn,
            tenant=str(given.get("tenant") or ""),
            basis=self._basis(state),
            attempt=info.node_attempt if info is not None else 1,
            task=info.task_id if info is not None else "",
        )

    def _basis(self, state: State) -> Mapping[str, int]:
        move = state["moves"][-1] if state.get("moves") else {}
        basis: Mapping[str, int] = move.get("agents", {}).get(self.name, {})
        return basis

    async def _ainputs(self, state: State) -> dict[str, Any]:
        """The inputs; blobs are read in a worker thread."""
        request = state.get("request") or {}
        if any(Reference.read(request.get(field.name)) for field in self._from_request):
            return await asyncio.to_thread(self._inputs, state)
        return self._inputs(state)

    def _inputs(self, state: State) -> dict[str, Any]:
        inputs: dict[str, Any] = {}
        request, decisions = state.get("request") or {}, state.get("decisions") or {}
        for field in self._from_request:
            if field.name not in request:  # it is newer than the checkpoint
                inputs[field.name] = copy.deepcopy(field.default)
                continue
            reference = Reference.read(request[field.name])
            plain = request[field.name] if reference is None else reference.value(self._blobs)
            inputs[field.name] = self._typed(field, plain)
        for field in self._from_outcome:
            decision = decisions.get(field.name)
            if decision is not None and decision["status"] == "settled":
                inputs[field.name] = self._typed(field, decision["value"])
            else:
                inputs[field.name] = copy.deepcopy(field.default)  # what an agent does to it is its own
        if self._reads_messages:
            inputs["messages"] = list(state.get("messages") or [])
        if self._reads_others:
            inputs[OTHERS] = others_of(self.agent.name, state, self._outcome)
        return inputs

    def _typed(self, field: Field, plain: Any) -> Any:
        if isinstance(plain, dict | list):
            plain = from_json(to_json(plain))  # what an agent does to it is its own
        try:
            return field.parse(plain)
        except ValidationError as error:
            raise ContractError(
                f"agent {self.name!r}, input {field.name!r}",
                got=repr(plain)[:80],
                expected=f"a value of type {field.annotation}",
                fix="correct the field in the state; it was written past quorate",
            ) from error

    def _checked(self, things: list[Any], inputs: Mapping[str, Any], basis: Mapping[str, int]) -> Output:
        output = checked(things, self.agent.contract, self._outcome, inputs, basis)
        forged = next((claim for claim in output.claims if claim.person and not self.agent.is_team), None)
        if forged is not None:
            raise ContractError(
                f"agent {self.agent.name!r}, claim on {forged.field!r}",
                got=f"the word of a person, {forged.person!r}",
                expected="that only from a team that asked one",
                fix="leave `person` out",
            )
        return output

    def _done(self, output: Output, run: Run, started: float) -> Update:
        used = output.usage
        usage = Usage(
            model=used.model,
            input_tokens=used.input_tokens,
            output_tokens=used.output_tokens,
            agent=self.agent.name,
            basis=run.basis,
            attempts=run.attempt,
            seconds=round(time.perf_counter() - started, 6),
            claims=len(output.claims),
        )
        update: Update = {"usage": [dump(usage)]}
        if output.claims:
            update["claims"] = [dump(claim) for claim in output.claims]
        if output.faults:
            update["faults"] = [dump(fault) for fault in output.faults]
        if output.effects:
            update["effects"] = {effect.slot: dump(effect) for effect in output.effects}
        return update

    def _failed(self, error: BaseException, run: Run) -> Update:
        if is_refused(error):
            raise error  # a strict playback stops the graph
        if is_invalid_resume(error):
            raise error  # a person's wrong answer to a graph inside the agent: its question stays open
        attempt = run.attempt
        if isinstance(error, Exception) and attempt < self.agent.contract.limits.attempts and worth_retrying(error):
            raise error
        return {"faults": [dump(fault_of(self.agent, error, attempt, run.basis))]}


def needs_async(agent: Agent) -> AgentError:
    """The error for a graph that was run with `invoke` although one of its agents can only be awaited."""
    return AgentError(
        f"agent {agent.name!r}",
        got="invoke or stream",
        expected="ainvoke or astream, because the agent is async or has a timeout",
        fix="await graph.ainvoke(...)",
    )


def _handed_over(agent: Agent) -> ContractError:
    return ContractError(
        f"agent {agent.name!r}",
        got="a Command to the graph around it",
        expected="claims, because the supervisor decides what runs next",
        fix="let the agent return values, and take the hand-off tool away",
    )


def _cancelled(agent: Agent) -> AgentError:
    return AgentError(
        f"agent {agent.name!r}",
        got="CancelledError from within the agent",
        expected="a result, or another error",
        fix="let the agent catch the cancellation of the tasks that it started",
    )


def _execution() -> ExecutionInfo | None:
    """LangGraph's facts of the task, or None outside of a graph."""
    try:
        return get_runtime().execution_info
    except RuntimeError:
        return None
