"""Everything that one running Enlace is made of, started and stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from actions import all_actions
from bot import training
from bot.actions_server import ActionServer
from bot.channels.flood import Flood
from bot.channels.whatsapp.channel import WhatsApp, check_numbers
from bot.channels.whatsapp.intake import forget_ids
from bot.content.library import Library, load
from bot.content.names import names
from bot.content.watch import watch
from bot.conversations.delivery import Channel, Dispatcher, Listeners
from bot.conversations.outbox import OutboxStore
from bot.conversations.ownership import Ownership
from bot.conversations.store import Store
from bot.database.alone import alone
from bot.database.engine import migrate, open_engine
from bot.encoder import Encoder, encoder_name, for_training
from bot.examples import by_language
from bot.handoffs.alarms import Alarms
from bot.handoffs.desk import Desk
from bot.handoffs.keeper import Keeper
from bot.handoffs.mail import Mail
from bot.handoffs.news import News
from bot.handoffs.retention import Retention
from bot.handoffs.webhook import Webhook
from bot.i18n import Catalogs
from bot.language import LanguageDetector
from bot.liaisons.accounts import Accounts
from bot.liaisons.sessions import Sessions, check_key
from bot.limits import Limits
from bot.rasa import START_S, RasaClient, RasaProcess, environment, free_port
from bot.rendering.renderer import Renderer
from bot.retrieval.cache import VectorCache
from bot.retrieval.decision import Decision
from bot.safety import SafetyRules
from bot.secrets import Secrets, load_secrets
from bot.settings import Settings
from bot.turns.answering import Answering
from bot.turns.reading import Reading
from bot.turns.turns import Turns
from bot.unserved import UnservedLanguages, words

log = logging.getLogger(__name__)

T = TypeVar("T")

Progress = Callable[[str], None]
"""Told, in a few words, what is being done."""


class Runtime:
    """A running Enlace. Build it, then `async with runtime.run()`."""

    library: Library
    catalogs: Catalogs
    store: Store
    desk: Desk
    answering: Answering
    turns: Turns
    renderer: Renderer
    listeners: Listeners
    flood: Flood
    rasa: RasaClient
    secrets: Secrets
    accounts: Accounts
    sessions: Sessions
    ownership: Ownership
    outbox: OutboxStore
    retention: Retention
    news: News
    detector: LanguageDetector
    safety: SafetyRules
    unserved: UnservedLanguages
    whatsapp: WhatsApp | None = None
    """The channel, where it is set up."""

    def __init__(self, settings: Settings, progress: Progress = log.info) -> None:
        """Reads nothing and opens nothing yet."""
        self.settings = settings
        self._progress = progress
        self._tasks: set[asyncio.Task[Any]] = set()

    @contextlib.asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Start everything, yield once it answers, stop everything."""
        settings = self.settings
        self.library = load(settings.data_dir)
        check_numbers(settings.whatsapp_numbers, self.library.departments)
        for problem in self.library.stale:
            log.warning("%s", problem)
        self.catalogs = Catalogs(settings.locales_dir, self.library.languages)
        self.renderer = Renderer(self.library, self.catalogs, settings.retention_days)
        self.listeners = Listeners()
        self.flood = Flood(settings)
        async with contextlib.AsyncExitStack() as stack:
            engine = open_engine(settings.database)
            stack.push_async_callback(engine.dispose)
            await stack.enter_async_context(alone(engine))
            await migrate(engine)
            self.store = Store(engine)
            self.secrets = load_secrets(settings)
            await check_key(engine, self.secrets)
            self.desk = Desk(self.store, self.secrets, self.renderer, self.changed)
            self.accounts, self.sessions = Accounts(engine, self.secrets), Sessions(engine, self.secrets)
            self.ownership = Ownership(engine)
            self.outbox = OutboxStore(engine, settings.deliver_for_s)
            # Their ids are deleted also where there is no WhatsApp any more.
            self.retention = Retention(engine, settings.retention_days, settings.contact_days, forget_ids)
            self.news = News(engine)
            await stack.enter_async_context(self.news.running())
            # The website fetches its messages; sending one is telling those who listen.
            web = Channel("web", self._send_web)
            self._dispatchers = [Dispatcher(self.outbox, web, self.news.publish)]

            encoder_loading = asyncio.create_task(asyncio.to_thread(self._load_encoder))
            model = training.model_path(settings, self.library)
            if not await asyncio.to_thread(training.whole, model):
                # Training needs both cores and the vectors: first the one, then the other.
                await encoder_loading
                await asyncio.to_thread(self._train)
            stack.enter_context(training.in_use(model))

            token = settings.rasa_token.get_secret_value() if settings.rasa_token else secrets.token_urlsafe(32)
            actions = ActionServer(settings.actions_port, token)
            await stack.enter_async_context(actions.run())
            url, process = settings.rasa_url, None
            if url is None:
                process = self._rasa_process(model, actions.url, token)
                url = process.url
                self._progress("starting Rasa (about 20 s)")
                await process.start()
                stack.push_async_callback(process.stop)
            self.rasa = RasaClient(url, token, settings.rasa_timeout_s)
            stack.push_async_callback(self.rasa.close)

            encoder = await encoder_loading
            self.answering = await asyncio.to_thread(self._build_answering, encoder)
            self.turns = Turns(self.store, self.answering, self.retention, self.rasa, self.renderer, self.changed)
            actions.serve(all_actions(self.answering, self.unserved.names))
            if process:
                await process.wait_ready(self.rasa)
            else:
                if not await self.rasa.ready():
                    self._progress(f"no Rasa answers at {url}; waiting for one, {START_S:.0f} s at most")
                await self.rasa.wait_ready(f"look whether it runs at {url}, and with which model (docs/operations.md)")
            if settings.whatsapp_numbers:
                self.whatsapp = self._whatsapp()
                self._dispatchers.append(Dispatcher(self.outbox, self.whatsapp.channel, self.news.publish))
                await stack.enter_async_context(self.whatsapp.running())
            for dispatcher in self._dispatchers:
                dispatcher.start()
                stack.push_async_callback(dispatcher.stop)  # before the channel that it sends by
            self.in_background(self.turns.recover())
            await stack.enter_async_context(self._keeper().running())
            watching = asyncio.create_task(watch(settings.data_dir, self._content_changed))
            stack.push_async_callback(_cancel, watching)
            stack.push_async_callback(self._finish_tasks)
            yield

    def _content_changed(self, library: Library) -> bool:
        was = self.library
        if (library.departments.keys(), library.languages.keys()) != (was.departments.keys(), was.languages.keys()):
            log.error(
                "departments or languages have come or gone: start again to serve them; until then nothing changes"
            )
            return False
        self.library = self.renderer.library = library
        return True

    def in_background(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `work` to its end even if the one who asked for it goes away."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def whole(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for `work`, which goes on to its end even if the one who waits goes away.

        A stream ends whenever its reader leaves. That must not cut off a transaction: the pool would get a connection
        back that may still hold the database's lock.
        """
        return await asyncio.shield(self.in_background(work))

    async def _finish_tasks(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self.settings.rasa_timeout_s)

    def _load_encoder(self) -> Encoder:
        self._progress("loading the sentence encoder")
        return Encoder(self.settings.encoder_model, self.settings.encoder_threads)

    def _train(self) -> None:
        self._progress("training, once for each change of what is learned (a minute or two)")
        training.train(self.settings, self.library, self._vectors(), self._vector_progress)

    def _vectors(self) -> VectorCache:
        return training.vector_cache(self.settings, lambda: for_training(self.settings.encoder_model))

    def _vector_progress(self, done: int, total: int) -> None:
        self._progress(f"sentence vectors: {done} of {total}")

    def _rasa_process(self, model: Path, actions_url: str, token: str) -> RasaProcess:
        env = environment(
            ENLACE_RASA_TOKEN=token,
            ENLACE_ACTIONS_URL=actions_url,
        )
        log_file = self.settings.var_dir / "logs" / "rasa.log"
        return RasaProcess(self.settings.rasa_python, model, free_port(), env, log_file)

    def _build_answering(self, encoder: Encoder) -> Answering:
        settings, library = self.settings, self.library
        cache = self._vectors()
        self._progress(
            "reading what search and the safety net have learned (if it isn't there, it is made: a minute or two)"
        )
        index, net = training.index_and_net(settings, library, cache, self._vector_progress)
        said = by_language(settings.data_dir, library)
        self.detector = LanguageDetector(said, names(library))
        self.safety = SafetyRules()
        self.unserved = UnservedLanguages(settings.data_dir / "unserved.yml", library.languages, words(said.values()))
        decision = Decision.load(settings.data_dir / "calibration" / "decision.yml")
        decision.check(encoder_name(settings.encoder_model))
        limits = Limits(settings.data_dir, {name: each.profile for name, each in library.departments.items()})
        encoder.keep_to_its_threads()
        encoder.queries(["¿Está lista?"])  # the first pass is several times slower than the others
        return Answering(
            store=self.store,
            desk=self.desk,
            encoder=encoder,
            rasa=self.rasa,
            reading=Reading(self.store, encoder, index, decision, self.renderer, limits.elsewhere),
            detector=self.detector,
            safety=self.safety,
            net=net,
            renderer=self.renderer,
            unserved=self.unserved,
            limits=limits,
        )

    def _whatsapp(self) -> WhatsApp:
        return WhatsApp(
            settings=self.settings,
            engine=self.store.engine,
            secrets=self.secrets,
            turns=self.turns,
            renderer=self.renderer,
            catalogs=self.catalogs,
            detector=self.detector,
            safety=self.safety,
            changed=self.changed,
            tell=[each.trouble for each in self._ways().values()],
        )

    def _ways(self) -> dict[str, Mail | Webhook]:
        """How people are told who don't look at the console."""
        settings = self.settings
        ways: dict[str, Mail | Webhook] = {}
        if settings.smtp_host:
            ways["email"] = Mail(self.store.engine, settings, self.library, self.catalogs)
        if settings.webhook_url and settings.webhook_secret:
            secret = settings.webhook_secret.get_secret_value()
            ways["webhook"] = Webhook(settings.webhook_url, secret, settings.public_url)
        return ways

    def _keeper(self) -> Keeper:
        settings, engine = self.settings, self.store.engine
        ways = {name: way.send for name, way in self._ways().items()}
        return Keeper(
            engine=engine,
            renderer=self.renderer,
            alarms=Alarms(engine, settings.alarm_every_s, ways),
            retention=self.retention,
            patience_s=settings.patience_s,
            finish_leaving=self.turns.finish_leaving,
            forget=self.rasa.forget,
            publish=self._tell,
        )

    def _tell(self, conversation_id: str, event: str) -> None:
        for dispatcher in self._dispatchers:
            dispatcher.wake()
        self.news.publish(conversation_id, event)

    def changed(self, conversation_id: str) -> None:
        """Something in a conversation is new: have it sent, and tell the consoles."""
        self._tell(conversation_id, "changed")

    @staticmethod
    def clock() -> float:
        """Seconds that only ever go forward."""
        return time.monotonic()

    async def _send_web(self, row: Any) -> None:
        self.listeners.wake(row.conversation_id)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
