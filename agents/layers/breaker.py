"""Breaker: a layer that stops calling what fails again and again, and tries now and then whether it works again."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Literal

from ...contracts import ContractError, UnavailableError
from ..outage import is_outage
from ..output import Output
from ..run import Run
from .clock import Clock
from .layer import AsyncProceed, Inputs, Proceed
from .traffic_state import BreakerState

if TYPE_CHECKING:
    from .circuit import Circuit

__all__ = ["Breaker", "Breakers"]

Outcome = Literal["fine", "failed", "neither"]
"""What a call tells of the outside world; `neither` where it was cut short, or failed in the agent's own code."""


class Breaker:
    """The circuit breaker of one agent or provider, for all its calls in whatever thread or event loop.

    Args:
        name: Whose it is: `agent reader` or `provider openai`.
        failures: Failures in a row that open it.
        cooldown: Seconds that it stays open.
        clock: By which time.
    """

    def __init__(self, name: str, failures: int, cooldown: float, clock: Clock) -> None:
        self.name = name
        self._terms = (failures, cooldown, clock)
        self._lock = Lock()
        self._circuit: Circuit | None = None  # made with the first failure: until then there is nothing to know
        self._last = ""

    @property
    def state(self) -> BreakerState:
        """How it stands."""
        with self._lock:
            circuit = self._circuit
            if circuit is None:
                return BreakerState(self.name, "closed", 0, 0.0)
            state, left = circuit.state, circuit.left
            if state == "opened":
                return BreakerState(self.name, "open" if left else "half-open", circuit.threshold, left)
            if state == "half-opened":
                return BreakerState(self.name, "half-open", circuit.threshold, 0.0)
            return BreakerState(self.name, "closed", circuit.failure_count or 0, 0.0)

    def enter(self) -> bool:
        """Begin a call; whether it is the one that tries.

        Raises:
            UnavailableError: None may go through now.
        """
        if self._circuit is None:
            return False
        with self._lock:
            circuit = self._circuit
            if not circuit.admits():
                raise self._refusal(circuit)
            return circuit.state == "half-opened"

    def leave(self, outcome: Outcome, error: BaseException | None = None, *, probe: bool = False) -> None:
        """End a call that was begun, or tell of one that ran out of time."""
        if self._circuit is None and outcome != "failed":
            return
        with self._lock:
            circuit = self._circuit or self._made()
            if probe:
                circuit.probing = False
            elif circuit.state != "closed":
                return  # it began before the circuit opened
            if outcome == "failed" and error is not None:
                self._last = f"{type(error).__name__}: {_words(error)}"
                circuit.handle_exception(error)
            elif outcome == "fine":
                circuit.handle_end_request()

    def _made(self) -> Circuit:
        from .circuit import Circuit

        failures, cooldown, clock = self._terms
        self._circuit = Circuit(self.name, failures, cooldown, clock)
        return self._circuit

    def _refusal(self, circuit: Circuit) -> UnavailableError:
        when = f"it is tried again in {circuit.left:.3g} s" if circuit.left else "one call is trying it now"
        return UnavailableError(
            f"circuit breaker of {self.name}",
            got=f"{circuit.threshold} failures in a row, the last {self._last}",
            expected=f"a call that gets through; {when}",
            fix="check the service that it calls; name a fallback with `instead_of` for the time being",
            code="breaker_open",
        )


class Breakers:
    """The layer: a call goes through all its breakers, and each learns how it went.

    Only failures of the outside world count: timeouts, the network, statuses of 429 and 5xx. An answer that breaks
    the contract shows that the service answers.

    Args:
        breakers: The breakers, that of the provider first.
    """

    def __init__(self, breakers: Sequence[Breaker]) -> None:
        self._breakers = tuple(breakers)
        self._lock = Lock()
        self._inside: list[Sequence[bool]] = []  # of each async call that is under way, where it is the one that tries

    def call(self, run: Run, inputs: Inputs, proceed: Proceed) -> Output:
        """Let the call of a sync agent through, or refuse it."""
        probes = self._enter()
        try:
            output = proceed(inputs)
        except BaseException as error:
            self._leave(probes, _outcome_of(error), error)
            raise
        self._leave(probes, "fine")
        return output

    async def acall(self, run: Run, inputs: Inputs, proceed: AsyncProceed) -> Output:
        """Let the call of an async agent through, or refuse it."""
        probes = self._enter()
        with self._lock:
            self._inside.append(probes)
        try:
            output = await proceed(inputs)
        except BaseException as error:
            self._leave(probes, _outcome_of(error), error)
            raise
        finally:
            with self._lock:
                self._inside.remove(probes)
        self._leave(probes, "fine")
        return output

    def timed_out(self, error: BaseException) -> None:
        """Tell that LangGraph cuts a call short that has run out of time; one that only waited is not told of."""
        with self._lock:
            inside = [*self._inside]
        for place, breaker in enumerate(self._breakers if inside else ()):
            breaker.leave("failed", error, probe=any(probes[place] for probes in inside))

    def _enter(self) -> tuple[bool, ...]:
        probes: list[bool] = []
        try:
            for breaker in self._breakers:
                probes.append(breaker.enter())  # noqa: PERF401 (those before the refusal are left again)
        except UnavailableError:
            for breaker, probe in zip(self._breakers, probes, strict=False):
                breaker.leave("neither", probe=probe)
            raise
        return tuple(probes)

    def _leave(self, probes: Sequence[bool], outcome: Outcome, error: BaseException | None = None) -> None:
        for breaker, probe in zip(self._breakers, probes, strict=True):
            breaker.leave(outcome, error, probe=probe)


def _outcome_of(error: BaseException) -> Outcome:
    if isinstance(error, ContractError):
        return "fine"
    return "failed" if is_outage(error) else "neither"


def _words(error: BaseException) -> str:
    try:
        return " ".join(str(error).split())[:100]
    except Exception:  # an error that cannot say what it is
        return "(without words)"
