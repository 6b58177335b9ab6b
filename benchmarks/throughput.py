"""Eight conversations at once, 400 turns: Enlace, and stock Rasa with the same rules and actions."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from actions import all_actions
from benchmarks.questions import sample
from benchmarks.server import Running
from bot import training
from bot.actions_server import ActionServer
from bot.content.library import load
from bot.encoder import Encoder
from bot.evaluation.peers.rasa_stock import FEATURIZERS
from bot.rasa import environment, free_port
from bot.retrieval.decision import Decision
from bot.settings import ROOT, Settings
from bot.turns.turn import Turn

CONVERSATIONS = 8
TURNS = 400
# What Rasa 3.6 suggests where config.yml leaves pipeline and policies empty.
STOCK = {
    "recipe": "default.v1",
    "language": "en",
    "assistant_id": "stock",
    "pipeline": [
        *FEATURIZERS,
        # 100 epochs by default: fewer take less time to train and the same time to answer, which is what is measured.
        {"name": "DIETClassifier", "epochs": 5, "constrain_similarities": True},
        {"name": "EntitySynonymMapper"},
        {"name": "ResponseSelector", "epochs": 5, "constrain_similarities": True},
        {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
    ],
    "policies": [
        {"name": "MemoizationPolicy"},
        {"name": "RulePolicy"},
        {"name": "UnexpecTEDIntentPolicy", "max_history": 5, "epochs": 5},
        {"name": "TEDPolicy", "max_history": 5, "epochs": 5, "constrain_similarities": True},
    ],
}

Ask = Callable[[int, str], Awaitable[None]]


@dataclass(frozen=True)
class Result:
    """What one system did."""

    name: str
    seconds: float
    latencies: list[float]
    failures: int


async def measure(name: str, ask: Ask) -> Result:
    """Ask all questions, each conversation its share in order, eight at once."""
    questions = [question.text for question in sample(TURNS)]
    latencies: list[float] = []
    failures = 0

    async def converse(number: int) -> None:
        nonlocal failures
        for text in questions[number::CONVERSATIONS]:
            begin = time.perf_counter()
            try:
                await ask(number, text)
            except (httpx.HTTPError, ValueError):
                failures += 1
            latencies.append(time.perf_counter() - begin)

    await asyncio.gather(*(ask(number, "hola") for number in range(CONVERSATIONS)))
    begin = time.perf_counter()
    await asyncio.gather(*(converse(number) for number in range(CONVERSATIONS)))
    return Result(name, time.perf_counter() - begin, latencies, failures)


async def ours(running: Running) -> Result:
    """Through Enlace's API: stored, safety-checked, answered with citations."""
    async with httpx.AsyncClient(base_url=running.url, trust_env=False, timeout=60) as http:
        opened = [
            (await http.post("/api/conversations", json={"department": "kent-wa"})).json() for _ in range(CONVERSATIONS)
        ]

        async def ask(number: int, text: str) -> None:
            headers = {"Authorization": f"Bearer {opened[number]['token']}"}
            path = f"/api/conversations/{opened[number]['id']}/messages"
            answer = (await http.post(path, json={"text": text}, headers=headers)).raise_for_status()
            if answer.json()["trouble"]:
                raise ValueError("a part that is needed did not answer")

        return await measure("Enlace", ask)


class _EncodingTurns:
    """For stock Rasa, which brings no vector along: each action call encodes the text itself."""

    def __init__(self, settings: Settings) -> None:
        self.library = load(settings.data_dir)
        encoder = Encoder(settings.encoder_model, settings.encoder_threads)
        cache = training.vector_cache(settings, lambda: encoder)
        self._encoder = encoder
        self._index, _ = training.index_and_net(settings, self.library, cache)
        self._decision = Decision.load(settings.data_dir / "calibration/decision.yml")
        self.texts: dict[str, str] = {}
        """What each conversation said last."""

    def of(self, conversation_id: str) -> Turn:
        turn = Turn(
            text=self.texts[conversation_id],
            language="en",
            languages=["en", "es"],
            content=self.library.departments["kent-wa"],
            index=self._index,
            decision=self._decision,
        )
        turn.read(self._encoder.queries([turn.text])[0])
        return turn


@asynccontextmanager
async def _stock_rasa():  # type: ignore[no-untyped-def]
    settings = Settings()
    turns = _EncodingTurns(settings)
    folder = settings.cache_dir / "bench"
    model = await asyncio.to_thread(_train_stock, settings, folder)
    async with AsyncExitStack() as stack:
        actions = ActionServer(0, "stock")
        await stack.enter_async_context(actions.run())
        actions.serve(all_actions(turns))
        port = free_port()
        with tempfile.TemporaryDirectory() as work:
            Path(work, "credentials.yml").write_text("rest:\n", encoding="utf-8")
            endpoints = f"action_endpoint:\n  url: {actions.url}?token=stock\n"
            Path(work, "endpoints.yml").write_text(endpoints, encoding="utf-8")
            command = [
                *(str(settings.rasa_python), "-m", "rasa", "run", "--model", str(model)),
                *("--interface", "127.0.0.1", "--port", str(port)),
                *("--credentials", f"{work}/credentials.yml", "--endpoints", f"{work}/endpoints.yml"),
            ]
            env = environment()
            process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                yield f"http://127.0.0.1:{port}", turns
            finally:
                process.terminate()
                process.wait(30)


def _train_stock(settings: Settings, folder: Path) -> Path:
    """Stock Rasa on the same data; kept for as long as the data stays the same."""
    library = load(settings.data_dir)
    pipeline = hashlib.sha256(json.dumps(STOCK).encode()).hexdigest()[:8]
    model = folder / f"stock-{pipeline}-{training.fingerprint(settings, library)}.tar.gz"
    if not model.exists():
        print("training stock Rasa (minutes; once for this data)")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.yml").write_text(yaml.safe_dump(STOCK), encoding="utf-8")
        questions = "".join(f"      - {text}\n" for text in training.faq(library))
        faq = f"version: '3.1'\nnlu:\n  - intent: faq\n    examples: |\n{questions}"
        (folder / "faq.yml").write_text(faq, encoding="utf-8")
        data = (settings.data_dir / "nlu", settings.data_dir / "rules", folder / "faq.yml")
        command = [
            *(str(settings.rasa_python), "-m", "rasa", "train", "--config", str(folder / "config.yml")),
            *("--domain", "domain.yml", "--data", *map(str, data)),
            *("--out", str(folder), "--fixed-model-name", model.name.removesuffix(".tar.gz")),
        ]
        env = {**environment(), "OMP_NUM_THREADS": str(os.cpu_count())}
        subprocess.run(command, env=env, cwd=ROOT, check=True, capture_output=True)
    return model


async def stock() -> Result:
    """Stock Rasa over its REST channel, with the same rules and actions, on a tracker store in memory."""
    async with _stock_rasa() as (url, turns), httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as http:

        async def ask(number: int, text: str) -> None:
            sender = f"resident-{number}"
            turns.texts[sender] = text
            body = {"sender": sender, "message": text}
            answer = await http.post("/webhooks/rest/webhook", json=body)
            if answer.status_code != 200 or not answer.json():
                raise ValueError("stock Rasa had nothing to say")

        for _ in range(240):
            try:
                await ask(0, "hola")
                break
            except (httpx.HTTPError, ValueError):
                await asyncio.sleep(0.5)
        return await measure("stock Rasa", ask)


def print_table(*results: Result) -> None:
    """Turns a second, latency and failures, and the ratio to the last one's."""
    base = TURNS / results[-1].seconds
    print(f"\n{TURNS} turns, {CONVERSATIONS} conversations at once\n")
    print("| | turns a second | ratio | median ms | 95th percentile ms | failures |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for result in results:
        rate = TURNS / result.seconds
        median = statistics.median(result.latencies) * 1000
        late = statistics.quantiles(result.latencies, n=20)[-1] * 1000
        print(f"| {result.name} | {rate:.1f} | {rate / base:.2f} | {median:.0f} | {late:.0f} | {result.failures} |")
