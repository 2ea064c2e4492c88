"""What quorate costs beside LangGraph: CPU per run of a panel and per agent call of a full guard, and import time.

A panel is four agents that claim one field and one decision, without a saver. Beside it runs a hand-written
StateGraph with the same four nodes and a join. The two take turns in one process, so that a noisy machine
troubles both alike; the figures are medians. Import times are of new processes, taken in turn. The full guard is
described in `overhead_guard.py`.

    python benchmarks/overhead.py [--rounds 15] [--runs 60]

The last line is one JSON object: panel_us and bare_us in microseconds of CPU per run, their ratio, guard_us (what a
guard with everything on adds to a call of an agent, in microseconds of CPU), and import_ms (of `from quorate import
Supervisor`) and langgraph_import_ms (of `import langgraph.graph`) in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import operator
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel
from typing_extensions import TypedDict

from quorate import Agent, Claim, Supervisor, agent

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.overhead_guard import measure

_IMPORTS = 7
"""The most times that each import is taken."""
NAMES = ("first", "second", "third", "fourth")


class Question(BaseModel):
    """The request of the panel."""

    text: str


class Result(BaseModel):
    """The one field that the panel decides."""

    total: str


def panel() -> Any:
    """Four agents claim one field; the supervisor decides."""

    def member(name: str) -> Agent:
        @agent(name=name, writes={"total": str}, capability="extraction")
        def claim(text: str) -> Iterator[Claim]:
            yield Claim("total", text[-5:], confidence=0.8)

        return claim

    return Supervisor("panel", request=Question, outcome=Result, agents=[member(name) for name in NAMES]).compile()


class State(TypedDict):
    """The state of the hand-written graph."""

    text: str
    claims: Annotated[list[dict[str, Any]], operator.add]
    total: str


def bare() -> Any:
    """The same four nodes and a join, written by hand."""

    def member(name: str) -> Any:
        def node(state: State) -> dict[str, Any]:
            return {"claims": [{"agent": name, "value": state["text"][-5:], "confidence": 0.8}]}

        return node

    def join(state: State) -> dict[str, Any]:
        votes = [str(claim["value"]) for claim in state["claims"]]
        return {"total": max(votes, key=votes.count)}

    graph: StateGraph[State, None, State, State] = StateGraph(State)
    for name in NAMES:
        graph.add_node(name, member(name))
        graph.add_edge(START, name)
    graph.add_node("join", join)
    graph.add_edge(list(NAMES), "join")
    graph.add_edge("join", END)
    return graph.compile()


def cpu_us(run: Callable[[], Any], runs: int) -> float:
    """Microseconds of CPU, of all threads, per run."""
    started = time.process_time()
    for _ in range(runs):
        run()
    return (time.process_time() - started) / runs * 1e6


def import_ms(statement: str) -> float:
    """Milliseconds that an import takes in a new process, without the interpreter's own start."""
    code = f"import time; t = time.perf_counter(); {statement}; print((time.perf_counter() - t) * 1e3)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def main() -> None:
    """Measure, print a table, and the figures as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="turns that each graph takes")
    parser.add_argument("--runs", type=int, default=60, help="runs in a turn")
    options = parser.parse_args()

    text = "COMPANY\nTOTAL 12.50"
    ours, theirs = panel(), bare()
    decided = ours.invoke({"request": {"text": text}})["decisions"]["total"]["value"]
    joined = theirs.invoke({"text": text})["total"]
    if decided != joined:
        raise SystemExit(f"the graphs disagree: {decided!r} and {joined!r}")

    times: dict[str, list[float]] = {"panel": [], "bare": []}
    for _ in range(options.rounds):
        times["bare"].append(cpu_us(lambda: theirs.invoke({"text": text}), options.runs))
        times["panel"].append(cpu_us(lambda: ours.invoke({"request": {"text": text}}), options.runs))
    ratios = [one / other for one, other in zip(times["panel"], times["bare"], strict=True)]
    guards = {
        "guard": measure(options.rounds, options.runs),
        "guard, timed": measure(options.rounds, options.runs, timed=True),
        "guard, tenant": measure(options.rounds, options.runs, tenant=True),
    }
    ours_import, theirs_import = "from quorate import Supervisor", "import langgraph.graph"
    imports: dict[str, list[float]] = {ours_import: [], theirs_import: []}
    for _ in range(min(options.rounds, _IMPORTS)):
        for statement, seen in imports.items():
            seen.append(import_ms(statement))

    figures = {
        "panel_us": round(statistics.median(times["panel"])),
        "bare_us": round(statistics.median(times["bare"])),
        "ratio": round(statistics.median(ratios), 2),
        "guard_us": round(statistics.median(guards["guard"])),
        "import_ms": round(statistics.median(imports[ours_import])),
        "langgraph_import_ms": round(statistics.median(imports[theirs_import])),
    }
    print(f"{'':40}{'median':>10}{'least':>10}{'most':>10}")
    for name, seen in (*times.items(), ("ratio", ratios), *guards.items(), *imports.items()):
        unit = "us" if name in times or name in guards else "" if name == "ratio" else "ms"
        print(f"{name:36}{unit:4}{statistics.median(seen):10.2f}{min(seen):10.2f}{max(seen):10.2f}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
