"""Prune: what must be carried so that the checkpoints of a line that stay need none that goes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ..log.codec import mask_of

__all__ = ["Carrier", "Needs", "PrunePlan", "plan_prune"]


@dataclass(frozen=True, slots=True)
class Needs:
    """What a checkpoint needs to be read. Places are those of checkpoints in the log."""

    values: Mapping[str, int]
    """For each channel that has or had a value: the place that holds it."""
    histories: Mapping[str, int]
    """For each channel that may be a delta channel and has no value: the place of its last one; 0: there was none."""


@dataclass(slots=True)
class Carrier:
    """A pruned checkpoint that stays as a place for what kept ones need of it and of the pruned ones before it."""

    parent: int | None
    """The nearest place before it that stays."""
    path: tuple[int, ...]
    """The pruned checkpoints that it stands for, the newest first: itself, and those up to `parent`."""
    values: dict[str, int] = field(default_factory=dict)
    """The values to carry: for each channel the place that holds it now."""
    histories: dict[str, int] = field(default_factory=dict)
    """The delta channels whose writes along `path` are to be carried, from this place on."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to carry."""
        return not self.values and not self.histories


@dataclass(frozen=True, slots=True)
class PrunePlan:
    """What must be carried, and where."""

    carriers: Mapping[int, Carrier]
    """The pruned checkpoints that stay to carry, by place."""
    parents: Mapping[int, int | None]
    """For each kept checkpoint, the nearest one before it that stays."""
    moved: Mapping[int, int]
    """For each pruned checkpoint of which a value is carried: the place of its carrier."""

    def carries(self, channel: str, place: int) -> bool:
        """Whether a channel's value at a pruned place is carried."""
        carrier = self.carriers.get(self.moved.get(place, 0))
        return carrier is not None and carrier.values.get(channel) == place


def plan_prune(parents: Mapping[int, int | None], kept: Mapping[int, Needs], written: Mapping[int, int]) -> PrunePlan:
    """What must be carried, and where.

    Whatever a kept checkpoint needs of pruned ones is carried in the place of the one right before it. Where several
    kept checkpoints need the same, the oldest carries it: a value stands in one place only, and what was written to a
    delta channel too.

    Args:
        parents: For each checkpoint of a line, by place, the one before it, which has a lower place and is among them.
        kept: The checkpoints that stay.
        written: For each checkpoint that tasks wrote on, `mask_of` the channels.

    Raises:
        LookupError: A checkpoint needs a value of one that does not come before it.
    """
    staying = _carrying(parents, kept)
    carriers = {place: _carrier(parents, kept, staying, place) for place in staying}
    stands = {each: place for place, carrier in carriers.items() for each in carrier.path}
    moved: dict[int, int] = {}
    for needs in kept.values():
        for channel, place in needs.values.items():
            if place not in kept:
                moved[place] = stands[place]
                carriers[stands[place]].values[channel] = place
    _pass_histories(parents, kept, carriers)
    for carrier in carriers.values():
        carrier.histories = {
            channel: end
            for channel, end in carrier.histories.items()
            if any(written.get(place, 0) & mask_of((channel,)) for place in carrier.path if place >= end)
        }
    full = {place: carrier for place, carrier in carriers.items() if not carrier.empty}
    for carrier in full.values():
        carrier.parent = _staying(carrier.parent, carriers)
    return PrunePlan(full, {place: _staying(parents[place], carriers) for place in kept}, moved)


def _carrying(parents: Mapping[int, int | None], kept: Collection[int]) -> set[int]:
    """The pruned checkpoints right before kept ones, and those where the ways back from them meet."""
    found: set[int] = set()
    passed: set[int] = set()
    for place in kept:
        before = parents[place]
        if before is None or before in kept:
            continue
        found.add(before)
        way: int | None = before
        while way is not None and way not in kept:
            if way in passed:
                found.add(way)
                break
            passed.add(way)
            way = parents[way]
    return found


def _carrier(
    parents: Mapping[int, int | None], kept: Collection[int], carrying: Collection[int], place: int
) -> Carrier:
    path = [place]
    before = parents[place]
    while before is not None and before not in kept and before not in carrying:
        path.append(before)
        before = parents[before]
    return Carrier(before, tuple(path))


def _pass_histories(
    parents: Mapping[int, int | None], kept: Mapping[int, Needs], carriers: Mapping[int, Carrier]
) -> None:
    """Pass what is needed of a delta channel back along the path, until its last value is reached."""
    needed = {place: dict(needs.histories) for place, needs in kept.items()}
    needed |= {place: carrier.histories for place, carrier in carriers.items()}
    for place in sorted(needed, reverse=True):
        before = carriers[place].parent if place in carriers else parents[place]
        if before not in needed:
            continue
        for channel, end in needed[place].items():
            if end <= before:
                needed[before][channel] = min(end, needed[before].get(channel, end))


def _staying(place: int | None, carriers: Mapping[int, Carrier]) -> int | None:
    """A place, or where its carrier has nothing to carry, the nearest one before it that stays."""
    while place is not None and place in carriers and carriers[place].empty:
        place = carriers[place].parent
    return place
