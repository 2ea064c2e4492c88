"""Turn sections: large inputs, effects, moves, faults and usage of a turn, for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..contracts import Effect, Move
from ..contracts.budget import shown
from .printable import NOTHING, brief_of, line_of, local_time
from .screen import listing, status_text

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from ..graphs import Turn

__all__ = ["effect_details", "sections"]

_LONGEST = 200
"""The most characters of results."""
_LONGEST_ARGUMENTS = 1_000
"""The most characters of arguments, which a person may have to approve."""


def sections(turn: Turn) -> Iterator[tuple[str, Table]]:
    """The tables, each with its title; those without a row are left out."""
    every = (
        ("Large inputs", _large_inputs(turn)),
        ("Effects", _effects(turn)),
        ("Moves", _moves(turn)),
        ("Faults", _faults(turn)),
        ("Usage", _usage(turn)),
    )
    yield from ((title, table) for title, table in every if table.row_count)


def _large_inputs(turn: Turn) -> Table:
    table = listing("field", "bytes", "blob")
    table.columns[1].justify = "right"
    for name, reference in turn.references.items():
        table.add_row(line_of(name), f"{reference.size:,}", reference.digest)
    return table


def _effects(turn: Turn) -> Table:
    table = listing("effect", "status", "by", "arguments and result")
    table.columns[-1].overflow = "fold"
    for effect in turn.effects.values():
        by = line_of(effect.by) or NOTHING
        table.add_row(line_of(effect.name), status_text(effect.status), by, effect_details(effect.key, effect))
    return table


def effect_details(key: str, effect: Effect) -> Text:
    """What an effect is about: its arguments, its result, what is said of it, and where it comes from."""
    from rich.text import Text

    lines = [Text(brief_of(dict(effect.args), _LONGEST_ARGUMENTS))]
    if effect.result is not None:
        lines.append(Text(f"-> {brief_of(effect.result, _LONGEST)}"))
    lines += [Text(line_of(each)) for each in (effect.reason, effect.note) if each]
    lines.append(Text(f"key {key[:12]}, proposed by {effect.agent}", style="dim"))
    return Text("\n").join(lines)


def _moves(turn: Turn) -> Table:
    table = listing("at", "move", "why")
    table.columns[0].no_wrap = True
    for move in turn.moves:
        table.add_row(local_time(move.at, "milliseconds"), _name(move), line_of(move.reason))
    return table


def _name(move: Move) -> str:
    match move.kind:
        case "finish" | "halt":
            return f"{move.kind}: {move.outcome}"
        case "dispatch" | "ask" | "execute":
            return move.kind


def _faults(turn: Turn) -> Table:
    from rich.text import Text

    table = listing("agent", "kind", "attempt", "what and first fix")
    table.columns[2].justify = "right"
    for fault in turn.faults:
        what = Text.assemble(line_of(fault.message), (f"\nFix: {line_of(fault.fix)}", "dim"))
        table.add_row(fault.agent, fault.kind, str(fault.attempt), what)
    return table


def _usage(turn: Turn) -> Table:
    table = listing("agent", "attempts", "seconds", "claims", "model", "tokens in", "tokens out", "cost")
    for column in (*table.columns[1:4], *table.columns[5:]):
        column.justify = "right"
    for each in turn.usage:
        tokens = (
            (str(each.input_tokens), str(each.output_tokens)) if each.model or each.input_tokens else (NOTHING, NOTHING)
        )
        cost = "no price" if each.unpriced else shown("usd", each.usd) if each.usd else NOTHING
        cells = (
            str(each.attempts),
            f"{each.seconds:.3f}",
            str(each.claims),
            line_of(each.model) or NOTHING,
            *tokens,
            cost,
        )
        table.add_row(each.agent, *cells)
    return table
