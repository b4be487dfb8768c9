"""The languages: every sentence is in every catalogue, and the report speaks one of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from string import Formatter

import pytest

from reporter.archive import load
from reporter.explain import explain
from reporter.locale import LANGUAGES, CatalogueError, catalogue, sentences_of
from reporter.messages import EN
from reporter.outputs import render
from reporter.report import Report, build
from tests.sentences import not_extractable, sentences, template_words, untranslated

OTHERS = [language for language in LANGUAGES if language != EN.language]
REFERENCE = next((Path(__file__).parents[1] / "golden").glob("reference.exit-*.json.zst"))


def test_every_sentence_stands_in_the_source() -> None:
    """A sentence put together at run time could be in no catalogue."""
    assert not_extractable() == []
    assert template_words() == []


@pytest.mark.parametrize("language", OTHERS)
def test_no_sentence_is_missing(language: str) -> None:
    """`python -m tests.sentences` prints what is."""
    assert untranslated(language) == []


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_unused(language: str) -> None:
    """A sentence that changed takes its translation along."""
    assert sorted(set(catalogue(language).sentences) - sentences()) == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_places_and_edges_of_its_sentence(language: str) -> None:
    """What stands in a sentence stands in its translation, which goes where the sentence goes."""
    wrong = [
        (english, translation)
        for english, translation in catalogue(language).sentences.items()
        if _places(english) != _places(translation) or _edges(english) != _edges(translation)
    ]
    assert wrong == []


def _places(sentence: str) -> set[tuple[str, str | None, str | None]]:
    parts = Formatter().parse(sentence)
    return {(name, form, kind) for _, name, form, kind in parts if name is not None}


def _edges(sentence: str) -> tuple[bool, bool, str]:
    last = sentence[-1:] if sentence[-1:] in ".:" else ""
    return sentence[:1].isspace(), sentence[-1:].isspace(), last


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("'{unit} failed': '{unit} feilet'", "'{unit} failed': '{unit} er feilet'"),
        ("'{unit} failed': '{unit} feilet'\n'{unit} failed': '{unit} er feilet'", "'a': 'b'"),
        ("- a list", "'a': 'b'"),
        ("'a': ['b']", "'c': 'd'"),
    ],
)
def test_a_catalogue_that_contradicts_itself_is_refused(
    tmp_path: Path, first: str, second: str
) -> None:
    """Two translations of one sentence, or what is no translation, is an error."""
    (tmp_path / "part1.yml").write_text(first)
    (tmp_path / "part2.yml").write_text(second)
    with pytest.raises(CatalogueError):
        sentences_of(tmp_path)


def test_words_that_yaml_takes_for_something_else_stay_words(tmp_path: Path) -> None:
    """`no` is nei, not false; the same translation may stand in two files."""
    (tmp_path / "part1.yml").write_text("no: nei\nnone: ~\n")
    (tmp_path / "part2.yml").write_text("no: nei\n")
    assert sentences_of(tmp_path) == {"no": "nei", "none": "~"}


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_a_command_that_shows_no_report_reads_no_catalogue(argument: str) -> None:
    """The start is no slower for the languages there are."""
    code = (
        "import sys\n"
        "from reporter.cli import run_command\n"
        f"run_command([{argument!r}])\n"
        "locale = sys.modules.get('reporter.locale')\n"
        "sys.exit(locale is not None and locale.catalogue.cache_info().currsize)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def reference() -> Report:
    return build(load([REFERENCE]))


def test_the_report_in_bokmaal_uses_the_words_of_the_reference(reference: Report) -> None:
    """Its headings and labels are those of the report written by hand."""
    page = render(reference, "text", catalogue("nb"))
    for words in (
        "reference - Total System Forensics & Truth Map\nDate: ",
        "\nDEL A - SYSTEM TRUTH MAP\n\nSYSTEM LAYER (VPS / OS)\nComponent: ",
        "\nSYSTEMD SERVICES (quantum-*",
        "\n  - Status: ✅\n  - Running: YES\n  - Connected to: ",
        "\nREDIS - ACTUAL STATE\n",
        "\nAI / ML LAYER\n",
        "\nREPO & CODE STRUCTURE (VERIFIABLE ONLY)\n",
        "\nENGINES & BRAIN MODULES (RUNTIME ONLY)\n",
        "\nDEL C - WHAT IS BROKEN / DEAD\n",
        "\nDEL E - RISK CLASSIFICATION\n",
        "\nREDIS STREAMS - TRUTH TABLE\n",
        "| PRODUSER ",
        "| AKTIV? ",
        "| SIST EVENT",
        "| UKJENT ",
        "\nSLUTTORD\nHvis systemet stoppes i dag, er dette de TOPP 5 grunnene:\n1) ",
    ):
        assert words in page, words
    for words in ("PART A", "UNKNOWN", "CLOSING WORDS", "LAST EVENT", "none observed"):
        assert words not in page, words


def test_json_is_of_no_language(reference: Report) -> None:
    """The same bytes, whoever reads them."""
    assert render(reference, "json", catalogue("nb")) == render(reference, "json")


def test_an_explanation_says_that_the_rules_are_in_english(reference: Report) -> None:
    """Labels and finding are translated, the rule's documentation is not."""
    finding = next(one for one in reference.hosts[0].findings if one.verdict.citations)
    page = explain(reference, finding.id, catalogue=catalogue("nb"))
    assert f"Regelen {finding.rule}\n  (hva en regel betyr, er bare skrevet på engelsk)\n" in page
    assert "\n  sikkerhet observert, bekreftet " in page
    assert "engelsk" not in explain(reference, finding.id)
