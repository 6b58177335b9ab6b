"""A turn over HTTP, warm, one user, beside one bare pass of the encoder over the same text, in turn."""

from __future__ import annotations

import json
import re
import statistics
import time
from http.client import HTTPConnection
from typing import Any

from benchmarks.questions import sample
from benchmarks.server import Running
from bot.encoder import Encoder

TURNS = 200
WARM_UP = 20


def run(running: Running) -> None:
    """Measure and print the table, and each stage's share of the turn."""
    encoder = Encoder(threads=1)
    bare: list[float] = []
    turns: list[float] = []
    stages: dict[str, list[float]] = {}
    http = HTTPConnection("127.0.0.1", running.port)

    def post(path: str, body: dict[str, str], token: str = "") -> tuple[dict[str, Any], str]:
        # The plainest client there is: its own time counts as the turn's.
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        http.request("POST", path, json.dumps(body), headers)
        response = http.getresponse()
        answer = json.loads(response.read())
        if response.status >= 300:
            raise SystemExit(f"the server answered {response.status}: {answer}")
        if answer.get("trouble"):
            raise SystemExit(f"a part that is needed did not answer: {answer['text']}")
        return answer, response.getheader("Server-Timing") or ""

    for number, question in enumerate(sample(TURNS + WARM_UP)):
        # A conversation of a few turns, as people have them.
        if number % 5 == 0:
            started, _ = post("/api/conversations", {"department": "kent-wa"})
        begin = time.perf_counter()
        encoder.queries([question.text])
        between = time.perf_counter()
        _, timing = post(f"/api/conversations/{started['id']}/messages", {"text": question.text}, started["token"])
        end = time.perf_counter()
        if number >= WARM_UP:
            bare.append(between - begin)
            turns.append(end - between)
            for name, milliseconds in re.findall(r"(\w+);dur=([\d.]+)", timing):
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
