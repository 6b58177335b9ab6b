"""Guards the reading of webhooks: every published kind is understood or counted, and nothing that comes raises."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.whatsapp.commands import Commands
from bot.channels.whatsapp.inbound import Item, Other, Received, Status, UnreadableError, read
from bot.content.yamlfile import ContentError
from bot.problems import sentence
from bot.settings import ROOT

FILES = sorted((ROOT / "tests" / "fixtures" / "whatsapp").glob("*.json"))
BODIES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FILES}


def only(name: str) -> Item:
    """The one item of an example."""
    (item,) = read(BODIES[name])
    return item


@pytest.mark.parametrize("name", BODIES)
def test_every_example_is_understood_or_counted(name: str) -> None:
    found = read(BODIES[name])
    assert found or BODIES[name]["entry"] in ([], [{"id": "2001", "changes": []}]) or name.startswith("empty")
    broken = [item for item in found if isinstance(item, Other) and item.kind.startswith("broken")]
    assert broken == []


@pytest.mark.parametrize(
    ("name", "kind", "choice"),
    [
        ("message_text", "text", None),
        ("message_text_reply", "text", None),
        ("message_text_referral", "text", None),
        ("message_text_no_phone", "text", None),
        ("message_button_reply", "choice", "…"),
        ("message_list_reply", "choice", "…"),
        ("message_template_button", "choice", "…"),
        ("message_image", "unread", "image"),
        ("message_video", "unread", "video"),
        ("message_voice", "unread", "audio"),
        ("message_audio", "unread", "audio"),
        ("message_sticker", "unread", "sticker"),
        ("message_document", "unread", "document"),
        ("message_location", "unread", "location"),
        ("message_contacts", "unread", "contacts"),
        ("message_order", "unread", "order"),
        ("message_unsupported", "unread", "other"),
        ("message_future_type", "unread", "other"),
        ("message_interactive_future_reply", "choice", "…"),
        ("message_reaction", "reaction", None),
        ("message_edit", "edit", None),
        ("message_revoke", "revoke", None),
        ("message_request_welcome", "welcome", None),
        ("system_user_changed_number", "moved", None),
        ("system_user_changed_number_2026", "moved", None),
        ("system_user_changed_user_id", "moved", None),
        ("user_id_update", "moved", None),
    ],
)
def test_each_kind_of_message_is_what_it_is(name: str, kind: str, choice: str | None) -> None:
    item = only(name)
    assert isinstance(item, Received)
    assert item.kind == kind
    if choice == "…":
        assert item.choice
        assert item.text
    else:
        assert item.choice == choice
    assert item.phone or item.user


def test_what_is_kept_of_a_message_is_what_is_made_use_of() -> None:
    for name in BODIES:
        for item in read(BODIES[name]):
            if isinstance(item, Received):
                kept = item.model_dump_json()
                assert "profile" not in kept
                assert "latitude" not in kept
                assert "sha256" not in kept
                assert "https://" not in kept or "https://" in item.text


def test_a_batch_gives_all_that_is_in_it() -> None:
    for name in ("several_messages", "several_contacts", "several_changes", "several_entries", "several_statuses"):
        body = BODIES[name]
        values = [change["value"] for entry in body["entry"] for change in entry["changes"]]
        there = [each["id"] for value in values for key in ("messages", "statuses") for each in value.get(key, [])]
        assert len(there) > 1
        assert [item.id for item in read(body) if not isinstance(item, Other)] == there


@pytest.mark.parametrize("name", [name for name in BODIES if name.startswith("status_failed")])
def test_a_failure_says_its_code(name: str) -> None:
    item = only(name)
    assert isinstance(item, Status)
    assert item.status == "failed"
    assert item.error
    assert item.error > 100


def alarm(name: str, **changed: Any) -> str | None:
    """What an operator is told of the one change of an example, some of it changed."""
    body = copy.deepcopy(BODIES[name])
    body["entry"][0]["changes"][0]["value"].update(changed)
    (item,) = read(body)
    assert isinstance(item, Other)
    return item.alarming


@pytest.mark.parametrize(
    ("name", "alarming"),
    [
        ("account_update_ban", "DISABLE"),
        ("account_update_violation", "ACCOUNT_VIOLATION"),
        ("account_update_volume_tier", None),
        ("phone_number_quality_update", None),
        ("phone_number_quality_update_downgrade", "DOWNGRADE"),
        ("message_template_status_update_paused", "PAUSED"),
        ("message_template_status_update_flagged", "FLAGGED"),
        ("message_template_status_update_approved", None),
        ("template_category_update", "MARKETING"),
        ("template_category_update_announced", "MARKETING"),
        ("errors_130429", None),
    ],
)
def test_what_only_an_operator_can_put_right_is_an_alarm(name: str, alarming: str | None) -> None:
    assert alarm(name) == alarming


@pytest.mark.parametrize("event", ["UNFLAGGED", "REINSTATED", "PENDING", "UNARCHIVED", "IN_APPEAL"])
def test_good_news_of_a_template_is_no_alarm(event: str) -> None:
    assert alarm("message_template_status_update_paused", event=event) is None


@pytest.mark.parametrize(
    "event",
    [
        "AD_ACCOUNT_LINKED",
        "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE",
        "BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE",
        "PARTNER_ADDED",
        "PARTNER_APP_INSTALLED",
    ],
)
def test_what_changes_nothing_about_an_account_is_no_alarm(event: str) -> None:
    assert alarm("account_update_violation", event=event) is None


def test_a_ban_says_what_becomes_of_it() -> None:
    assert alarm("account_update_ban", ban_info={"waba_ban_state": "REINSTATE"}) is None
    assert alarm("account_update_ban", ban_info={"waba_ban_state": "SCHEDULE_FOR_DISABLE"}) == "SCHEDULE_FOR_DISABLE"
    assert alarm("account_update_ban", event="ACCOUNT_RECONNECTED") is None


@pytest.mark.parametrize("name", ["message_template_status_update_paused", "template_category_update"])
def test_a_template_that_is_not_ours_is_no_alarm(name: str) -> None:
    assert alarm(name, message_template_name="offers") is None


def test_a_template_that_is_for_use_again_is_no_alarm() -> None:
    assert alarm("template_category_update", new_category="UTILITY") is None


@pytest.mark.parametrize(("code", "alarming"), [(131042, "131042"), (190, "190"), ("190", None), (None, None)])
def test_an_error_of_a_number_is_an_alarm_where_somebody_has_to_put_it_right(code: Any, alarming: str | None) -> None:
    assert alarm("errors_130429", errors=[{"code": code}]) == alarming


def test_a_message_of_a_group_is_not_answered() -> None:
    assert all(isinstance(item, Other) for item in read(BODIES["message_group_text"]))


@pytest.mark.parametrize("payload", [None, [], 1, "text", {}, {"entry": {}}, {"object": "x", "entry": 3}])
def test_what_is_no_webhook_is_unreadable(payload: Any) -> None:
    with pytest.raises(UnreadableError):
        read(payload)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in a JSON value."""
    if isinstance(value, dict):
        pairs: Any = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    else:
        return [path]
    return [path, *(each for key, inner in pairs for each in places(inner, (*path, key)))]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_shape_that_nobody_foresaw_raises_nothing(data: st.DataObject) -> None:
    body = copy.deepcopy(BODIES[data.draw(st.sampled_from(sorted(BODIES)))])
    inside = places(body["entry"])[1:]
    if not inside:
        return
    *way, last = data.draw(st.sampled_from(inside))
    target = body["entry"]
    for key in way:
        target = target[key]
    target[last] = data.draw(JSON_VALUES)
    for item in read(body):
        assert isinstance(item, (Received, Status, Other))


@pytest.fixture(scope="module")
def commands() -> Commands:
    """Those that are served."""
    return Commands(ROOT / "data")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("STOP", "stop"),
        (" alto!! ", "stop"),
        ("Baja", "stop"),
        ("PARAR.", "stop"),
        ("dar de baja", "stop"),
        ("Ya no me escriban.", "stop"),
        ("¡No quiero más mensajes!", "stop"),
        ("Stop texting me", "stop"),
        ("no more messages", "stop"),
        ("detener", None),
        ("start", "start"),
        ("Iniciar", "start"),
        ("BORRAR", "erase"),
        ("erase", "erase"),
        ("abrir", "open"),
        ("OPEN", "open"),
        ("no", None),
        ("cancelar", None),
        ("un alto de policía, ¿qué hago?", None),
        ("stop and frisk", None),
        ("", None),
    ],
)
def test_an_order_to_the_channel_is_a_whole_message(commands: Commands, text: str, command: str | None) -> None:
    assert commands.find(text) == command


def test_a_thumb_of_any_colour_says_the_same(commands: Commands) -> None:
    assert [commands.helpful(emoji) for emoji in ("👍", "👍🏽", "👎🏿", "❤️", "🌮")] == [True, True, False, True, None]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "[stop, stop all,",
            "[stop, no,",
            "whatsapp.yml:5: commands.stop.1: Value error, it is no text to YAML: put it in",
        ),
        ("  open: [", "  opens: [", "whatsapp.yml:4: commands.open: Field required"),
        ("[open, abrir,", "[[open, abrir,", "whatsapp.yml:10: not valid YAML: "),
        ("reactions:\n", "", "whatsapp.yml:4: reactions: Field required"),
        ("  helpful: [", "  helpful: 👍 # [", "whatsapp.yml:11: reactions.helpful: Input should be a valid list"),
    ],
)
def test_a_slip_in_the_commands_is_a_sentence_with_file_and_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    good = (ROOT / "data" / "whatsapp.yml").read_text(encoding="utf-8")
    assert good.count(old) == 1
    (tmp_path / "whatsapp.yml").write_text(good.replace(old, new), encoding="utf-8")
    with pytest.raises(ContentError) as slip:
        Commands(tmp_path)
    assert said in str(sentence(slip.value))


def test_the_examples_are_there() -> None:
    assert len(FILES) > 140
    assert Path(FILES[0]).exists()
