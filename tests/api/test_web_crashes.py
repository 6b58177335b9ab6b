"""Guards against a flood, a Rasa that hangs or dies, an app that does: 911 is said, nothing is lost or left behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest
from cloud_api import Config, Number, Running, running
from phoning import Phone, words
from serving import subscribe, whatsapp_settings

if TYPE_CHECKING:
    from tests.conftest import Conversation, Server, Start

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(300)]

ASKED = "¿La policía me va a preguntar si tengo papeles?"
OF_A_CONVERSATION = 50
"""Messages an hour: more than the other tests here send, and a limit that a slow machine reaches, too."""
Serve = Callable[..., "Server"]


@pytest.fixture(scope="module")
def own_cloud() -> Iterator[Running]:
    """A local Cloud API that knows this module's server alone."""
    with running(Config(numbers=[Number("1001", "+1 555-0100", "kent-wa")])) as cloud_api:
        yield cloud_api


@pytest.fixture(scope="module")
def fragile(serve: Serve, tmp_path_factory: pytest.TempPathFactory, own_cloud: Running) -> Server:
    """A server to do harm to; the last test of this module ends it."""
    limits = {"ENLACE_LIMIT_CONVERSATION": f"{OF_A_CONVERSATION}/hour", "ENLACE_LIMIT_SIGN_INS": "3/hour"}
    fragile = serve(tmp_path_factory.mktemp("fragile"), **limits, **whatsapp_settings(own_cloud))
    subscribe(own_cloud, fragile.base_url)
    return fragile


@pytest.fixture(scope="module")
def again(serve: Serve, fragile: Server, own_cloud: Running) -> Server:
    """The same one, started again after it has ended."""
    if fragile.process.poll() is None:
        fragile.stop()
    again = serve(fragile.var_dir, **whatsapp_settings(own_cloud))
    subscribe(own_cloud, again.base_url)
    return again


@pytest.fixture
async def conversation(fragile: Server, start: Start) -> AsyncIterator[Conversation]:
    """A conversation with that server."""
    async with httpx.AsyncClient(base_url=fragile.base_url, timeout=20, trust_env=False) as client:
        yield await start("kent-wa", "es", of=client)


async def until(condition: Callable[[], Any], seconds: float) -> None:
    """Wait for what another process does, which nobody tells us of."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def timed(conversation: Conversation) -> tuple[dict[str, Any], float]:
    """The reply to a question, and how long it took."""
    begun = time.monotonic()
    return await conversation.send(ASKED), time.monotonic() - begun


def assert_trouble(reply: dict[str, Any]) -> None:
    """It is said in both languages, with what to do in danger."""
    assert "llame al 911" in reply["text"]
    assert "call 911" in reply["text"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("callback", {"contact": "nobody", "time": "-", "language": "en"}, 400),
        ("messages/1/helpful", {"helpful": True}, 404),
    ],
)
async def test_what_else_changes_a_conversation_counts_as_a_message(
    conversation: Conversation, path: str, body: dict[str, Any], status: int
) -> None:
    client, url, headers = conversation.client, conversation.url, conversation.headers
    wishes = [client.post(f"{url}/{path}", json=body, headers=headers) for _ in range(OF_A_CONVERSATION + 5)]
    codes = [answer.status_code for answer in await asyncio.gather(*wishes)]
    assert (codes.count(status), codes.count(429)) == (OF_A_CONVERSATION, 5)
    assert (await client.get(f"{url}/handoff", headers=headers)).status_code == 200


async def test_a_flood_gets_429_and_others_their_answers(
    fragile: Server, conversation: Conversation, start: Start
) -> None:
    # Empty ones: each is counted before it is looked at.
    answers = await asyncio.gather(*(conversation.post(text=" ") for _ in range(OF_A_CONVERSATION + 10)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 10
    assert sum(answer.status_code == 400 for answer in answers) == OF_A_CONVERSATION
    error = refused[0].json()["error"]
    assert error["code"] == "too_often"
    assert "911" in error["message"]
    assert int(refused[0].headers["Retry-After"]) >= 1
    quiet = await start("kent-wa", "en", of=conversation.client)
    assert (await quiet.send("hello"))["kind"] == "smalltalk"
    for path, content in fragile.files():
        assert b"127.0.0.1" not in content or path.suffix == ".log", path
    assert "127.0.0.1:" not in "".join(fragile.lines).replace(fragile.base_url, "")


async def test_behind_a_proxy_residents_are_counted_by_the_address_that_it_names(conversation: Conversation) -> None:
    async def sign_in(address: str, name: str) -> int:
        form = {"email": f"{name}@example.org", "password": "wrong"}
        headers = {"X-Forwarded-For": address, "Sec-Fetch-Site": "same-origin"}
        return (await conversation.client.post("/console/sign-in", data=form, headers=headers)).status_code

    assert [await sign_in("203.0.113.1", name) for name in "abcd"] == [401, 401, 401, 429]
    assert await sign_in("203.0.113.2", "e") == 401


async def test_a_hanging_rasa_is_no_silence(fragile: Server, conversation: Conversation) -> None:
    rasa = fragile.rasa()
    rasa.suspend()
    try:
        reply, seconds = await timed(conversation)
        not_ready = await conversation.client.get("/ready")
    finally:
        rasa.resume()
    assert_trouble(reply)
    assert seconds < 10
    assert (not_ready.status_code, not_ready.json()["error"]["code"]) == (503, "unavailable")
    assert (await conversation.send(ASKED))["kind"] == "answer"
    assert [message["author"] for message in (await conversation.transcript())["messages"]] == ["resident", "bot"] * 2


async def test_danger_is_answered_while_rasa_hangs(fragile: Server, conversation: Conversation) -> None:
    rasa = fragile.rasa()
    rasa.suspend()
    try:
        begun = time.monotonic()
        reply = await conversation.send("estamos en peligro")
        seconds = time.monotonic() - begun
    finally:
        rasa.resume()
    assert reply["kind"] == "emergency"
    assert seconds < 2


async def test_while_rasa_hangs_nothing_is_said_to_be_erased(fragile: Server, conversation: Conversation) -> None:
    await conversation.send(ASKED)
    rasa = fragile.rasa()
    rasa.suspend()
    try:
        assert (await conversation.erase()).status_code == 503
    finally:
        rasa.resume()
    assert len((await conversation.transcript())["messages"]) == 2
    assert (await conversation.erase()).status_code == 204


async def test_a_rasa_that_died_comes_back_by_itself(fragile: Server, conversation: Conversation) -> None:
    fragile.rasa().kill()
    reply, seconds = await timed(conversation)
    assert_trouble(reply)
    assert seconds < 10

    async def ready() -> bool:
        return (await conversation.client.get("/ready")).status_code == 200

    await until(ready, 60)
    assert (await conversation.send(ASKED))["kind"] == "answer"


async def test_what_was_accepted_before_a_crash_is_answered_after_it(
    fragile: Server, conversation: Conversation, own_cloud: Running, request: pytest.FixtureRequest
) -> None:
    control = httpx.AsyncClient(base_url=f"{own_cloud.url}/_control", trust_env=False, timeout=30)
    phone = Phone(control, "15550142", "Rosa", "1001", fragile.var_dir / "enlace.db")
    await phone.ask("/users", wa_id=phone.wa_id, name=phone.name)
    processes = fragile.children()
    try:
        fragile.rasa().suspend()
        unanswered = asyncio.create_task(conversation.post(text=ASKED))

        async def stored() -> list[Any]:
            messages: list[Any] = (await conversation.transcript())["messages"]
            return messages

        await until(stored, 5)
        await phone.says("hola")
        await phone.says(ASKED)
        await control.get("/idle")
        fragile.process.kill()
        with pytest.raises(httpx.HTTPError):
            await unanswered
        processes[0].resume()  # it can't end while it is stopped
        _, left = psutil.wait_procs(processes, timeout=10)
        assert left == [], "a crash of the app left Rasa behind"
    finally:
        fragile.kill(processes)

    again: Server = request.getfixturevalue("again")
    async with httpx.AsyncClient(base_url=again.base_url, timeout=20, trust_env=False) as client:
        conversation.client = client

        async def answered() -> bool:
            return len(await stored()) == 2

        await until(answered, 20)
        question, answer = await stored()
        assert (question["text"], answer["reply"]["kind"]) == (ASKED, "answer")
        assert (await conversation.send("gracias"))["kind"] == "smalltalk"
    shown = [words(message) for message in await phone.rest()]
    assert sum("Kent" in each and "BORRAR" in each for each in shown) == 1
    assert sum("Nadie del departamento ha revisado" in each for each in shown) == 1
    await control.aclose()


async def test_a_turn_that_runs_is_finished_before_a_stop(again: Server, start: Start) -> None:
    rasa = again.rasa()
    async with httpx.AsyncClient(base_url=again.base_url, timeout=20, trust_env=False) as client:
        conversation = await start("kent-wa", "es", of=client)
        rasa.suspend()
        turn = asyncio.create_task(conversation.post(text=ASKED))

        async def stored() -> list[Any]:
            messages: list[Any] = (await conversation.transcript())["messages"]
            return messages

        async def closed() -> bool:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(again.base_url).port)
            except ConnectionRefusedError:
                return True
            writer.close()
            return False

        await until(stored, 5)
        again.process.terminate()
        await until(closed, 5)
        rasa.resume()
        assert (await turn).json()["kind"] == "answer"
    await asyncio.to_thread(again.process.wait, 20)
    assert not rasa.is_running()
