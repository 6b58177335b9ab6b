"""Runs in Rasa's own interpreter: `python rasa_parse.py MODEL`, a JSON string a line in, stock Rasa's guess a line out.

A guess is `{"faq": confidence, "ranking": [[topic, confidence], …]}`, the best topic first.
"""

from __future__ import annotations

import asyncio
import json
import sys

from rasa.core.agent import Agent  # type: ignore[import-not-found]


async def _parse(model: str) -> None:
    agent = Agent.load(model)
    for line in sys.stdin:
        parsed = await agent.parse_message(json.loads(line))
        ranking = parsed["response_selector"]["default"]["ranking"]
        topics = [(each["intent_response_key"].removeprefix("faq/"), each["confidence"]) for each in ranking]
        faq = sum(each["confidence"] for each in parsed["intent_ranking"] if each["name"] == "faq")
        print(json.dumps({"faq": faq, "ranking": topics}), flush=True)


if __name__ == "__main__":
    asyncio.run(_parse(sys.argv[1]))
