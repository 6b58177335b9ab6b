"""Guards a department's theme: contrast, its logo, its greeting, its first topics, who may frame it."""

from __future__ import annotations

import pytest
from small_content import Content

from bot.content.colors import contrast, ink_on


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    # W3C's own examples of contrast ratios: black on white; #777 just fails AA, #767676 just passes.
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#767676", "#ffffff", 4.54)],
)
def test_contrast_is_wcag_s(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.01)


def test_ink_is_what_reads_better() -> None:
    assert ink_on("#14532d") == "#ffffff"
    assert ink_on("#ffd400") != "#ffffff"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('theme: {accent: "#7bc796"}', "contrast of"),
        ('theme: {accent_dark: "#14532d"}', "contrast of"),
        ("theme: {logo: logo.png}", "there is no file 'logo.png'"),
        ("theme: {logo: ../secret.svg}", "logo"),
        ("theme: {position: top}", "position"),
        ("greeting: {en: Hello.}", "no greeting in 'es'"),
        ("first_topics: [nonsense]", "no answer for 'nonsense'"),
        ('sites: ["https://example.org/page"]', "sites"),
        ('sites: ["*"]', "sites"),
    ],
)
def test_what_is_wrong_with_a_theme_is_named_with_its_line(content: Content, line: str, problem: str) -> None:
    profile = content.path("department.yml")
    content.write("department.yml", profile.read_text(encoding="utf-8") + f"{line}\n")
    (found,) = content.problems()
    assert problem in found.message
    assert found.line == content.line("department.yml", line.split(":")[0])


def test_a_theme_that_is_right_is_taken(content: Content) -> None:
    content.write("logo.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    profile = content.path("department.yml").read_text(encoding="utf-8")
    theme = 'theme: {accent: "#123456", accent_dark: "#abcdef", logo: logo.svg, position: left}\n'
    rest = "greeting: {en: Hello., es: Hola.}\nfirst_topics: [language]\nsites: [https://example.org]\n"
    content.write("department.yml", profile + theme + rest)
    assert content.problems() == []
    taken = content.library().departments["small-town"].profile
    assert (taken.theme.position, taken.first_topics, taken.sites) == ("left", ["language"], ["https://example.org"])
