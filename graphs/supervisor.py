"""Supervisor: a team of agents as a LangGraph graph, derived from their contracts."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NotRequired, cast

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.errors import NodeError
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Checkpointer, Command
from pydantic import BaseModel
from typing_extensions import TypedDict

from ..agents import Agent, Guard, as_agent
from ..agents.journal.redaction import Redactor, redactor_of
from ..agents.layers.guardrails import Rail
from ..agents.layers.journal import JournalLayer
from ..agents.layers.traffic import Traffic
from ..agents.layers.traffic_state import TrafficState
from ..contracts import (
    Accounts,
    Answer,
    Approve,
    BlobStore,
    BuildError,
    Capability,
    Contract,
    Journal,
    Ledger,
    Limits,
    Policy,
    Receiver,
    fields_of,
    redacted_fields,
)
from .act import PATIENCE, Executor
from .entry import INTAKE, Entry
from .input_channel import InputChannel
from .intake import SUPERVISOR, Intake
from .large_inputs import BLOB_LIMIT, LargeInputs
from .layers import layers_of
from .node import Team
from .nodes import ACT, REVIEW, Act, Review, Supervise
from .review import correct
from .roster import Roster
from .state import State
from .team_agent import team_agent
from .treasury import Treasury
from .turn import Turn

__all__ = ["Supervisor", "TeamGraph"]


class TeamGraph(StateGraph[Any, Any, Any, Any]):
    """The uncompiled graph of a team; it knows its supervisor."""

    supervisor: Supervisor
    inputs: LargeInputs = LargeInputs()

    def compile(self, *args: Any, **options: Any) -> CompiledStateGraph[Any, Any, Any, Any]:
        """LangGraph's `compile`; with a blob store, large fields of a request are stored there as they come in."""
        compiled = super().compile(*args, **options)
        if self.inputs.blobs is not None:
            compiled.channels[START] = InputChannel(self.input_schema, inputs=self.inputs)
        return compiled


class Supervisor:
    """A team of agents, the fields that they settle, and the policy by which conflicts are settled.

    Args:
        name: Name of the team; it names the graph.
        request: What comes in, as a pydantic model.
        outcome: What must be decided, as a pydantic model; a field with a default may stay empty.
        agents: The agents: decorated functions, objects with a contract.
        policy: When a field is settled, who reviews, what may be done; the defaults send every doubt to a person.
        ledger: Where effects are recorded; needed as soon as there is an action agent.
        receivers: The outside world, by effect name.
        patience: Seconds to wait for another run that is executing the same effect, before a person is asked.
        reply: The outcome field that is the answer in the conversation, or None.
        blobs: Where large fields of a request are stored; the state holds their digests. Without it, all is in the
            state.
        blob_limit: The size in bytes of a field's JSON text above which it counts as large.
        accounts: What each tenant has spent, in all threads; needed where the policy's budgets bound tenants.
        traffic: The circuit breakers, queues and cache that its calls go through; by default its own.
        journal: Where what models and tools answer is recorded, to be played back; None: nowhere.
        redactor: What takes secrets out of the journal: `patterns` of the commonest keys, or `detect-secrets` too,
            which needs the extra `guardrails` and a millisecond for each kilobyte, in a thread of its own.

    Raises:
        BuildError: The agents do not fit together; the message names the fields and agents.
    """

    def __init__(  # noqa: PLR0913 (keyword-only: the parts of a team)
        self,
        name: str,
        *,
        request: type[BaseModel],
        outcome: type[BaseModel],
        agents: Sequence[Any],
        policy: Policy | None = None,
        ledger: Ledger | None = None,
        receivers: Mapping[str, Receiver] | None = None,
        patience: float = PATIENCE,
        reply: str | None = None,
        blobs: BlobStore | None = None,
        blob_limit: int = BLOB_LIMIT,
        accounts: Accounts | None = None,
        traffic: Traffic | None = None,
        journal: Journal | None = None,
        redactor: Redactor = "patterns",
    ) -> None:
        self.name = name
        self.request = request
        self.outcome = outcome
        self.policy = policy or Policy()
        self.roster = Roster([as_agent(each) for each in agents], fields_of(request), fields_of(outcome))
        self.roster.check_policy(self.policy)
        self._ledger = ledger
        self._receivers = dict(receivers or {})
        self._patience = patience
        self._reply = reply
        self._inputs = LargeInputs(blobs, blob_limit)
        redacted = redacted_fields([*self.roster.request.values(), *self.roster.outcome.values()])
        self.traffic = traffic if traffic is not None else Traffic()
        self._rails = tuple(Rail(each, self.roster.lines(each.agents)) for each in self.policy.guardrails)
        self._treasury = Treasury(self.policy, self.roster.agents, accounts)
        self._journal = JournalLayer(journal, redacted, redactor_of(redactor), self._treasury.prices.usd)
        self._has_accounts = accounts is not None
        self._check_effects()
        if reply is not None and reply not in self.roster.outcome:
            raise BuildError(
                "reply", got=repr(reply), expected=f"one of {', '.join(self.roster.outcome)}", fix="correct the name"
            )
        self.builder = self._build()

    def compile(self, checkpointer: Checkpointer = None, **options: Any) -> CompiledStateGraph[Any, Any, Any, Any]:
        """The graph, ready to run: an ordinary compiled LangGraph graph.

        Its input is `{"request": ...}`, with `goals` (fields to settle; default all) and `messages` where
        they are wanted. Each `invoke` on a thread opens a turn.

        Args:
            checkpointer: Where state is kept; without one nothing can wait for a person.
            options: Passed on to LangGraph's `compile`.
        """
        compiled = self.builder.compile(checkpointer=checkpointer, name=self.name, **options)
        return compiled.with_config(recursion_limit=2 * self.policy.bounds.moves + 10)

    @property
    def effects(self) -> frozenset[str]:
        """The names of the effects that have a receiver."""
        return frozenset(self._receivers)

    def limits(self) -> TrafficState:
        """How the circuit breakers and queues of the team stand now, in this process."""
        return self.traffic.state

    def read(self, values: Mapping[str, Any]) -> Turn:
        """The typed turn in a graph's result, or in `snapshot.values`."""
        return Turn.read(values, self._inputs.blobs)

    def result(self, values: Mapping[str, Any]) -> BaseModel | None:
        """The outcome as a model, or None while a required field has no value."""
        turn = Turn.read(values)
        if any(field.required and name not in turn.values for name, field in self.roster.outcome.items()):
            return None
        return self.outcome.model_validate(turn.values, by_alias=True, by_name=True)

    def correction(
        self, values: Mapping[str, Any], fields: Mapping[str, Any], *, reviewer: str, reason_code: str = "corrected"
    ) -> dict[str, Any]:
        """The update by which a person corrects fields of a turn, also of a finished one.

        Pass it to `graph.update_state(config, update, as_node="review")`, then `graph.invoke(None, config)`:
        what was derived from the old values is derived again, and nothing else.

        Args:
            values: The state's values, from `graph.get_state(config)`.
            fields: New values, by field.
            reviewer: Who corrects.
            reason_code: Why.

        Raises:
            ValueError: A field is unknown, or a value is not of its type.
        """
        answer = Answer(decisions=[Approve()], reviewer=reviewer, reason_code=reason_code)
        now = datetime.datetime.now(datetime.UTC)
        return correct(Turn.read(values), fields, self.roster, self.policy, answer, now)

    def as_agent(
        self,
        *,
        name: str | None = None,
        capability: Capability = "reasoning",
        version: str = "0.0.0",
        tier: int = 0,
        limits: Limits = Limits(attempts=1),  # noqa: B008 (frozen)
    ) -> Agent:
        """This team as one agent of another: it reads its request's fields, and claims what it settled.

        A question of this team stops the other one, too, and is answered there. It has its own state within the
        other's: give it the same `blobs`.

        Raises:
            ContractError: `limits` has a timeout. LangGraph's error handler, which a timeout needs, takes a wrong
                answer to a question for a failure; the agents inside may have timeouts of their own.
        """
        fields = {**self.roster.request, **self.roster.outcome}
        contract = Contract(
            name=name or self.name,
            reads=frozenset(self.roster.request),
            writes=frozenset(self.roster.outcome),
            capability=capability,
            version=version,
            tier=tier,
            limits=limits,
            types={each.name: each.annotation for each in fields.values()},
        )
        must_await = any(agent.async_only for agent in self.roster.agents.values())
        team = team_agent(contract, self.name, self.compile(), must_await=must_await)
        return replace(team, charges=self._has_accounts)

    def _check_effects(self) -> None:
        actions = [agent.name for agent in self.roster.agents.values() if agent.contract.capability == "action"]
        if actions and (self._ledger is None or not self._receivers):
            raise BuildError(
                f"team {self.name!r}",
                got=f"action agents {', '.join(actions)} and no {'ledger' if self._ledger is None else 'receivers'}",
                expected="a ledger that remembers effects, and a receiver for each",
                fix="pass ledger=open_database(...).ledger and receivers={effect name: receiver}",
            )
        self._check_receivers()
        unknown = sorted(self.policy.effects.keys() - self._receivers.keys())
        if unknown:
            raise BuildError(
                f"policy {self.policy.name!r}, effects",
                got=f"effect {unknown[0]!r}",
                expected=f"one of the receivers: {', '.join(sorted(self._receivers)) or 'none'}",
                fix="correct the name, or pass a receiver of that name",
            )

    def _check_receivers(self) -> None:
        for name, receiver in self._receivers.items():
            if isinstance(receiver, type) or not callable(getattr(receiver, "execute", None)):
                raise BuildError(
                    f"team {self.name!r}, receiver {name!r}",
                    got=f"the class {receiver.__name__}" if isinstance(receiver, type) else repr(receiver)[:120],
                    expected="an object with a method execute(key, args)",
                    fix="make one of the class" if isinstance(receiver, type) else "put it into such an object",
                )
        if not self._patience >= 0:  # NaN neither
            raise BuildError(
                f"team {self.name!r}, patience", got=repr(self._patience), expected="seconds >= 0", fix="correct it"
            )

    def _build(self) -> TeamGraph:
        entry = Entry(self.policy.entry, self._rails)
        team = Team(self.roster, self.policy, self.request, self._reply, self._inputs, entry)
        graph = TeamGraph(State, input_schema=self._input_schema())
        graph.supervisor, graph.inputs = self, self._inputs
        agents = tuple(self.roster.agents)
        self._add(graph, Intake(INTAKE, team), destinations=(SUPERVISOR, END))
        acts = (ACT,) if self._ledger is not None and self.roster.actions else ()
        self._add(graph, Supervise(SUPERVISOR, team), destinations=(*agents, REVIEW, *acts, END))
        self._add(graph, Review(REVIEW, team))
        graph.add_edge(START, INTAKE)
        graph.add_edge(REVIEW, SUPERVISOR)
        if self._ledger is not None and acts:
            executor = Executor(self._ledger, self._receivers, self.roster.outcome, self._patience)
            self._add(graph, Act(ACT, team, executor))
            graph.add_edge(ACT, SUPERVISOR)
        for agent in self.roster.agents.values():
            self._add_agent(graph, agent)
        return graph

    def _add_agent(self, graph: TeamGraph, agent: Agent) -> None:
        layers = layers_of(agent, self.policy, self._rails, self._treasury, self._journal, self.traffic)
        guard = Guard(
            agent,
            self.roster.request,
            self.roster.outcome,
            self._inputs.blobs,
            layers,
            self._treasury.prices,
            self.traffic.clock,
        )

        def on_timeout(state: State, error: NodeError, config: RunnableConfig) -> Command[Any]:
            return Command(update=guard.on_timeout(state, error.error, config), goto=SUPERVISOR)

        graph.add_node(
            agent.name,
            cast(Any, guard),
            metadata=self._metadata(agent.contract),
            retry_policy=guard.retry_policy,
            timeout=guard.timeout,
            error_handler=cast(Any, on_timeout) if guard.timeout is not None else None,
        )
        graph.add_edge(agent.name, SUPERVISOR)

    def _add(self, graph: TeamGraph, node: Runnable[Any, Any], destinations: tuple[str, ...] | None = None) -> None:
        name = node.get_name()
        metadata = {"team": self.name, "agent": name, "capability": name, "policy_digest": self.policy.digest}
        graph.add_node(name, cast(Any, node), metadata=metadata, destinations=destinations)

    def _metadata(self, contract: Contract) -> dict[str, Any]:
        return {
            "team": self.name,
            "agent": contract.name,
            "capability": contract.capability,
            "contract_version": contract.version,
            "policy_digest": self.policy.digest,
        }

    def _input_schema(self) -> Any:
        fields = {
            "request": self.request,
            "goals": NotRequired[State.__annotations__["goals"]],
            "messages": NotRequired[State.__annotations__["messages"]],
        }
        return TypedDict(f"{self.request.__name__}Input", fields)  # type: ignore[operator]
