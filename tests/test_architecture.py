"""The house keeps its own rules; the check of imports is first tried on trees with a breach."""

from pathlib import Path

import pytest
from flask import Flask
from import_rules import Module, breaches, read_tree

from marketplace.core.permissions import Access, access_of, declare_access
from marketplace.core.requests import refuse_undeclared

ROOT = Path(__file__).resolve().parent.parent
MAX_LINES = 300


def tree(package: Path, files: dict[str, str]) -> dict[str, Module]:
    """A package of a few files, for trying the check."""
    for path, source in files.items():
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        (package / path).write_text(source, encoding="utf-8")
    return read_tree(package)


SOUND = {
    "__init__.py": "from marketplace.auth import routes",
    "core/database.py": "import sqlalchemy",
    "core/text.py": "import unicodedata",
    "auth/__init__.py": "",
    "auth/models.py": "from marketplace.core.database import sqlalchemy",
    "auth/queries.py": "from marketplace.auth import models",
    "auth/operations.py": "from marketplace.auth.queries import models",
    "auth/identifiers.py": "import phonenumbers\nfrom marketplace.core import text",
    "auth/routes.py": "import flask\nfrom marketplace.auth import operations, queries",
    "profile/queries.py": "from marketplace.auth.models import sqlalchemy",
}
BREACHES = [
    ("core/database.py", "import marketplace.auth.models", "points back to auth.models"),
    ("auth/queries.py", "from marketplace.profile import queries", "points back to profile"),
    ("auth/queries.py", "def f():\n import marketplace.profile.queries", "points back to profile"),
    ("core/text.py", "from marketplace import create_app", "points back"),
    ("auth/models.py", "from marketplace.auth import queries", "models may not use auth.queries"),
    ("auth/queries.py", "import marketplace.auth.operations", "queries may not use auth.operat"),
    ("auth/schemas.py", "import marketplace.auth.queries", "schemas may not use auth.queries"),
    ("auth/codes.py", "import marketplace.auth.queries", "rules may not use auth.queries"),
    ("profile/routes.py", "import marketplace.auth.routes", "routes may not use auth.routes"),
    ("auth/identifiers.py", "import sqlalchemy", "is pure and imports sqlalchemy"),
    ("core/text.py", "import marketplace.core.database", "is pure and imports core.database"),
    ("auth/codes.py", '"""Codes. Pure."""\nimport redis', "is pure and imports redis"),
    ("auth/queries.py", "from flask import g", "imports flask, which is for routes"),
    ("core/database.py", "import flask_sqlalchemy", "imports flask_sqlalchemy"),
    ("auth/queries.py", "now = datetime.now(UTC)", "asks the time itself"),
    ("auth/queries.py", "from .models import User", "a relative import"),
    ("gadgets/rules.py", "import marketplace.core.text", "no known part of the house"),
]


@pytest.mark.parametrize(("path", "source", "told"), BREACHES)
def test_a_planted_breach_is_told(tmp_path: Path, path: str, source: str, told: str) -> None:
    package = tmp_path / "marketplace"

    found = breaches(tree(package, SOUND | {path: source}))

    name = path.removesuffix(".py").replace("/", ".")
    assert any(line.startswith(name) and told in line for line in found), found


def test_a_planted_cycle_is_told_and_one_inside_a_function_is_none(tmp_path: Path) -> None:
    there = "import marketplace.core.text"
    back = "import marketplace.core.database"
    ring = {"core/database.py": there, "core/text.py": f"def f():\n {back}"}
    closed = ring | {"core/text.py": back}

    assert not [line for line in breaches(tree(tmp_path / "a", ring)) if "cycle" in line]
    assert [line for line in breaches(tree(tmp_path / "b", closed)) if "cycle" in line]


def test_a_sound_tree_passes(tmp_path: Path) -> None:
    assert breaches(tree(tmp_path / "marketplace", SOUND)) == []


def test_every_import_goes_one_way() -> None:
    modules = read_tree(ROOT / "marketplace")

    assert {"", "core.clock", "auth.routes", "system.readiness"} <= modules.keys()
    assert breaches(modules) == []


def test_every_file_can_be_read_in_one_go() -> None:
    folders = ("marketplace", "tests", "benchmarks")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}

    assert len(files) > 50
    assert {str(path): count for path, count in lines.items() if count >= MAX_LINES} == {}


def test_every_route_declares_its_access(app: Flask) -> None:
    declared = {
        rule.endpoint: app.view_functions[rule.endpoint] for rule in app.url_map.iter_rules()
    }

    assert {access_of(view) for view in declared.values()} == set(Access)


def test_a_route_without_access_keeps_the_application_from_starting() -> None:
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/open/", view_func=declare_access(lambda: "", Access.ANYONE))
    refuse_undeclared(app)
    app.add_url_rule("/forgotten/", endpoint="forgotten", view_func=lambda: "")

    with pytest.raises(LookupError, match="declares no access"):
        refuse_undeclared(app)
