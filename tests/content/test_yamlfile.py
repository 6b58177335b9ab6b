"""An error in a YAML file names the line that has to change."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.content.yamlfile import ContentError, Problem, YamlFile, read_text

TEXT = """\
topic: asking
answer:
  en: >-
    Two
    lines.
  es: Una.
citations:
  - document: rules
    quote: One.
  - document: other
    quote: Two.
variants:
  en: [a, b]
"""


@pytest.mark.parametrize(
    ("location", "line"),
    [
        ((), 1),
        (("topic",), 1),
        (("answer",), 2),
        (("answer", "en"), 3),
        (("answer", "es"), 6),
        (("citations", 0), 8),
        (("citations", 0, "quote"), 9),
        (("citations", 1, "quote"), 11),
        (("variants", "en", 1), 13),
        (("answer", "fr"), 2),  # what is missing: the line of its parent
        (("citations", 7), 7),
        (("topic", "deeper"), 1),
    ],
)
def test_a_location_has_the_line_of_its_value(location: tuple[str | int, ...], line: int) -> None:
    file = YamlFile(Path("some.yml"), TEXT)
    assert file.line(*location) == line
    assert str(file.problem("wrong", *location)) == f"some.yml:{line}: wrong"


def test_lines_count_from_where_the_text_begins() -> None:
    assert YamlFile(Path("some.md"), TEXT, first_line=11).line("answer", "es") == 16


def test_a_syntax_error_names_its_line() -> None:
    with pytest.raises(ContentError) as caught:
        YamlFile(Path("some.yml"), "a: 1\nb: [1, 2\nc: 3\n", first_line=2)
    (problem,) = caught.value.problems
    assert problem.path == Path("some.yml")
    assert problem.line == 4
    assert "not valid YAML" in problem.message


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("año: 1\nb: \x07\n", "not valid YAML: control characters|not valid YAML: special characters", 2),
        ("title: x\npublished: 2019-13-45\n", "not valid YAML: month must be in 1", 2),
        ("published: 2019-02-30\n", "not valid YAML: day is out of range", 1),
        ("list:\n- 1\n- 2019-13-45\n", "not valid YAML: month must be in 1", 3),
        ("a: 1\nb: !!python/name:os.x\n", "not valid YAML: could not determine a constructor", 2),
        ("answer:\n  es: Una.\n  es: Otra.\n", "the key 'es' is there twice", 3),
        ("- a: 1\n  b: 2\n  a: 3\n", "the key 'a' is there twice", 3),
        ("same: &x {a: 1}\nother: *x\nsame: 2\n", "the key 'same' is there twice", 3),
    ],
)
def test_what_yaml_takes_without_a_word_or_not_at_all_is_reported(text: str, message: str, line: int) -> None:
    with pytest.raises(ContentError, match=message) as caught:
        YamlFile(Path("some.yml"), text, first_line=11)
    (problem,) = caught.value.problems
    assert problem.line == line + 10


def test_a_key_may_be_there_again_in_another_mapping() -> None:
    assert YamlFile(Path("some.yml"), "- {a: 1}\n- {a: {a: 2}}\n").data == [{"a": 1}, {"a": {"a": 2}}]


def test_an_empty_file_has_no_data_and_a_first_line() -> None:
    file = YamlFile(Path("some.yml"), "")
    assert file.data is None
    assert file.line("anything") == 1


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="there is no such file"):
        read_text(tmp_path / "absent.yml")
    (tmp_path / "latin.yml").write_bytes("a: año".encode("latin-1"))
    with pytest.raises(ContentError, match=r"latin\.yml:1: not UTF-8: .* at byte 4"):
        read_text(tmp_path / "latin.yml")


def test_problems_are_told_in_order_of_file_and_line() -> None:
    given = [Problem(Path("b"), 1, "x"), Problem(Path("a"), 10, "x"), Problem(Path("a"), 9, "x")]
    assert str(ContentError(given)) == "a:9: x\na:10: x\nb:1: x"
