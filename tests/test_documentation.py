"""The documentation keeps step: links lead somewhere, lists are complete, what is pasted works."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from dotenv import dotenv_values
from nginx_server import running_application

from marketplace.environment import Environment
from marketplace.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (".", "docs", "docs/decisions", "nginx", "benchmarks")
PAGES = sorted(page for folder in FOLDERS for page in (ROOT / folder).glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))

    inside = [link for link in links if "://" not in link]
    assert [link for link in inside if not (page.parent / link).exists()] == []


def test_every_decision_is_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))

    numbered = re.findall(r"^(\d+)\. \[(.+)\]\(decisions/(.+)\)$", index, re.MULTILINE)
    titles = [page.read_text(encoding="utf-8").splitlines()[0] for page in pages]
    assert [name for _, _, name in numbered] == [page.name for page in pages]
    assert [f"# {title}" for _, title, _ in numbered] == titles
    assert [int(number) for number, _, _ in numbered] == list(range(1, len(pages) + 1))


def test_every_package_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = project["dependencies"] + project["optional-dependencies"]["dev"]
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")

    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", page, re.MULTILINE)
    explained = [name for row in rows for name in row.split(", ")]
    assert sorted(explained) == sorted(["package", "---", *declared])


def test_the_example_names_every_setting_with_its_default(monkeypatch, tmp_path):
    asked = set()
    text = Environment.text
    monkeypatch.setattr(
        Environment, "text", lambda self, name, *rest: asked.add(name) or text(self, name, *rest)
    )
    example = {name: value or "" for name, value in dotenv_values(ROOT / ".env.example").items()}

    place = {"MARKETPLACE_INSTANCE_PATH": str(tmp_path)}
    shown = Settings.from_environment(example | place)

    assert example.keys() == {f"MARKETPLACE_{name}" for name in asked}
    assert shown == Settings.from_environment(place)
    assert ROOT / example["MARKETPLACE_INSTANCE_PATH"] == Settings.instance_path


def test_a_copied_example_becomes_production_by_what_production_needs(tmp_path):
    example = {name: value or "" for name, value in dotenv_values(ROOT / ".env.example").items()}
    needed = {
        "MARKETPLACE_ENVIRONMENT": "production",
        "MARKETPLACE_INSTANCE_PATH": str(tmp_path),
        "MARKETPLACE_SECRET_KEY": "f3b1c97de8240a6655fe01ab9cd37742",
        "MARKETPLACE_PUBLIC_URL": "https://api.example.org",
    }

    assert not Settings.from_environment(example | needed).demo_data


@pytest.mark.slow
def test_the_first_request_works_when_pasted(tmp_path):
    blocks = re.findall(r"```\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    [pasted] = [block for block in blocks if "curl" in block]
    with running_application(tmp_path, MARKETPLACE_DEMO_DATA="on") as port:
        ours = pasted.replace("http://127.0.0.1:8000", f"http://127.0.0.1:{port}")

        done = subprocess.run(["bash", "-c", ours], capture_output=True, text=True, check=True)

    assert '"full_name":"' in done.stdout
