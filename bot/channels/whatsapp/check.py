"""Whether WhatsApp is set up: the token, the numbers, the webhook and the templates, asked of Meta and of ourselves.

Each part gives findings: what is so, and, where it isn't as it has to be, what to do about it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from bot.channels.whatsapp.cloud import Cloud, NotReachedError, RefusedError, UnknownOutcomeError
from bot.channels.whatsapp.outbound import TEMPLATE, Outbound
from bot.database.tables import now
from bot.settings import Settings

Grade = Literal["good", "look", "bad"]
"""look: it works, but somebody should look at it."""

_NEEDED = ("whatsapp_business_messaging", "whatsapp_business_management")
_SOON = dt.timedelta(days=14)
_NUMBER_FIELDS = (
    "display_phone_number,verified_name,status,name_status,quality_rating,health_status,webhook_configuration"
)
_NOT_REGISTERED = {"PENDING", "UNVERIFIED", "DISCONNECTED"}
_TIMEOUT_S = 10.0
_FIELD = "messages"
_WATCHED = (
    "account_update",
    "message_template_status_update",
    "phone_number_quality_update",
    "template_category_update",
)
"""Fields that carry what operators are alarmed about."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    grade: Grade
    what: str
    remedy: str = ""


class Check:
    """One check, from the token to the templates: what comes later needs what came before."""

    def __init__(self, settings: Settings, cloud: Cloud, outbound: Outbound, languages: Mapping[str, str]) -> None:
        """`languages`: those that are served, code and name. `settings` has a number, and so all that goes with one."""
        self._settings = settings
        self._token, self._secret, self._word = (
            value.get_secret_value() if value else ""
            for value in (settings.whatsapp_token, settings.whatsapp_app_secret, settings.whatsapp_verify_token)
        )
        self._cloud = cloud
        self._outbound = outbound
        self._languages = languages
        self._app_id = ""
        self._callbacks: set[str] = set()

    async def run(self) -> AsyncIterator[Finding]:
        """Everything, in order; after a token that isn't one, nothing else can be asked."""
        async for finding in self._of_token():
            yield finding
            if finding.grade == "bad" and not self._app_id:
                return
        for part in (self._of_secret(), self._numbers(), self._account(), self._subscription(), self._webhook()):
            async for finding in part:
                yield finding
        async for finding in self._templates(submit=False):
            yield finding

    async def submit(self) -> AsyncIterator[Finding]:
        """Submit the templates that Meta does not have."""
        async for finding in self._templates(submit=True):
            yield finding

    async def _of_token(self) -> AsyncIterator[Finding]:
        try:
            found = (await self._cloud.get("/debug_token", input_token=self._token))["data"]
        except (RefusedError, NotReachedError, UnknownOutcomeError) as error:
            yield _failed("Token", error, "make a new one for the system user, and set ENLACE_WHATSAPP_TOKEN")
            return
        if not found.get("is_valid"):
            why = found.get("error", {}).get("message", "Meta does not take it")
            yield Finding("bad", f"Token: {why}", "Make a new one for the system user: ENLACE_WHATSAPP_TOKEN.")
            return
        self._app_id = str(found.get("app_id", ""))
        yield Finding("good", f"Token: Meta takes it, for the app {found.get('application', self._app_id)}")
        if missing := [scope for scope in _NEEDED if scope not in found.get("scopes", [])]:
            yield Finding("bad", f"Token: it may not {', '.join(missing)}", "Make one with these permissions.")
        if expires := found.get("expires_at"):
            at = dt.datetime.fromtimestamp(expires, dt.UTC)
            grade: Grade = "bad" if at < now() + _SOON else "look"
            remedy = "Make one that never expires, for a system user: then nobody has to think of it."
            yield Finding(grade, f"Token: it expires on {at:%Y-%m-%d}", remedy)

    async def _of_secret(self) -> AsyncIterator[Finding]:
        """Meta compares a proof made with the secret and the token, without being shown the secret."""
        proof = self._sign(self._token.encode())
        number = next(iter(self._settings.whatsapp_numbers))
        try:
            await self._cloud.get(f"/{number}", fields="id", appsecret_proof=proof)
        except RefusedError as error:
            if "appsecret_proof" in error.details:
                remedy = (
                    "Copy it from the app's basic settings: ENLACE_WHATSAPP_APP_SECRET. No webhook is taken so far."
                )
                yield Finding("bad", "App secret: it is not that of the token's app", remedy)
            return  # what else is wrong with the number is said of the number
        except (NotReachedError, UnknownOutcomeError):
            return
        yield Finding("good", "App secret: it is that of the token's app")

    async def _numbers(self) -> AsyncIterator[Finding]:
        for number, department in self._settings.whatsapp_numbers.items():
            name = f"Number {number} ({department})"
            try:
                found = await self._cloud.get(f"/{number}", fields=_NUMBER_FIELDS)
            except (RefusedError, NotReachedError, UnknownOutcomeError) as error:
                remedy = "take the phone number id, not the number, and give the system user access to its account"
                yield _failed(name, error, remedy)
                continue
            self._callbacks.update(map(str, dict(found.get("webhook_configuration") or {}).values()))
            shown = f"{name}: {found.get('display_phone_number')}, shown as “{found.get('verified_name')}”"
            health = found.get("health_status") or {}
            if (status := found.get("status")) != "CONNECTED":
                remedy = "See Account quality in WhatsApp Manager."
                if status in _NOT_REGISTERED:
                    remedy = "Register it with the API (docs/whatsapp.md, Register)."
                yield Finding("bad", f"{shown}, is {status}", remedy)
            elif health.get("can_send_message") in {"BLOCKED", "LIMITED"}:
                is_blocked = health["can_send_message"] == "BLOCKED"
                what = "may not send messages" if is_blocked else "may send messages within limits alone"
                why = "".join(f"; {reason}" for reason in _reasons(health))
                remedy = "See what WhatsApp Manager says under Account quality and Billing."
                yield Finding("bad" if is_blocked else "look", f"{shown}, {what}{why}", remedy)
            elif found.get("name_status") not in {"APPROVED", "AVAILABLE_WITHOUT_REVIEW"}:
                remedy = "Residents see the bare number until WhatsApp Manager has approved the name."
                yield Finding("look", f"{shown}, the name is {found.get('name_status')}", remedy)
            elif found.get("quality_rating") in {"YELLOW", "RED"}:
                remedy = "Residents block or report it: below RED Meta limits it."
                yield Finding("look", f"{shown}, its quality is {found['quality_rating']}", remedy)
            else:
                yield Finding("good", shown)

    async def _account(self) -> AsyncIterator[Finding]:
        account = self._settings.whatsapp_account
        if not account:
            remedy = "Set ENLACE_WHATSAPP_ACCOUNT to the id of the WhatsApp business account."
            yield Finding("bad", "Account: its templates and its webhook can't be looked at without its id", remedy)
            return
        try:
            there = {str(each["id"]) for each in await self._all(f"/{account}/phone_numbers", fields="id")}
            apps = (await self._cloud.get(f"/{account}/subscribed_apps")).get("data", [])
        except (RefusedError, NotReachedError, UnknownOutcomeError) as error:
            yield _failed(f"Account {account}", error, "give the system user full control of this account")
            return
        for number in self._settings.whatsapp_numbers:
            if number not in there:
                yield Finding("bad", f"Account {account}: number {number} is not in it", "Take the number's account.")
        for number in sorted(there - set(self._settings.whatsapp_numbers)):
            what = f"Account {account}: what residents write to its number {number} is answered by nobody"
            yield Finding("look", what, "Add it to ENLACE_WHATSAPP_NUMBERS, or take it out of this account.")
        ids = {str(each.get("whatsapp_business_api_data", {}).get("id")) for each in apps}
        if self._app_id in ids:
            yield Finding("good", f"Account {account}: it tells the token's app what comes")
        else:
            remedy = f"Subscribe it: POST /{account}/subscribed_apps with the same token (docs/whatsapp.md)."
            yield Finding("bad", f"Account {account}: it does not tell the token's app what comes", remedy)

    async def _subscription(self) -> AsyncIterator[Finding]:
        try:
            token = f"{self._app_id}|{self._secret}"
            found = (await self._cloud.get(f"/{self._app_id}/subscriptions", token=token)).get("data", [])
        except (RefusedError, NotReachedError, UnknownOutcomeError) as error:
            yield _failed("Webhook", error, "see that ENLACE_WHATSAPP_APP_SECRET is that of the token's app")
            return
        ours = next((each for each in found if each.get("object") == "whatsapp_business_account"), None)
        if ours is None:
            remedy = "Set it up in the app's WhatsApp configuration: https://…/webhooks/whatsapp."
            yield Finding("bad", "Webhook: the app has none", remedy)
            return
        self._callbacks.add(str(ours.get("callback_url")))
        fields = {str(each.get("name")) for each in ours.get("fields", [])}
        if _FIELD not in fields:
            yield Finding("bad", "Webhook: it isn't subscribed to messages", "Subscribe it to the field messages.")
        if missing := [field for field in _WATCHED if field not in fields]:
            remedy = "Subscribe it to these, too, to be told when the account, a number or a template is restricted."
            yield Finding("look", f"Webhook: it isn't subscribed to {', '.join(missing)}", remedy)

    async def _webhook(self) -> AsyncIterator[Finding]:
        """Do what Meta does: the handshake, and a signed webhook without anything in it."""
        for callback in sorted(self._callbacks - {"", "None"}):
            yield await self._knock(callback)

    async def _knock(self, callback: str) -> Finding:
        query = {"hub.mode": "subscribe", "hub.verify_token": self._word, "hub.challenge": "1158201444"}
        body = b'{"object":"whatsapp_business_account","entry":[]}'
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={self._sign(body)}"}
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_S) as client:
                shaken = await client.get(callback, params=query)
                taken = await client.post(callback, content=body, headers=headers)
                unsigned = await client.post(callback, content=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            remedy = "See that Enlace runs there, and that the certificate is one that browsers take."
            return Finding("bad", f"Webhook {callback}: no answer ({type(error).__name__})", remedy)
        if (shaken.status_code, shaken.text) != (200, query["hub.challenge"]):
            remedy = "See that the server there has this ENLACE_WHATSAPP_VERIFY_TOKEN, and that the path is right."
            return Finding("bad", f"Webhook {callback}: the handshake failed ({shaken.status_code})", remedy)
        if (taken.status_code, unsigned.status_code) != (200, 403):
            remedy = "See that the server there has this ENLACE_WHATSAPP_APP_SECRET, and that nothing rewrites bodies."
            return Finding("bad", f"Webhook {callback}: what our app signs is not taken", remedy)
        return Finding("good", f"Webhook {callback}: it knows the word, and takes what our app signs and nothing else")

    async def _templates(self, submit: bool) -> AsyncIterator[Finding]:
        account = self._settings.whatsapp_account
        if not account:
            if submit:
                remedy = "Set ENLACE_WHATSAPP_ACCOUNT to the id of the WhatsApp Business Account, and submit again."
                yield Finding("bad", "Templates: it isn't known whose they would be", remedy)
            return
        try:
            found = await self._all(f"/{account}/message_templates", name=TEMPLATE)
        except (RefusedError, NotReachedError, UnknownOutcomeError) as error:
            yield _failed("Templates", error, "give the system user full control of the account")
            return
        there = {each["language"]: each for each in found if each["name"] == TEMPLATE}
        for language, name in self._languages.items():
            definition = self._outbound.template_definition(language)
            what = f"Template {TEMPLATE} in {name} ({definition['language']})"
            if definition["language"] in there:
                yield self._template(what, there[definition["language"]], definition)
            elif submit:
                yield await self._submitted(account, what, definition)
            else:
                yield Finding("bad", f"{what}: Meta does not have it", "Run `enlace whatsapp submit`.")

    async def _submitted(self, account: str, what: str, definition: Mapping[str, Any]) -> Finding:
        try:
            answer = await self._cloud.post(f"/{account}/message_templates", definition)
        except (RefusedError, NotReachedError, UnknownOutcomeError) as error:
            return _failed(what, error, "make it in WhatsApp Manager, word for word as `docs/whatsapp.md` has it")
        return Finding("good", f"{what}: submitted, it is {answer.get('status')}")

    @staticmethod
    def _template(what: str, there: Mapping[str, Any], ours: Mapping[str, Any]) -> Finding:
        if there.get("status") != "APPROVED":
            remedy = "Wait for Meta's review, or see in WhatsApp Manager why not. Until then nobody is told of a reply."
            return Finding("bad", f"{what}: it is {there.get('status')}", remedy)
        if _words(there) != _words(ours):
            remedy = (
                "Edit it in WhatsApp Manager (once a day, ten times in 30 days). Don't delete it: Meta doesn't take "
                "the name again for 30 days."
            )
            return Finding("bad", f"{what}: its words or its button are others", remedy)
        if (category := there.get("category")) == "MARKETING":
            remedy = (
                "Meta delivers no marketing template to a US number: nobody is told of a reply. Appeal in WhatsApp "
                "Manager."
            )
            return Finding("bad", f"{what}: its category is {category}", remedy)
        if category != ours["category"]:
            remedy = "Meta has changed it, and may limit it. Appeal in WhatsApp Manager."
            return Finding("look", f"{what}: its category is {category}", remedy)
        return Finding("good", f"{what}: approved")

    def _sign(self, message: bytes) -> str:
        return hmac.new(self._secret.encode(), message, hashlib.sha256).hexdigest()

    async def _all(self, path: str, **params: str) -> list[dict[str, Any]]:
        """All pages of a list."""
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            answer = await self._cloud.get(path, limit="100", after=after, **params)
            found += answer.get("data", [])
            paging = answer.get("paging", {})
            after = str(paging.get("cursors", {}).get("after", ""))
            if not paging.get("next") or not after:
                return found


def _reasons(health: Mapping[str, Any]) -> list[str]:
    """Why a number may send no messages, or few, in Meta's words."""
    found: list[str] = []
    for entity in health.get("entities") or []:
        found += [str(error.get("error_description")) for error in entity.get("errors") or []]
        found += map(str, entity.get("additional_info") or [])
    return found


def _words(template: Mapping[str, Any]) -> list[Any]:
    """What of a template is read: Meta adds keys of its own."""
    texts: list[Any] = []
    for component in template.get("components", []):
        texts.append((component["type"], component.get("text")))
        texts += [(button["type"], button.get("text")) for button in component.get("buttons", [])]
    return sorted(map(str, texts))


def _failed(what: str, error: Exception, remedy: str) -> Finding:
    if isinstance(error, RefusedError):
        details = f": {error.details}" if error.details else ""
        return Finding(
            "bad", f"{what}: Meta refuses it (code {error.code}){details}", f"{remedy[0].upper()}{remedy[1:]}."
        )
    return Finding(
        "bad", f"{what}: Meta did not answer ({error})", "See that this machine reaches Meta, and try again."
    )
