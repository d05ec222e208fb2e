"""The committed alerts and dashboard: of metrics that exist, and checked by Prometheus' tool."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from flask import Flask
from nginx_server import NGINX, Nginx, ask, connect, running_application
from prometheus_text import Family, parse

from marketplace.server import worker

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "deploy" / "monitoring"
PROMTOOL = shutil.which("promtool")
REQUIRED = "MARKETPLACE_TEST_REQUIRE_PROMTOOL"
_NAME = re.compile(r"\b(marketplace_[a-z_]+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'([a-z]+) ?(?:=~|!~|!=|=) ?"([^"]*)"')
# What Prometheus adds, and what only some samples of a family have.
_ADDED = {"instance", "job"}


def promtool(*arguments: str, cwd: Path = FOLDER, given: str | None = None) -> str:
    """What it says. It is skipped where there is none, or fails where it must be."""
    if PROMTOOL is None:
        if os.environ.get(REQUIRED):
            pytest.fail("promtool is required here and is not installed", pytrace=False)
        pytest.skip("promtool is not installed")
    done = subprocess.run(
        [PROMTOOL, *arguments], cwd=cwd, input=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def expressions() -> list[str]:
    """All of the alerts and the dashboard."""
    dashboard = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    asked = [each["query"]["query"] for each in dashboard["templating"]["list"][1:]]
    rules = (FOLDER / "alerts.yml").read_text(encoding="utf-8")
    alerts = re.findall(r"expr: (\|\n(?: {10,}.*\n)+|.*\n)", rules)
    assert len(alerts) == rules.count("- alert: ")
    assert len(shown) > len(alerts)
    return shown + asked + alerts


def told(app: Flask) -> dict[str, Family]:
    """The families of a scrape, by the names their samples have."""
    assert worker.work  # which declares what the server's loop tells
    app.test_client().get("/health/")
    found = {}
    for name, family in parse(app.test_client().get("/metrics").text).items():
        for sample, _ in family.samples:
            found[sample] = family
        assert name.startswith("marketplace_")
    return found


def test_every_metric_and_label_that_is_asked_for_is_told(shared_app: Flask) -> None:
    families = told(shared_app)
    named = [found for each in expressions() for found in _NAME.findall(each)]

    assert len(named) > 30
    assert {name for name, _ in named} - families.keys() == set()
    for name, matchers in named:
        labels = {label for _, pairs in families[name].samples for label, _ in pairs}
        asked = {label for label, _ in _MATCHER.findall(matchers)}
        assert asked <= labels | _ADDED, f"{name} has no {asked - labels}"


def test_values_that_are_asked_for_by_name_exist(shared_app: Flask) -> None:
    families = told(shared_app)
    rules = {str(rule) for rule in shared_app.url_map.iter_rules()}

    for each in expressions():
        for name, matchers in _NAME.findall(each):
            for label, wanted in _MATCHER.findall(matchers):
                pairs = {pair for _, labels in families[name].samples for pair in labels}
                values = {value for known, value in pairs if known == label}
                if label == "route":
                    assert set(wanted.split("|")) <= rules
                elif label in ("event", "reason", "part"):
                    assert set(wanted.split("|")) <= values, (name, label)


def test_each_metric_is_explained(shared_app: Flask) -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")

    names = {re.sub(r"_(bucket|sum|count)$", "", name) for name in told(shared_app)}
    assert {name for name in names if f"`{name}" not in page} == set()


def test_every_alert_is_tested_and_explained() -> None:
    rules = (FOLDER / "alerts.yml").read_text(encoding="utf-8")
    tests = (FOLDER / "alerts.test.yml").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")

    alerts = set(re.findall(r"- alert: (\w+)", rules))
    tested = set(re.findall(r"alertname: (\w+)\n +exp_alerts:\n", tests))
    assert tested == alerts
    assert {alert for alert in alerts if f"`{alert}`" not in page} == set()


@pytest.mark.slow
def test_the_rules_are_sound_and_do_what_their_tests_say() -> None:
    assert "rules found" in promtool("check", "rules", "alerts.yml")
    assert "SUCCESS" in promtool("test", "rules", "alerts.test.yml")
    assert "SUCCESS" in promtool("check", "config", "prometheus.yml")


@pytest.mark.slow
def test_the_dashboards_questions_can_be_read(tmp_path: Path) -> None:
    # As rules: there is no check of an expression alone.
    asked = [
        each.replace("$__rate_interval", "5m").replace("$instance", ".*")
        for each in expressions()
        if not each.startswith(("label_values", "|"))
    ]
    rules = [{"record": f"asked:{number}", "expr": each} for number, each in enumerate(asked)]
    document = {"groups": [{"name": "dashboard", "rules": rules}]}
    (tmp_path / "rules.json").write_text(json.dumps(document), encoding="utf-8")

    said = promtool("check", "rules", "rules.json", cwd=tmp_path)

    assert f"{len(asked)} rules found" in said


@pytest.mark.slow
def test_a_scraper_finds_nothing_wrong(shared_app: Flask) -> None:
    shared_app.test_client().get("/health/")
    text = shared_app.test_client().get("/metrics").text

    assert promtool("check", "metrics", given=text).strip() == ""


@pytest.mark.slow
def test_nginx_on_this_machine_does_not_open_them_to_the_world(tmp_path: Path) -> None:
    if NGINX is None:
        pytest.skip("nginx is not installed")
    with running_application(tmp_path) as port:
        nginx = Nginx(tmp_path / "conf", port)
        try:
            through = nginx.https("GET", "/metrics")
        finally:
            nginx.stop()
        direct = ask(connect(port), "GET", "/metrics")

    assert through.status == 404
    assert direct.status == 200
    parse(direct.body.decode())
