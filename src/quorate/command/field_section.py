"""Field section: one field of a thread, with its decision, tally, dissent, claims and evidence, for people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..contracts import Alternative, BlobError, Claim, Conflict, Decision, Passage, base_of, fields_revised
from ..graphs.briefing import rationale
from .evidence import in_context
from .printable import brief_of, line_of, local_time, printable, text_of
from .screen import status_text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from ..graphs import Turn

__all__ = ["NO_VERSION", "show_field"]

_LONGEST_TEXT, _LONGEST_OBJECT = 80, 40
"""The most characters of a value beside others."""
_LONGEST_VALUE = 2_000
"""The most characters of the decided value; `--json` gives the whole."""

NO_VERSION = "0.0.0"
"""The version of an agent that has none."""


def show_field(screen: Console, turn: Turn, name: str) -> None:
    """Print what is known of a field: its decision, with tally and dissent, and the claims with their evidence."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    decision = turn.decisions.get(name)
    title = Text.assemble((printable(name), "bold"), "  ")
    if decision is None:
        title.append("no decision yet", style="dim")
    else:
        title.append(brief_of(decision.value, _LONGEST_VALUE)).append("  ").append(status_text(decision.status))
        confidence = "" if decision.value is None else f"{decision.confidence:.3f} "
        title.append(f"  {confidence}by {line_of(decision.by)}")
    screen.print(title)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for label, content in _rows(turn, name, decision):
        table.add_row(label, content)
    screen.print(Padding(table, (0, 0, 0, 2)))
    screen.print()


def _rows(turn: Turn, name: str, decision: Decision | None) -> Iterable[tuple[str, RenderableType]]:
    if decision is not None:
        yield "why", printable(decision.reason)
        if decision.reviewer or decision.reason_code:
            by = line_of(decision.reviewer) or "a person"
            who, person = ("closed", "") if decision.by.startswith("policy:") else ("person", f"{by}, ")
            yield who, f"{person}{line_of(decision.reason_code)}, {local_time(decision.decided_at)}"
        if decision.tally:
            open_ = decision.status == "contested"  # of a settled field the claims below say it at once
            reasons = [claim for claim in turn.claims if open_ and claim.field == name]
            yield "tally", _tally(decision.tally, reasons)
        if decision.conflicts:
            yield "conflict", _conflicts(decision.conflicts)
        if decision.dissent:
            yield "dissent", ", ".join(decision.dissent)
        yield "policy", _policy(decision)
    claims = [claim for claim in turn.claims if claim.field == name]
    if claims:
        yield "claims", _claims(claims, turn)


def _policy(decision: Decision) -> str:
    """What it was decided by: the policy, what is not as by default, and the version."""
    parts = [
        decision.policy[:12],
        f"vote {decision.vote}" if decision.vote != "confidence" else "",
        f"calibration {decision.calibration[:12]}" if decision.calibration else "",
        f"rules {', '.join(decision.rules)}" if decision.rules else "",
        f"version {decision.version} of the decision",
    ]
    return ", ".join(filter(None, parts))


def _tally(alternatives: Iterable[Alternative], claims: Collection[Claim]) -> Table:
    """The candidates, best first, each with the reason of the most confident of its claims."""
    from rich.text import Text

    table = _grid(3)
    for each in alternatives:
        why = rationale(claim for claim in claims if claim.agent in each.agents and claim.value == each.value)
        agents = Text(line_of(", ".join(each.agents)))
        table.add_row(
            _cell(each.value), f"{each.confidence:.3f}", agents.append(f"\n{line_of(why)}") if why else agents
        )
    return table


def _conflicts(conflicts: Iterable[Conflict]) -> Table:
    table = _grid(2)
    for each in conflicts:
        table.add_row(each.kind, line_of(each.note))
    return table


def _claims(claims: Collection[Claim], turn: Turn) -> Table:
    from rich.text import Text

    table = _grid(2)
    fields = _pointed_at(claims, turn)
    for claim in sorted(claims, key=lambda each: (-each.confidence, each.agent, each.sequence)):
        version = f" {claim.version}" if claim.version != NO_VERSION else ""
        lines = [Text.assemble(_cell(claim.value), "  ", (f"{claim.agent}{version}", "dim"))]
        lines += [Text(line_of(claim.reason))] if claim.reason else []
        lines += [in_context(each, fields) for each in claim.evidence]
        basis = [f"{field} v{version}" for field, version in base_of(claim.basis).items()]
        notes = [f"based on {', '.join(basis)}"] if basis else []
        rounds = fields_revised(claim.basis)
        notes += [f"round {rounds[claim.field]} of revising"] if claim.field in rounds else []
        notes += [f"said while revising {', '.join(rounds)}"] if rounds and claim.field not in rounds else []
        lines += [Text("; ".join(notes), style="dim")] if notes else []
        table.add_row(f"{claim.confidence:.2f}", Text("\n").join(lines))
    return table


def _pointed_at(claims: Iterable[Claim], turn: Turn) -> Mapping[str, Any]:
    """The values of the fields that the claims' evidence points into; of one that cannot be read the error."""
    fields: dict[str, Any] = {}
    for name in {each.field for claim in claims for each in claim.evidence if not isinstance(each, Passage)}:
        try:
            decided = turn.decisions.get(name)
            fields[name] = turn.request.get(name, decided.value if decided else None)
        except BlobError as error:
            fields[name] = error
    return fields


def _cell(value: Any) -> str:
    return text_of(value, _LONGEST_TEXT if isinstance(value, str) else _LONGEST_OBJECT)


def _grid(columns: int) -> Table:
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(columns):
        table.add_column(overflow="fold")
    return table
