"""Guards what runs inside Rasa's interpreter: the patch on its validator, the featurizer, and its isolation."""

from __future__ import annotations

import ast
import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.rasa import environment
from bot.settings import ROOT, Settings

NLU = sorted((ROOT / "bot/nlu").glob("*.py"))
VECTOR = np.array([0.5, -0.25, 1.0], dtype="<f4")


@pytest.fixture(scope="module")
def probe() -> dict[str, Any]:
    """What tests/nlu/probe.py found in Rasa's own environment."""
    encoded = json.dumps(base64.b64encode(VECTOR.tobytes()).decode())
    command = [str(Settings().rasa_python), str(Path(__file__).with_name("probe.py")), encoded]
    result = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("path", NLU, ids=lambda path: path.name)
def test_is_python_3_10(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 10))


@pytest.mark.parametrize("path", NLU, ids=lambda path: path.name)
def test_imports_nothing_else_of_bot(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            assert name.split(".")[0] not in {"actions", "benchmarks", "tests"}
            assert not name.startswith("bot") or name.startswith("bot.nlu")


@pytest.mark.rasa
class TestInRasa:
    """In Rasa's own interpreter."""

    def test_rasa_has_not_changed_under_the_patch(self, probe: dict[str, Any]) -> None:
        """If this fails, read the two functions again, see whether the patch still fits, then set the hashes."""
        assert probe["rasa"] == "3.6.21"
        assert probe["original"]["validate"] == "f8cdb4be68123961"
        assert probe["original"]["schema"] == "091b74aa3738d126"

    def test_the_compiled_validator_decides_as_rasas_own(self, probe: dict[str, Any]) -> None:
        assert probe["original"]["verdicts"][:2] == [True, True]
        assert True not in probe["original"]["verdicts"][4:]
        assert probe["compiled"] == probe["original"]["verdicts"]

    def test_loads_nothing_else_of_bot(self, probe: dict[str, Any]) -> None:
        assert all(name == "bot" or name.startswith("bot.nlu") for name in probe["modules"])

    def test_the_vector_becomes_a_feature_and_leaves_the_metadata(self, probe: dict[str, Any]) -> None:
        feature, metadata = probe["with_vector"]
        np.testing.assert_array_equal(np.array(feature, dtype=np.float32), VECTOR.reshape(1, -1))
        assert metadata == {"department": "kent-wa"}

    def test_a_message_without_a_vector_has_no_feature(self, probe: dict[str, Any]) -> None:
        assert probe["without_vector"][0] is None

    def test_training_without_vectors_says_the_remedy(self, probe: dict[str, Any]) -> None:
        assert "enlace train" in probe["train_without_vectors"]

    def test_an_intent_gives_way_to_a_question_where_search_is_sure(self, probe: dict[str, Any]) -> None:
        assert probe["intents"][:3] == ["faq", "thanks", "faq"]

    def test_what_only_sounds_like_a_question_is_learned_by_its_vector_alone(self, probe: dict[str, Any]) -> None:
        assert probe["intents"][3] == "out_of_scope"

    def test_a_long_conversation_keeps_its_end_its_slots_and_its_form(self, probe: dict[str, Any]) -> None:
        found = probe["tracker_store"]
        assert (found["texts"], found["loop"], found["slot"]) == ("again 29", "report_form", "what-is-asked")
        assert found["events"] <= 20, "twice what is kept at most, also while a form runs"

    def test_a_turn_that_is_not_saved_changes_nothing(self, probe: dict[str, Any]) -> None:
        assert probe["tracker_store"]["slot_after_a_failed_turn"] == "what-is-asked"

    def test_the_longest_unused_conversation_makes_room_and_one_can_be_forgotten(self, probe: dict[str, Any]) -> None:
        assert probe["tracker_store"]["kept"] == ["b", "c"]
        assert probe["tracker_store"]["after_forgetting"] == ["b"]

    def test_rasa_finds_nothing_wrong_with_the_domain_and_the_rules(self, tmp_path: Path) -> None:
        """`enlace train` leaves this out, since it takes longer than to learn."""
        faq = tmp_path / "faq.yml"
        faq.write_text("nlu:\n  - intent: faq\n    examples: |\n      - me van a pedir papeles\n", encoding="utf-8")
        command = [str(Settings().rasa_python), "-m", "bot.nlu.command", "data", "validate", "--config", "config.yml"]
        command += ["--domain", "domain.yml", "--data", "data/nlu", "data/rules", str(faq)]
        result = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
