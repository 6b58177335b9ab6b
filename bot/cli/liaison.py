"""`enlace liaison`: the accounts of those who pick conversations up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.cli.terminal import fail, load_settings, show
from bot.liaisons.roles import ROLES

if TYPE_CHECKING:
    from bot.content.library import Library
    from bot.liaisons.accounts import Accounts, Credentials

app = typer.Typer(no_args_is_help=True, help="Accounts of the people who pick conversations up.")
T = TypeVar("T")
_NAME_CHARS = 80
Email = Annotated[str, typer.Argument(help="What they sign in with, and where alarms go.", metavar="EMAIL")]


@app.callback()
def group() -> None:
    """Accounts of the people who pick conversations up."""


@app.command()
def add(
    email: Email,
    name: Annotated[str, typer.Option(help="As residents see it.")],
    title: Annotated[list[str], typer.Option(help="Their work as residents see it, LANGUAGE=TEXT; one a language.")],
    department: Annotated[list[str], typer.Option(help="Whose conversations they may see; again for another.")],
    language: Annotated[list[str], typer.Option(help="A language in which they can help; again for another.")],
    sworn: Annotated[bool, typer.Option("--sworn/--not-sworn", help="Whether they are a sworn officer.")],
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")] = "liaison",
) -> None:
    """Make an account; print its password, its second factor as a QR code, and recovery codes. They are shown once.

    Example: enlace liaison add ana@example.org --name "Ana R." --title en="Community liaison" --title
    es="Enlace comunitario" --department kent-wa --language es --language en --not-sworn
    """
    from email_validator import EmailNotValidError, validate_email

    from bot.content.library import load
    from bot.liaisons.accounts import Profile

    name, titles = _name(name), _titles(title)
    library = load(load_settings().data_dir)
    try:
        validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        fail(f"{email!r} is no email address: {error}")
    _check(library, [role], department, language, titles)
    for code, entry in library.languages.items():
        if entry.completeness == "required" and not titles.get(code, "").strip():
            fail(f"residents read the title in {entry.name}, too: add --title {code}=…")
    profile = Profile(email, name, titles, sworn, role, department, language)  # type: ignore[arg-type] # checked above
    _show(_with_accounts(lambda accounts: accounts.add(profile), "has an account already: `enlace liaison reset`"))


@app.command()
def change(
    email: Email,
    name: Annotated[str | None, typer.Option(help="As residents see it.")] = None,
    title: Annotated[
        list[str] | None, typer.Option(help="Their work as residents see it, LANGUAGE=TEXT; other languages' stay.")
    ] = None,
    department: Annotated[
        list[str] | None, typer.Option(help="Whose conversations they may see, in place of those before.")
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="A language in which they can help, in place of those before.")
    ] = None,
    sworn: Annotated[bool | None, typer.Option("--sworn/--not-sworn", help="Whether they are a sworn officer.")] = None,
    role: Annotated[str | None, typer.Option(help=f"One of {', '.join(ROLES)}.")] = None,
) -> None:
    """Correct what an account says of its person, whose sessions end. Residents are told it as it is from then on.

    Example: enlace liaison change ana@example.org --title en="Sergeant" --title es="Sargento" --sworn
    """
    from bot.content.library import load

    given = {
        "name": None if name is None else _name(name),
        "title": _titles(title) if title else None,
        "departments": department or None,
        "languages": language or None,
        "sworn": sworn,
        "role": role,
    }
    changes = {what: value for what, value in given.items() if value is not None}
    if not changes:
        fail("nothing to change: `enlace liaison change --help` says what can be")
    _check(
        load(load_settings().data_dir), [role] if role else [], department or [], language or [], _titles(title or [])
    )
    _with_accounts(lambda accounts: accounts.change(email, changes))
    typer.echo(f"{email} is changed, and has to sign in again")
    if department:
        typer.echo("what they still have of a department that they no longer see: release it in the console")


@app.command()
def reset(email: Email) -> None:
    """Give an account a new password, second factor and recovery codes, and end its sessions.

    Example: enlace liaison reset ana@example.org
    """
    _show(_with_accounts(lambda accounts: accounts.reset(email)))


@app.command()
def disable(email: Email) -> None:
    """Switch an account off, at once. What its person did stays in the audit under their name.

    Example: enlace liaison disable ana@example.org
    """
    _with_accounts(lambda accounts: accounts.set_active(email, False))
    typer.echo(f"{email} can't sign in any more; release or close their conversations in the console")


@app.command()
def enable(email: Email) -> None:
    """Switch an account on again.

    Example: enlace liaison enable ana@example.org
    """
    _with_accounts(lambda accounts: accounts.set_active(email, True))
    typer.echo(f"{email} can sign in again")


@app.command("list")
def list_() -> None:
    """List the accounts.

    Example: enlace liaison list
    """
    from rich import box
    from rich.table import Column, Table

    names = ("email", "name", "role", "departments", "lang", "sworn", "active", "codes\nleft")
    columns = (Column(name, overflow="fold") for name in names)
    table = Table(*columns, box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    for row in _with_accounts(lambda accounts: accounts.everybody()):
        table.add_row(
            row.email,
            row.name,
            row.role,
            ", ".join(row.departments),
            ", ".join(row.languages),
            "yes" if row.sworn else "no",
            "yes" if row.active else "no",
            str(len(row.recovery)),
        )
    show(table) if table.row_count else typer.echo("no accounts yet: `enlace liaison add --help`")


def _name(text: str) -> str:
    """A name as residents read it; ends the command where it isn't one line of at most 80 characters."""
    from bot.errors import BadRequest
    from bot.text import line

    try:
        name = line(text, _NAME_CHARS)
    except BadRequest:
        name = ""
    if not name or len(text.strip().splitlines()) > 1:
        fail(f"residents read the name: write it after --name, on one line of at most {_NAME_CHARS} characters")
    return name


def _titles(parts: list[str]) -> dict[str, str]:
    """Titles by language, from LANGUAGE=TEXT."""
    return dict(part.partition("=")[::2] for part in parts)


def _check(
    library: Library, roles: list[str], departments: list[str], languages: list[str], titles: dict[str, str]
) -> None:
    """Ends the command where one of them isn't known, or a title is empty."""
    for what, given, known in (
        ("role", roles, ROLES),
        ("department", departments, library.departments),
        ("language", languages, library.languages),
        ("title's language", titles, library.languages),
    ):
        for value in given:
            if value not in known:
                fail(f"unknown {what} {value!r}: it is one of {', '.join(known)}")
    for code, text in titles.items():
        if not text.strip():
            fail(f"residents read the title: write it after --title {code}=")


def _with_accounts(work: Callable[[Accounts], Awaitable[T]], conflict: str = "") -> T:
    from bot.database.engine import migrate, open_engine
    from bot.errors import Conflict, NotFound
    from bot.liaisons.accounts import Accounts
    from bot.liaisons.sessions import check_key
    from bot.secrets import load_secrets

    async def run() -> T:
        settings = load_settings()
        engine = open_engine(settings.database)
        try:
            await migrate(engine)
            secrets = load_secrets(settings)
            await check_key(engine, secrets)
            return await work(Accounts(engine, secrets))
        finally:
            await engine.dispose()

    try:
        return asyncio.run(run())
    except Conflict:
        fail(f"that email {conflict}", code=1)
    except NotFound:
        fail("no account has that email: `enlace liaison list` shows them all", code=1)


def _show(credentials: Credentials) -> None:
    import segno

    typer.echo(f"password: {credentials.password}\n\nScan this with an authenticator app:\n")
    segno.make(credentials.uri, error="l").terminal(compact=True)
    typer.echo(f"\nor type it in: {credentials.uri}\n\nrecovery codes, each of which stands in for the app once:")
    for code in credentials.recovery:
        typer.echo(f"  {code}")
    typer.echo("\nNone of this is shown again. The password can be changed in the console, under Settings.")
