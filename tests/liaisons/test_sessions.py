"""Guards the way into the console: two factors, each code once, growing delays, and sessions that end."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.database.tables import now
from bot.errors import Conflict, NotFound, SignInFailed, TooLate, TooSoon, WeakPassword, WrongPassword
from bot.liaisons import accounts as accounts_module
from bot.liaisons import sessions as module
from bot.liaisons.access import Who
from bot.liaisons.accounts import Accounts, Credentials, Profile
from bot.liaisons.audit import entries
from bot.liaisons.sessions import Sessions, check_key, delay_s, is_away, present_liaisons
from bot.liaisons.tables import AuditEntry, Liaison, LiaisonSession
from bot.secrets import Secrets, WrongKeyError

EMAIL = "ana@example.org"
SERVED = accounts_module._hasher


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed quickly: as they are served, that is most of the time that these tests take."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(accounts_module, "_hasher", quick)
    hashed = quick.hash("nobody's")
    monkeypatch.setattr(accounts_module, "_nobody", lambda: hashed)


@pytest.fixture
def secrets() -> Secrets:
    """A key for tests."""
    return Secrets("k" * 40)


@pytest.fixture
def accounts(engine: AsyncEngine, secrets: Secrets) -> Accounts:
    """No accounts yet."""
    return Accounts(engine, secrets)


@pytest.fixture
def sessions(engine: AsyncEngine, secrets: Secrets) -> Sessions:
    """Nobody is signed in."""
    return Sessions(engine, secrets)


@pytest.fixture
async def ana(accounts: Accounts) -> Credentials:
    """What Ana was given."""
    return await accounts.add(
        Profile("Ana@Example.org ", "Ana", {"en": "Liaison"}, False, "liaison", ["kent-wa"], ["es"])
    )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """`clock(seconds)` moves the time on which sessions and delays go."""
    past = dt.timedelta(0)
    monkeypatch.setattr(module, "now", lambda: dt.datetime.now(dt.UTC) + past)

    def forward(seconds: float) -> None:
        nonlocal past
        past += dt.timedelta(seconds=seconds)

    return forward


def code(credentials: Credentials, ahead_s: float = 0) -> str:
    """What the app shows."""
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=ahead_s)
    return str(pyotp.parse_uri(credentials.uri).at(moment))  # type: ignore[union-attr]


async def enter(sessions: Sessions, given: Credentials, factor: str | None = None) -> str:
    half = await sessions.sign_in(EMAIL, given.password, "es")
    return await sessions.second_factor(half, factor or code(given))


async def test_both_factors_open_a_session_and_half_of_them_none(sessions: Sessions, ana: Credentials) -> None:
    half = await sessions.sign_in(" ANA@example.org", ana.password, "es")
    assert await sessions.who(half) is None
    whole = await sessions.second_factor(half, code(ana))
    who = await sessions.who(whole)
    assert who
    assert (who.name, who.role, who.departments, who.language) == ("Ana", "liaison", ("kent-wa",), "es")
    assert whole != half
    assert await sessions.who(half) is None
    with pytest.raises(SignInFailed):
        await sessions.second_factor(half, code(ana, 30))


async def test_nothing_that_opens_an_account_is_stored(
    engine: AsyncEngine, sessions: Sessions, ana: Credentials
) -> None:
    token = await enter(sessions, ana)
    async with engine.connect() as connection:
        stored = str((await connection.execute(select(Liaison))).all())
        stored += str((await connection.execute(select(LiaisonSession))).all())
    secret = pyotp.parse_uri(ana.uri).secret
    for never in (ana.password, secret, token, *ana.recovery):
        assert never not in stored
    assert "$argon2id$" in stored


def test_passwords_are_hashed_as_rfc_9106_has_it_for_little_memory() -> None:
    assert SERVED.hash("a long password").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_a_code_is_taken_once(sessions: Sessions, ana: Credentials) -> None:
    shown = code(ana)
    await enter(sessions, ana, shown)
    with pytest.raises(SignInFailed):
        await enter(sessions, ana, shown)
    await enter(sessions, ana, code(ana, 30))


async def test_a_recovery_code_is_taken_once_also_by_two_at_once(
    engine: AsyncEngine, sessions: Sessions, ana: Credentials
) -> None:
    halves = [await sessions.sign_in(EMAIL, ana.password, "es") for _ in range(2)]
    tries = [sessions.second_factor(half, ana.recovery[0].upper()) for half in halves]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, str) for result in done) == 1
    assert sum(isinstance(result, (SignInFailed, TooSoon)) for result in done) == 1
    async with engine.connect() as connection:
        assert len((await connection.scalars(select(Liaison.recovery))).one()) == 9


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org"])
async def test_a_failed_sign_in_is_delayed_more_and_more_and_says_nothing_of_the_account(
    sessions: Sessions, ana: Credentials, clock: Callable[[float], None], email: str
) -> None:
    waits = []
    for _ in range(12):
        try:
            await sessions.sign_in(email, "wrong", "en")
        except TooSoon as error:
            waits.append(error.values["seconds"])
            clock(error.values["seconds"])
        except SignInFailed:
            pass
    assert waits == sorted(waits)
    assert waits[0] == 1
    assert [delay_s(n) for n in (0, 3, 4, 5, 9, 10, 99)] == [0, 0, 1, 2, 32, 42, 42]
    clock(60)
    with pytest.raises(SignInFailed):
        await sessions.sign_in(email, "wrong", "en")


async def lock(sessions: Sessions) -> None:
    """Somebody elsewhere tries passwords until nobody may try."""
    with pytest.raises(TooSoon):  # noqa: PT012
        for _ in range(9):
            with contextlib.suppress(SignInFailed):
                await sessions.sign_in(EMAIL, "wrong", "en")


async def test_wrong_passwords_from_elsewhere_do_not_hold_up_a_browser_that_signed_in_before(
    sessions: Sessions, ana: Credentials
) -> None:
    who = await sessions.who(await enter(sessions, ana, ana.recovery[0]))
    assert who
    known = sessions.browser(who.id)
    await lock(sessions)
    half = await sessions.sign_in(EMAIL, ana.password, "es", known)
    assert await sessions.second_factor(half, ana.recovery[1], known)
    await lock(sessions)
    name = known.rpartition(".")[0]
    for other in (sessions.browser(who.id + 1), sessions.browser(who.id * 10), f"{name}.0", f"{name}x.{known[-64:]}"):
        with pytest.raises(TooSoon):
            await sessions.sign_in(EMAIL, ana.password, "es", other)


async def test_the_wrong_passwords_of_a_browser_that_signed_in_before_are_delayed_too(
    sessions: Sessions, ana: Credentials, clock: Callable[[float], None]
) -> None:
    who = await sessions.who(await enter(sessions, ana, ana.recovery[0]))
    assert who
    known = sessions.browser(who.id)
    for _ in range(4):
        with pytest.raises(SignInFailed):
            await sessions.sign_in(EMAIL, "wrong", "es", known)
    with pytest.raises(TooSoon):
        await sessions.sign_in(EMAIL, ana.password, "es", known)
    clock(2)
    half = await sessions.sign_in(EMAIL, ana.password, "es", known)
    with pytest.raises(TooSoon):
        await sessions.second_factor(half, ana.recovery[1], known)
    clock(5)
    assert await sessions.second_factor(half, ana.recovery[1], known)
    for _ in range(4):  # counted from nothing again
        with pytest.raises(SignInFailed):
            await sessions.sign_in(EMAIL, "wrong", "es", known)


async def test_many_tries_at_once_are_not_one(sessions: Sessions, ana: Credentials) -> None:
    tries = [sessions.sign_in(EMAIL, "wrong", "en") for _ in range(12)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, SignInFailed) for result in done) <= 4
    assert all(isinstance(result, (SignInFailed, TooSoon)) for result in done)


async def test_a_code_that_comes_ten_minutes_after_the_password_is_too_late(
    sessions: Sessions, ana: Credentials, clock: Callable[[float], None]
) -> None:
    half = await sessions.sign_in(EMAIL, ana.password, "es")
    clock(601)
    with pytest.raises(TooLate):
        await sessions.second_factor(half, ana.recovery[0])


async def test_wrong_codes_are_delayed_like_wrong_passwords(
    sessions: Sessions, ana: Credentials, clock: Callable[[float], None]
) -> None:
    half = await sessions.sign_in(EMAIL, ana.password, "es")
    for _ in range(3):
        with pytest.raises(SignInFailed):
            await sessions.second_factor(half, "000000")
    with pytest.raises(TooSoon):
        await sessions.second_factor(half, "000000")
    clock(2)
    with pytest.raises(SignInFailed):
        await sessions.second_factor(half, "000000")


@pytest.mark.parametrize(
    ("steps", "lives"),
    [([59 * 60], True), ([61 * 60], False), ([50 * 60] * 14, True), ([50 * 60] * 15, False)],
)
async def test_a_session_ends_after_an_hour_of_nothing_and_after_twelve_in_all(
    sessions: Sessions, ana: Credentials, clock: Callable[[float], None], steps: list[int], lives: bool
) -> None:
    token = await enter(sessions, ana)
    for step in steps[:-1]:
        clock(step)
        assert await sessions.who(token)
    clock(steps[-1])
    assert (await sessions.who(token) is not None) is lives


async def test_a_page_that_only_listens_does_not_keep_a_session_alive(
    sessions: Sessions, ana: Credentials, clock: Callable[[float], None]
) -> None:
    token = await enter(sessions, ana)
    for _ in range(3):
        clock(25 * 60)
        last = await sessions.who(token, acts=False)
    assert last is None


async def test_signing_out_everywhere_ends_every_session(sessions: Sessions, ana: Credentials) -> None:
    tokens = [await enter(sessions, ana, ana.recovery[n]) for n in range(3)]
    who = await sessions.who(tokens[0])
    assert who
    await sessions.sign_out(who)
    assert [await sessions.who(token) is not None for token in tokens] == [False, True, True]
    second = await sessions.who(tokens[1])
    assert second
    await sessions.sign_out(second, everywhere=True)
    assert [await sessions.who(token) for token in tokens] == [None] * 3


@pytest.mark.parametrize("backend", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize("step", ["second factor", "sign out"])
async def test_a_session_and_a_change_of_its_account_do_not_wait_for_each_other(
    engine: AsyncEngine,
    sessions: Sessions,
    ana: Credentials,
    somebody_waits: Callable[[], Awaitable[None]],
    step: str,
) -> None:
    who = await sessions.who(await enter(sessions, ana, ana.recovery[0]))
    assert who
    half = await sessions.sign_in(EMAIL, ana.password, "es")
    account = await engine.connect()
    # As every change of an account does: the account, then its sessions. Only once the code was taken.
    if step == "second factor":
        take, taken = sessions._take_recovery, asyncio.Event()

        async def taking(row: Any, code: str) -> bool:
            right = await take(row, code)
            await account.execute(update(Liaison).values(active=True))
            taken.set()
            return right

        sessions._take_recovery = taking  # type: ignore[method-assign]
        going = asyncio.create_task(sessions.second_factor(half, ana.recovery[1]))
        await taken.wait()
    else:
        await account.execute(update(Liaison).values(active=True))
        going = asyncio.create_task(sessions.sign_out(who))  # type: ignore[arg-type]
    await somebody_waits()
    await account.execute(update(LiaisonSession).values(language="en"))
    await account.commit()
    await account.close()
    await going


async def test_switching_an_account_off_or_resetting_it_ends_its_sessions(
    accounts: Accounts, sessions: Sessions, ana: Credentials
) -> None:
    token = await enter(sessions, ana)
    await accounts.set_active(EMAIL, False)
    assert await sessions.who(token) is None
    with pytest.raises(SignInFailed):
        await sessions.sign_in(EMAIL, ana.password, "es")
    await accounts.set_active(EMAIL, True)
    new = await accounts.reset(EMAIL)
    with pytest.raises(SignInFailed):
        await sessions.sign_in(EMAIL, ana.password, "es")
    assert await enter(sessions, new)
    with pytest.raises(NotFound):
        await accounts.reset("nobody@example.org")
    with pytest.raises(Conflict):
        await accounts.add(Profile(EMAIL.upper(), "Eve", {"en": "x"}, False, "admin", ["kent-wa"], ["es"]))


async def test_a_new_password_has_to_be_a_good_one_and_ends_the_other_sessions(
    accounts: Accounts, sessions: Sessions, ana: Credentials
) -> None:
    here, there = await enter(sessions, ana, ana.recovery[0]), await enter(sessions, ana, ana.recovery[1])
    who = await sessions.who(here)
    assert who
    for weak in ("short", "a" * 30, f"{EMAIL}-2026"):
        with pytest.raises(WeakPassword):
            await accounts.change_password(who.id, ana.password, weak, who.session)
    with pytest.raises(WrongPassword):
        await accounts.change_password(who.id, "not it", "río verde y tranquilo", who.session)
    await accounts.change_password(who.id, ana.password, "río verde y tranquilo", who.session)
    assert await sessions.who(here)
    assert await sessions.who(there) is None
    assert await sessions.sign_in(EMAIL, "río verde y tranquilo", "es")


async def test_what_was_done_is_in_the_audit_which_nobody_changes(
    engine: AsyncEngine, accounts: Accounts, sessions: Sessions, ana: Credentials
) -> None:
    with pytest.raises(SignInFailed):
        await sessions.sign_in(EMAIL, "wrong", "es")
    who = await sessions.who(await enter(sessions, ana))
    assert who
    await sessions.sign_out(who)
    async with engine.connect() as connection:
        did: list[Any] = list(await connection.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert did == ["account", "sign_in_failed", "sign_in", "sign_out"]
    for change in (update(AuditEntry).values(action="view"), text("DELETE FROM audit")):
        with pytest.raises(DBAPIError):
            async with engine.begin() as connection:
                await connection.execute(change)


def supervisor(*departments: str) -> Who:
    return Who(99, "Sue", {}, False, "supervisor", departments, ("en",), True, "", "", "en")


async def test_the_audit_has_what_an_account_was_changed_from_and_to(
    engine: AsyncEngine, accounts: Accounts, ana: Credentials
) -> None:
    await accounts.change(EMAIL, {"name": "Ana R.", "sworn": True, "role": "liaison", "title": {"es": "Sargento"}})
    async with engine.connect() as connection:
        changed, added = await entries(connection, supervisor("kent-wa"))
    title = [{"en": "Liaison"}, {"en": "Liaison", "es": "Sargento"}]
    expected = {"name": ["Ana", "Ana R."], "sworn": [False, True], "title": title}
    assert changed.detail == {"did": "change", "account": added.detail["account"], "changed": expected}
    assert added.detail["did"] == "add"
    assert added.detail["changed"]["role"] == [None, "liaison"]
    assert added.detail["changed"]["departments"] == [None, ["kent-wa"]]
    assert "password" not in str(changed.detail) + str(added.detail)


async def test_what_was_done_in_a_department_stays_with_its_supervisors_when_its_person_moves(
    engine: AsyncEngine, accounts: Accounts, sessions: Sessions, ana: Credentials
) -> None:
    await enter(sessions, ana, ana.recovery[0])
    await accounts.change(EMAIL, {"departments": ["kansas-city-mo"]})
    await enter(sessions, ana, ana.recovery[1])
    with pytest.raises(SignInFailed):
        await sessions.sign_in("nobody@example.org", "wrong", "es")

    async def read(*departments: str) -> list[tuple[str, Any]]:
        async with engine.connect() as connection:
            rows = await entries(connection, supervisor(*departments))
        return [(row.action, (row.detail or {}).get("did")) for row in reversed(rows)]

    failed, moved = ("sign_in_failed", None), ("account", "change")
    assert await read("kent-wa") == [("account", "add"), ("sign_in", None), moved, failed]
    assert await read("kansas-city-mo") == [moved, ("sign_in", None), failed]
    assert await read("roeland-park-ks", "kent") == [failed]


async def test_entries_from_before_departments_were_written_down_go_by_those_of_now(
    engine: AsyncEngine, ana: Credentials
) -> None:
    async with engine.begin() as connection:
        for account in (1, 2):
            detail = {"did": "reset", "account": account}
            await connection.execute(insert(AuditEntry).values(action="account", detail=detail))
        assert list(await connection.scalars(select(Liaison.id))) == [1]
    async with engine.connect() as connection:
        kent = await entries(connection, supervisor("kent-wa"))
        assert await entries(connection, supervisor("kansas-city-mo")) == []
    assert [row.detail["did"] for row in kent] == ["reset", "add"]


async def test_who_may_not_see_the_department_any_more_counts_as_away(
    engine: AsyncEngine, accounts: Accounts, sessions: Sessions, ana: Credentials
) -> None:
    who = await sessions.who(await enter(sessions, ana))
    assert who
    async with engine.connect() as connection:
        assert not await is_away(connection, who.id, "kent-wa")
        assert await is_away(connection, who.id, "kansas-city-mo")
        assert not await is_away(connection, None, "kent-wa")
    await accounts.change(EMAIL, {"departments": ["kansas-city-mo"]})
    async with engine.connect() as connection:
        assert await is_away(connection, who.id, "kent-wa")


async def test_another_key_than_the_accounts_were_made_with_is_noticed_at_the_start(
    engine: AsyncEngine, accounts: Accounts, secrets: Secrets
) -> None:
    await check_key(engine, Secrets("another" * 6))  # nothing is encrypted yet
    await accounts.add(Profile("ana@example.org", "Ana", {"en": "Liaison"}, False, "liaison", ["kent-wa"], ["es"]))
    await check_key(engine, secrets)
    with pytest.raises(WrongKeyError, match="ENLACE_SECRET_KEY"):
        await check_key(engine, Secrets("another" * 6))


@pytest.mark.parametrize("everywhere", [False, True])
async def test_signing_out_ends_the_duty(
    engine: AsyncEngine, accounts: Accounts, sessions: Sessions, ana: Credentials, everywhere: bool
) -> None:
    token = await sessions.second_factor(await sessions.sign_in(EMAIL, ana.password, "es"), code(ana))
    who = await sessions.who(token)
    assert who
    await accounts.set_on_duty(who.id, True)
    await sessions.present(who.id)
    async with engine.connect() as connection:
        assert [each.name for each in await present_liaisons(connection, "kent-wa")] == ["Ana"]
    await sessions.sign_out(who, everywhere)
    async with engine.connect() as connection:
        assert await present_liaisons(connection, "kent-wa") == []


@pytest.mark.parametrize(("idle_s", "there"), [(0, ["Ana"]), (61 * 60, [])])
async def test_the_duty_ends_with_the_last_session_that_is_open(
    engine: AsyncEngine,
    accounts: Accounts,
    sessions: Sessions,
    ana: Credentials,
    idle_s: float,
    there: list[str],
) -> None:
    await enter(sessions, ana, ana.recovery[0])
    who = await sessions.who(await enter(sessions, ana, ana.recovery[1]))
    assert who
    await sessions.sign_in(EMAIL, ana.password, "es")  # half a sign-in is no session
    async with engine.begin() as connection:  # after an hour of nothing the first is over
        first = (LiaisonSession.token_hash != who.session, LiaisonSession.complete)
        seen_at = now() - dt.timedelta(seconds=idle_s)
        await connection.execute(update(LiaisonSession).where(*first).values(seen_at=seen_at))
    await accounts.set_on_duty(who.id, True)
    await sessions.present(who.id)
    await sessions.sign_out(who)
    async with engine.connect() as connection:
        assert [each.name for each in await present_liaisons(connection, "kent-wa")] == there
