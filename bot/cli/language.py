"""`enlace language add`: begin to serve another language."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.terminal import fail, from_here, load_settings

app = typer.Typer(no_args_is_help=True, help="Serve another language.")

NEXT_STEPS = """\
{name} ({code}) is added, as `usable`: what nobody has translated yet is shown in the original. Next, by people who
speak it:

 1. {catalog}: translate the {messages} messages. Do so before this goes
    live: messages in {name} no longer get the sentence of data/unserved.yml. Its sentences say which languages are
    served: each has to be written anew.
 2. {registry}: `openings`, the words with which a message goes on from the one before it, `references`, those
    that point back to it, and `questions`, those that tell two questions in one message apart. Where Meta calls
    {name} otherwise than {code}, `whatsapp` says how.
 3. {nlu}: examples in every file; each says which. Until then these intents are learned from the
    other languages' examples alone.
 4. {topics}: a `label` (at most 24 characters) and an `example` for each topic.
 5. {answers}, the topics that matter most first: `answer`, the `text` of every
    exception, and at least {variants} `variants`. docs/content.md says how to write them.
 6. bot/safety: the rules for danger know only the languages that they were written for. Without rules in {name},
    nobody notices a cry for help in it. Phrases that they have to know go into data/safety/emergencies.jsonl, what
    only sounds like danger into near_misses.jsonl. Others, by somebody who has not read those, go into
    tests/safety/phrases. bot/privacy.py: what stands before the number of a passport, a licence or a plate; without
    it, such numbers in {name} are stored as they were written. bot/elsewhere.py, actions/language.py and
    actions/guide.py: words for the police, for languages, and for yes and no to the guide's questions.
 7. {limits}: how people ask for what is never answered. {places}: how
    the police and other places are called. {whatsapp}: STOP and the other words that
    WhatsApp takes as orders.
 8. {calibration} and tests/questions/{code}: questions, by somebody who has not read the variants.

`languages` in {department} is as it was: it says what a department names as its own. From
the next start on every department offers {name} and answers in it.

Then, and as often as you like in between:

    make catalogs               compiles the catalogs
    scripts/catalogs --check    counts the messages that are not translated yet
    enlace content check        names what is wrong, with file and line
    enlace content coverage     shows what each department has in {code}
    enlace train                learns the examples and variants

Once nothing is missing, `completeness: required` in {registry} makes the checks see to it."""


class Direction(str, Enum):
    """Which way a language is written."""

    ltr = "ltr"
    rtl = "rtl"


@app.callback()
def group() -> None:
    """Serve another language."""


@app.command()
def add(
    code: Annotated[str, typer.Argument(help="Its code in ISO 639-1.", metavar="CODE")],
    name: Annotated[str | None, typer.Option(help="Its name in itself; Babel's.", metavar="NAME")] = None,
    direction: Annotated[Direction | None, typer.Option(help="Which way it is written; Babel's.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="The folder that holds languages.yml; ENLACE_DATA_DIR.", metavar="DIR")
    ] = None,
    locales: Annotated[
        Path | None, typer.Option(help="The folder of the catalogs; ENLACE_LOCALES_DIR.", metavar="DIR")
    ] = None,
) -> None:
    """Add a language: its entry, an empty catalog and empty example files; print what people have to write next.

    Example: enlace language add pt --name Português
    """
    from babel.messages.pofile import read_po

    from bot.content.check import MIN_VARIANTS
    from bot.content.scaffold import NotAddedError, UnknownCodeError, describe, scaffold
    from bot.content.yamlfile import ContentError

    settings = load_settings()
    data, locales = data or from_here(settings.data_dir), locales or from_here(settings.locales_dir)
    try:
        language = describe(code, name, direction.value if direction else None)
        files = scaffold(code, language, data, locales)
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except (UnknownCodeError, ContentError, OSError) as error:
        fail(str(error))
    except NotAddedError as error:
        fail(str(error), code=1)
    for path in files:
        typer.echo(path)
    catalog = next(path for path in files if path.suffix == ".po")
    with catalog.open("rb") as file:
        messages = sum(bool(message.id) for message in read_po(file))
    steps = NEXT_STEPS.format(
        code=code,
        name=language.name,
        messages=messages,
        catalog=catalog,
        nlu=data / "nlu" / code,
        registry=data / "languages.yml",
        topics=data / "topics.yml",
        answers=data / "faq/<department>/answers/<topic>.yml",
        department=data / "faq/<department>/department.yml",
        variants=MIN_VARIANTS,
        limits=data / "limits.yml",
        places=data / "places.yml",
        whatsapp=data / "whatsapp.yml",
        calibration=data / "calibration" / code,
    )
    typer.echo(f"\n{steps}")
