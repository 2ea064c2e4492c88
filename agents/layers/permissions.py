"""Permissions layer: which tools an agent may call, and which effects it may propose."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.context import register_configure_hook

from ...contracts import GuardrailError, Permissions
from ..output import Output
from ..run import Run
from ..setting import Setting
from .layer import AsyncProceed, Inputs, Proceed

__all__ = ["Permitted"]

_ALL = "*"
_gate: ContextVar[BaseCallbackHandler | None] = ContextVar("quorate_tools", default=None)
register_configure_hook(_gate, inheritable=True)


class Permitted:
    """Refuses the tools and effects that the policy does not permit the agent; a tool before it runs.

    Args:
        permissions: What it may use.
    """

    def __init__(self, permissions: Permissions) -> None:
        self._permissions = permissions

    def call(self, run: Run, inputs: Inputs, proceed: Proceed) -> Output:
        """The output of a sync agent that used nothing else."""
        gate = _ToolGate(run, self._permissions.tools)
        with Setting(_gate, gate):
            try:
                output = proceed(inputs)
            except Exception:
                gate.check()
                raise
        return self._checked(run, gate, output)

    async def acall(self, run: Run, inputs: Inputs, proceed: AsyncProceed) -> Output:
        """The output of an async agent that used nothing else."""
        gate = _ToolGate(run, self._permissions.tools)
        with Setting(_gate, gate):
            try:
                output = await proceed(inputs)
            except Exception:
                gate.check()
                raise
        return self._checked(run, gate, output)

    def _checked(self, run: Run, gate: _ToolGate, output: Output) -> Output:
        gate.check()
        permitted = self._permissions.effects
        for effect in output.effects:
            if effect.name not in permitted and _ALL not in permitted:
                raise _refused(run, "effect", effect.name, permitted)
        return output


class _ToolGate(BaseCallbackHandler):
    """Stops a tool that is not permitted, before it runs."""

    raise_error = True
    run_inline = True

    def __init__(self, run: Run, permitted: tuple[str, ...]) -> None:
        self._run = run
        self._permitted = permitted
        self._refused: GuardrailError | None = None

    def check(self) -> None:
        """Raise if a tool was stopped, also where the agent took that for an answer of the tool, or an outage."""
        if self._refused is not None:
            raise self._refused

    def on_tool_start(self, serialized: dict[str, Any], input_str: str, **kwargs: Any) -> None:
        """Raise, unless the tool is permitted."""
        name = str((serialized or {}).get("name") or kwargs.get("name") or "")
        if name not in self._permitted and _ALL not in self._permitted:
            self._refused = _refused(self._run, "tool", name, self._permitted)
            raise self._refused


def _refused(run: Run, what: str, name: str, permitted: tuple[str, ...]) -> GuardrailError:
    return GuardrailError(
        f"agent {run.agent!r}",
        got=f"{what} {name!r}",
        expected=f"only what its permissions name: {', '.join(permitted) or 'none'}",
        fix=f"take the {what} away from the agent, or add it to permissions.{run.agent}.{what}s of the policy",
        code=f"permissions.{what}",
    )
