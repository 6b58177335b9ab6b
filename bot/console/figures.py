"""The figures, for supervisors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup

from bot.api.dependencies import CurrentRuntime
from bot.console.web import Overseer, Words, page
from bot.database.tables import now
from bot.handoffs.figures import Figures, Row, bars, figures, to_csv
from bot.handoffs.hours import OfficeHours
from bot.handoffs.ratings import Rated, rated_answers
from bot.i18n import N_
from bot.liaisons.access import Who
from bot.liaisons.audit import record
from bot.rendering.notices import duration
from bot.runtime import Runtime

router = APIRouter()
Days = Annotated[int, Query(ge=1, le=366)]


@router.get("/figures")
async def show(request: Request, who: Overseer, runtime: CurrentRuntime, days: Days = 30) -> HTMLResponse:
    """Waiting, first reply and resolution, by language and topic, with plots."""
    found, rated = await _figures(runtime, who, days)
    say = Words(runtime, who.language)
    named = {"language": _named(found.by_language, say.tongue), "topic": _named(found.by_topic, say.topic)}
    plots = {
        key: Markup(  # noqa: S704 - bars() escapes what it is given
            bars(
                [
                    (name, row.waiting_median, duration(row.waiting_median, who.language))
                    for name, row in rows
                    if row.waiting_median is not None
                ],
                say(N_("Median time until a person came")),
            )
        )
        for key, rows in named.items()
    }
    answers = [(say.topic(each.topic), each) for each in rated]
    return await page(
        request,
        runtime,
        "figures.html",
        figures=found,
        named=named,
        plots=plots,
        answers=answers,
        days=days,
        duration=duration,
    )


@router.get("/figures.csv")
async def export(who: Overseer, runtime: CurrentRuntime, days: Days = 30) -> Response:
    """The same as a table, times in seconds."""
    found, _ = await _figures(runtime, who, days)
    text = to_csv({"all": [found.total], "language": found.by_language, "topic": found.by_topic})
    headers = {"Content-Disposition": f'attachment; filename="enlace-figures-{days}-days.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


async def _figures(runtime: Runtime, who: Who, days: int) -> tuple[Figures, list[Rated]]:
    departments = runtime.library.departments
    hours = {name: OfficeHours(departments[name].profile) for name in who.departments if name in departments}
    async with runtime.store.engine.begin() as connection:
        await record(connection, "figures", who, days=days)
        since = now() - dt.timedelta(days=days)
        return await figures(connection, hours, since, now()), await rated_answers(connection, list(hours), since)


def _named(rows: Sequence[Row], name: object) -> list[tuple[str, Row]]:
    return [(name(row.group) if row.group else "–", row) for row in rows]  # type: ignore[operator]
