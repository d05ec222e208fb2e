"""Every text exists in both languages, and each is written in its own."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from marketplace.core import messages
from marketplace.core.errors import STATUS, Code, Message
from marketplace.core.problem_texts import PROBLEMS

CYRILLIC = re.compile("[а-яёА-ЯЁ]")
PACKAGE = Path(messages.__file__).parent.parent

CATALOGUE = (
    [(f"{code} title", (ru[0], en[0])) for code, (ru, en) in PROBLEMS.items()]
    + [(f"{code} detail", (ru[1], en[1])) for code, (ru, en) in PROBLEMS.items()]
    + [(f"field {key}", texts) for key, texts in messages.FIELDS.items()]
    + [(f"text {key}", texts) for key, texts in messages.TEXTS.items()]
)


@pytest.mark.parametrize("code", Code)
def test_every_code_has_a_status_and_its_texts(code: Code) -> None:
    assert 400 <= STATUS[code] <= 599
    assert set(code) <= set("abcdefghijklmnopqrstuvwxyz_")
    for language in messages.LANGUAGES:
        assert all(messages.problem_texts(code, language))


@pytest.mark.parametrize(("name", "texts"), CATALOGUE)
def test_each_text_is_written_in_its_language(name: str, texts: tuple[str, str]) -> None:
    russian, english = texts

    assert CYRILLIC.search(russian), name
    assert english.strip(), name
    assert not CYRILLIC.search(english), name


@pytest.mark.parametrize(("name", "texts"), CATALOGUE)
def test_both_languages_fill_in_the_same_values(name: str, texts: tuple[str, str]) -> None:
    russian, english = ({part[1] for part in Formatter().parse(text)} for text in texts)

    assert russian == english, name


def test_a_field_text_tells_its_bounds() -> None:
    message = Message("range", {"min": 5, "max": 1440})

    assert messages.field_text(message, "ru") == "Допустимо от 5 до 1440."
    assert messages.field_text(message, "en") == "Allowed from 5 to 1440."


def test_every_reason_named_in_the_code_is_in_the_catalogue() -> None:
    named = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                called = getattr(node.func, "id", getattr(node.func, "attr", ""))
                position = {"refuse": 0, "Message": 0, "invalid": 1}.get(called)
                if position is not None and position < len(node.args):
                    key = node.args[position]
                    named |= {key.value} if isinstance(key, ast.Constant) else set()

    assert len(named) > 20
    assert named <= set(messages.FIELDS)
