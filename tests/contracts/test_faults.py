from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from quorate.contracts import FaultRates, Faults, ProfileError

PLACES = [{"thread": f"t{number}", "turn": 1, "basis": {}, "attempt": 1} for number in range(2_000)]


def share(faults: Faults, kind: str, agent: str = "reader") -> float:
    return sum(kind in faults.drawn(agent, place) for place in PLACES) / len(PLACES)


def test_rates_are_kept() -> None:
    """A kind happens as often as its rate says, each by itself, and one that is not named never."""
    faults = Faults(seed=3, outage=0.1, slow=0.5)
    assert share(faults, "outage") == pytest.approx(0.1, abs=0.03)
    assert share(faults, "slow") == pytest.approx(0.5, abs=0.05)
    assert share(faults, "wrong") == 0
    assert share(Faults(lost=1.0), "lost") == 1


@given(st.integers(), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_rate_only_adds(seed: int, one: float, other: float) -> None:
    """What happens at a rate happens at each higher one, too."""
    low, high = sorted((one, other))
    for place in PLACES[:20]:
        assert set(Faults(seed=seed, wrong=low).drawn("a", place)) <= set(
            Faults(seed=seed, wrong=high).drawn("a", place)
        )


def test_draws_belong_to_their_place() -> None:
    """Another seed, agent or attempt is another draw; the same is the same."""
    faults, place = Faults(seed=1), PLACES[0]
    same = faults.uniform("slow", "a", place)
    assert faults.uniform("slow", "a", dict(reversed(place.items()))) == same
    others = [
        Faults(seed=2).uniform("slow", "a", place),
        faults.uniform("lost", "a", place),
        faults.uniform("slow", "b", place),
        faults.uniform("slow", "a", {**place, "attempt": 2}),
    ]
    assert len({same, *others}) == 5


def test_rates_of_one_agent() -> None:
    """An agent's entry says what is different for it; the rest is as for all."""
    faults = Faults(outage=0.1, slow=0.2, agents={"reader": FaultRates(slow=0.9)})
    assert (faults.of("reader").outage, faults.of("reader").slow) == (0.1, 0.9)
    assert (faults.of("other").outage, faults.of("other").slow) == (0.1, 0.2)


def test_death_needs_a_file() -> None:
    """Deaths are written down before they happen, also where one agent alone may die."""
    for given_rates in ({"death": 0.1}, {"agents": {"reader": {"death": 0.1}}}):
        with pytest.raises(ValidationError, match="beside `death` the key `deaths`"):
            Faults.model_validate(given_rates)
    assert Faults(death=0.1, deaths=Path("deaths.txt")).death == 0.1


def test_profile(tmp_path: Path) -> None:
    """A profile is a YAML file; the file of deaths is beside it."""
    path = tmp_path / "faults.yaml"
    path.write_text("seed: 7\noutage: 0.05\ndeath: 0.01\ndeaths: deaths.txt\nagents:\n  reader: {wrong: 0.2}\n")
    faults = Faults.load(path)
    assert (faults.seed, faults.outage, faults.of("reader").wrong) == (7, 0.05, 0.2)
    assert faults.deaths == tmp_path / "deaths.txt"


@pytest.mark.parametrize(
    "content, message",
    [
        ("outages: 0.1\n", "faults.yaml: outages: got 0.1; expected one of outage, rate_limit, "),
        ("agents: {reader: {wrng: 0.1}}\n", "faults.yaml: agents.reader.wrng: got 0.1; expected one of outage,"),
        ("outage: 1.5\n", "faults.yaml: outage: got 1.5; expected "),
        ("outage: .nan\n", "faults.yaml: outage: got nan; expected "),
        ("death: 0.5\n", "faults.yaml: got `death` alone; expected beside `death` the key `deaths`"),
        ("- outage\n", "faults.yaml: got list; expected a mapping from faults to rates"),
        ("outage: 0.1\noutage: 0.2\n", "faults.yaml: line 2: got the key 'outage' again"),
        ("outage: [\n", "expected valid YAML"),
    ],
)
def test_wrong_profile(tmp_path: Path, content: str, message: str) -> None:
    """A wrong profile is an error that names the file and the key, and says what would be right."""
    path = tmp_path / "faults.yaml"
    path.write_text(content)
    with pytest.raises(ProfileError) as raised:
        Faults.load(path)
    assert message in str(raised.value)


def test_missing_profile(tmp_path: Path) -> None:
    """So is one that is not there."""
    with pytest.raises(ProfileError, match=r"nowhere\.yaml"):
        Faults.load(tmp_path / "nowhere.yaml")
