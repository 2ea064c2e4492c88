"""State: the channels that the nodes of a team share, with their reducers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from langchain_core.messages import AnyMessage, BaseMessage, RemoveMessage, convert_to_messages
from langgraph.channels import DeltaChannel
from langgraph.graph.message import REMOVE_ALL_MESSAGES
from langgraph.types import Overwrite
from typing_extensions import TypedDict

from ..contracts import digest

__all__ = ["NEWS", "State", "cleared"]

NEWS = ""
"""No field's name; it stands before goals that have just come in."""


def append(old: Sequence[Any], new: Sequence[Any]) -> list[Any]:
    """The old records, then the new."""
    return [*old, *new]


def append_once(old: Sequence[Any], new: Sequence[Any]) -> list[Any]:
    """The old records, then those of the new that are not among them: an error handler may run twice."""
    return [*old, *(item for item in new if item not in old)]


def merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The old records with the new in their place, by key."""
    return {**old, **new} if old else dict(new)


def propose(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The old effects with the new in their place; one that is proposed again keeps what became of it before.

    So a person's no, or an effect that may have happened, is not forgotten when an agent runs again. One that was done,
    can be undone, and is proposed with other arguments stays beside the new one, in a slot of its own.
    """
    aside = [old[slot] for slot, effect in new.items() if slot in old and _goes(old[slot], effect)]
    return {
        **old,
        **{_slot_aside(each): each for each in aside},
        **{slot: _again(old[slot], effect) if slot in old else effect for slot, effect in new.items()},
    }


def _goes(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether what was done is to be undone before it is done with other arguments."""
    is_other = new["status"] == "proposed" and old["args"] != new["args"]
    return bool(is_other and old["status"] == "done" and old.get("undo"))


def _slot_aside(old: Mapping[str, Any]) -> str:
    return digest([old["agent"], old["name"], old["args"], old.get("generation", 1)])


def _again(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    if new["status"] != "proposed" or old["status"] == "proposed":
        return dict(new)
    before = old["before"]
    if old["status"] == "declined":
        before = f"declined by {old['by']}"
    elif old["uncertain"]:
        before = "it may have been executed"
    elif old["status"] in ("done", "duplicate") and old["args"] != new["args"] and not _goes(old, new):
        before = "executed with other arguments"
    return {**new, "before": before, "uncertain": old["uncertain"]}


def ask(_: Sequence[Any], new: Any) -> list[Any]:
    """The goals of an input, marked as news by an empty first name until intake has seen them.

    An input without goals leaves those of the turn before; without the mark intake could not tell.
    """
    return [NEWS, *new] if isinstance(new, list | tuple) else [NEWS, new]


def converse(old: Sequence[Any], writes: Sequence[Any]) -> list[BaseMessage]:
    """The conversation with all written messages; the same in one batch or in several, as a delta channel needs.

    One of a known id takes the old one's place, and a `RemoveMessage` takes it away.
    """
    messages = convert_to_messages(old)
    places = {message.id: place for place, message in enumerate(messages) if message.id is not None}
    for write in writes:
        for message in convert_to_messages(write if isinstance(write, list) else [write]):
            if isinstance(message, RemoveMessage):
                messages = [] if message.id == REMOVE_ALL_MESSAGES else [m for m in messages if m.id != message.id]
                places = {each.id: place for place, each in enumerate(messages) if each.id is not None}
            elif message.id is not None and message.id in places:
                messages[places[message.id]] = message
            else:
                if message.id is not None:
                    places[message.id] = len(messages)
                messages.append(message)
    return messages


class State(TypedDict, total=False):
    """What the nodes share. Plain JSON data, apart from messages; typed at the edges."""

    request: dict[str, Any]
    """The validated request."""
    turn: int
    """Number of the turn, from 1."""
    goals: Annotated[list[str], ask]
    """Fields that this turn must settle."""
    messages: Annotated[list[AnyMessage], DeltaChannel(converse)]
    """The conversation; kept from turn to turn, stored as deltas."""
    claims: Annotated[list[dict[str, Any]], append]
    """This turn's claims."""
    decisions: Annotated[dict[str, dict[str, Any]], merge]
    """The standing decision per field."""
    effects: Annotated[dict[str, dict[str, Any]], propose]
    """This turn's effects, by agent and idempotency key."""
    opinions: Annotated[list[dict[str, Any]], append]
    """What people said to this turn's questions; of the turn before, what they said about the same."""
    faults: Annotated[list[dict[str, Any]], append_once]
    """What failed in this turn."""
    usage: Annotated[list[dict[str, Any]], append]
    """What each run of an agent took."""
    spent: dict[str, Any]
    """What the thread had spent before this turn, and the most that a run of each agent took; absent at first."""
    moves: Annotated[list[dict[str, Any]], append]
    """What the supervisor did in this turn, with its reasons."""


def cleared() -> dict[str, Any]:
    """An update that empties the channels of the turn; `messages` stay."""
    lists = ("claims", "opinions", "faults", "usage", "moves")
    return {**{name: Overwrite([]) for name in lists}, "decisions": Overwrite({}), "effects": Overwrite({})}
