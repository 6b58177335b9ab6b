"""Runs in Rasa's own interpreter: `python rasa_parse.py MODEL FOLDER`.

Trains MODEL from FOLDER (config.yml, domain.yml, nlu/) unless it is there: to start Rasa twice takes as long as that.
A JSON string a line in, a guess a line out: `{"faq": confidence, "ranking": [[topic, confidence], …]}`, the best first.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from rasa.core.agent import Agent  # type: ignore[import-not-found]
from rasa.model_training import train_nlu  # type: ignore[import-not-found]


def _train(model: Path, folder: Path) -> None:
    made = train_nlu(str(folder / "config.yml"), str(folder / "nlu"), str(folder), domain=str(folder / "domain.yml"))
    if made is None:
        sys.exit("stock Rasa was trained but wrote no model")
    Path(made).replace(model)  # whole, or not at all


async def _parse(model: Path) -> None:
    agent = Agent.load(str(model))
    for line in sys.stdin:
        parsed = await agent.parse_message(json.loads(line))
        ranking = parsed["response_selector"]["default"]["ranking"]
        topics = [(each["intent_response_key"].removeprefix("faq/"), each["confidence"]) for each in ranking]
        faq = sum(each["confidence"] for each in parsed["intent_ranking"] if each["name"] == "faq")
        print(json.dumps({"faq": faq, "ranking": topics}), flush=True)


if __name__ == "__main__":
    model, folder = map(Path, sys.argv[1:])
    if not model.exists():
        _train(model, folder)
    asyncio.run(_parse(model))
