"""Settings: what is refused, in which words, and where values come from."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from settings_support import SENTENCE, assert_sentence, refusal, settings

from marketplace import create_app
from marketplace.settings import PROJECT_ROOT, RateLimitSettings

STRONG = "f3b1c97de8240a6655fe01ab9cd37742"
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": STRONG,
    "PUBLIC_URL": "https://api.example.org",
}

WRONG = [
    ("ENVIRONMENT", "prod", "'prod'", "development, staging, production"),
    ("LISTEN", "8000", "'8000'", "HOST:PORT"),
    ("LISTEN", ":8000", "':8000'", "HOST:PORT"),
    ("LISTEN", "127.0.0.1:65536", "'127.0.0.1:65536'", "HOST:PORT"),
    ("LISTEN", "127.0.0.1:http", "'127.0.0.1:http'", "HOST:PORT"),
    ("LISTEN", "127.0.0.1:٨٠٠٠", "'127.0.0.1:٨٠٠٠'", "HOST:PORT"),
    ("LISTEN", "two words:8000", "'two words:8000'", "HOST:PORT"),
    ("LISTEN", "a..b:8000", "'a..b:8000'", "HOST:PORT"),
    ("LISTEN", "-:8000", "'-:8000'", "HOST:PORT"),
    ("PROCESSES", "0", "'0'", "from 1 to 64"),
    ("PROCESSES", "65", "'65'", "from 1 to 64"),
    ("PROCESSES", "00000000640", "'00000000640'", "from 1 to 64"),
    ("THREADS", "four", "'four'", "from 1 to 64"),
    ("THREADS", "-1", "'-1'", "from 1 to 64"),
    ("THREADS", "2.5", "'2.5'", "from 1 to 64"),
    ("DATABASE_URL", "marketplace.db", "an address that cannot be read", "sqlite:///PATH"),
    ("DATABASE_URL", "mysql://localhost/x", "'mysql'", "postgresql+psycopg://"),
    ("DATABASE_URL", "postgresql+psycopg2://localhost/x", "'postgresql+psycopg2'", "sqlite:///"),
    ("DATABASE_URL", "postgresql://localhost:x/y", "that cannot be read", "sqlite:///PATH"),
    ("DATABASE_URL", "sqlite://", "'sqlite://'", "sqlite:///PATH"),
    ("DATABASE_URL", "sqlite:///:memory:", "'sqlite:///:memory:'", "sqlite:///PATH"),
    ("DATABASE_URL", "sqlite:///file::memory:?uri=true", "a query or file:", "sqlite:///PATH"),
    ("DATABASE_URL", "sqlite:////tmp/x.sqlite3?mode=memory", "a query or file:", "sqlite:///"),
    ("REDIS_URL", "localhost:6379", "an address", "redis://HOST:PORT/NUMBER"),
    ("REDIS_URL", "http://localhost", "an address of something else", "redis://"),
    ("REDIS_URL", "redis://[::1", "that cannot be read", "redis://"),
    ("REDIS_URL", "redis://localhost:port/0", "that cannot be read", "redis://"),
    ("REDIS_URL", "redis://localhost:70000/0", "that cannot be read", "redis://"),
    ("REDIS_URL", "unix:///run/redis.sock", "an address", "redis://"),
    ("REDIS_URL", "redis://localhost/cache", "more than the number", "redis://"),
    ("REDIS_URL", "redis://localhost/0/1", "more than the number", "redis://"),
    ("REDIS_URL", "redis://localhost/0?db=1", "more than the number", "redis://"),
    ("REDIS_URL", "redis://localhost?db=1", "more than the number", "redis://"),
    ("REDIS_URL", "redis://localhost/0#1", "more than the number", "redis://"),
    ("SECRET_KEY", "a" * 31, "a value of 31 bytes", "32 bytes or more"),
    ("SECRET_KEY_PREVIOUS", "b" * 31, "a value of 31 bytes", "32 bytes or more"),
    ("TRUSTED_PROXY", "localhost", "'localhost'", "IP address of one proxy"),
    ("TRUSTED_PROXY", "10.0.0.0/8", "'10.0.0.0/8'", "IP address of one proxy"),
    ("TRUSTED_PROXY", "*", "'*'", "IP address of one proxy"),
    ("TERMS_VERSION", "x" * 41, "'xxx", "1 to 40 characters"),
    ("ADVERTISING_VERSION", "x" * 41, "'xxx", "1 to 40 characters"),
    ("REQUIRE_CONSENT", "yes", "'yes'", "on, off"),
    ("ERASURE_JOURNAL", "/nowhere/at/all.jsonl", "'/nowhere/at/all.jsonl'", "folder that exists"),
    ("ERASURE_JOURNAL", "docs", "'docs'", "a file in a folder"),
    ("RETENTION_CODES_DAYS", "0", "'0'", "from 1 to 3650"),
    ("RETENTION_SESSIONS_DAYS", "3651", "'3651'", "from 1 to 3650"),
    ("RETENTION_MESSAGES_DAYS", "month", "'month'", "from 1 to 3650"),
    ("RETENTION_OUTBOX_DAYS", "29", "'29'", "MARKETPLACE_RETENTION_MESSAGES_DAYS, or more"),
    ("BRAND", "x" * 51, "'xxx", "1 to 50 characters"),
    ("BRAND", "Beauty\nGo", "characters that cannot be shown", "readable text"),
    ("BRAND", "Beauty\udcffGo", "characters that cannot be shown", "readable text"),
    ("PUBLIC_URL", "api.example.org", "an address that cannot be read", "https://api.example"),
    ("PUBLIC_URL", "ftp://api.example.org", "'ftp://api.example.org'", "https://api.example"),
    ("PUBLIC_URL", "http://[::1", "that cannot be read", "https://api.example"),
    ("PUBLIC_URL", "https://api.example.org:x", "that cannot be read", "https://api.example"),
    ("PUBLIC_URL", "https://api.example.org/?a=b", "?a=b'", "https://api.example"),
    ("PUBLIC_URL", "https://api.example.org/#top", "#top'", "https://api.example"),
    ("CORS_ORIGINS", "*", "'*'", "exact origins"),
    ("CORS_ORIGINS", "https://app.example.org, https://*.example.org", "'https://*.", "exact"),
    ("CORS_ORIGINS", "https://app.example.org/", "'https://app.example.org/'", "exact origins"),
    ("CORS_ORIGINS", "https://(app|www).example.org", "'https://(app", "exact origins"),
    ("CORS_ORIGINS", "https://App.example.org", "'https://App.", "exact origins"),
    ("CORS_ORIGINS", "https://[::1]:3000", "'https://[::1]:3000'", "exact origins"),
    ("CORS_ORIGINS", "https://app.example.org:99999", "that cannot be read", "exact origins"),
    ("CORS_ORIGINS", "https://-..", "'https://-..'", "exact origins"),
    ("CORS_ORIGINS", "https://-app.example.org", "'https://-app.", "exact origins"),
    ("CORS_ORIGINS", "https://app..example", "'https://app..example'", "exact origins"),
    ("CORS_ORIGINS", "app.example.org", "'app.example.org'", "exact origins"),
    ("CORS_ORIGINS", "null", "'null'", "exact origins"),
    ("RATE_LIMITS", "no", "'no'", "on, off"),
    ("DEMO_DATA", "yes", "'yes'", "on, off"),
    ("LOG_LEVEL", "verbose", "'verbose'", "DEBUG, INFO, WARNING, ERROR"),
    ("LIMIT_LOGIN_ADDRESS", "ten/minute", "'ten/minute'", "COUNT/PERIOD"),
    ("LIMIT_LOGIN_ACCOUNT", "0/minute", "'0/minute'", "COUNT/PERIOD"),
    ("LIMIT_REGISTRATION", "20/fortnight", "'20/fortnight'", "COUNT/PERIOD"),
    ("LIMIT_ANONYMOUS", "600", "'600'", "COUNT/PERIOD"),
    ("LIMIT_SIGNED_IN", "10/minute;5/hour", "'10/minute;5/hour'", "COUNT/PERIOD"),
]


@pytest.mark.parametrize(("name", "value", "holds", "may_hold"), WRONG)
def test_a_wrong_value_is_refused_in_one_sentence(
    tmp_path: Path, name: str, value: str, holds: str, may_hold: str
) -> None:
    told = refusal(tmp_path, **{name: value})

    assert_sentence(told, name, holds=holds, may_hold=may_hold)


HIDDEN = "hunter2-and-more"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", HIDDEN),
        ("SECRET_KEY_PREVIOUS", HIDDEN),
        ("DATABASE_URL", f"mysql://root:{HIDDEN}@localhost/x"),
        ("DATABASE_URL", f"mysql://localhost/x?password={HIDDEN}"),
        ("DATABASE_URL", f"postgresql://root:{HIDDEN}@localhost:port/x"),
        ("REDIS_URL", f"http://:{HIDDEN}@localhost"),
        ("REDIS_URL", f"redis://:{HIDDEN}@localhost:port"),
        ("PUBLIC_URL", f"https://root:{HIDDEN}@api.example.org"),
        ("CORS_ORIGINS", f"https://root:{HIDDEN}@app.example.org"),
    ],
)
def test_a_refused_secret_is_not_shown(tmp_path: Path, name: str, value: str) -> None:
    told = refusal(tmp_path, **{name: value})

    assert f"MARKETPLACE_{name}" in told
    assert HIDDEN not in told


def test_accepted_secrets_are_not_shown_either(tmp_path: Path) -> None:
    key = STRONG + HIDDEN
    urls = {
        "DATABASE_URL": f"postgresql://root:{HIDDEN}@localhost/x",
        "REDIS_URL": f"redis://:{HIDDEN}@localhost/0",
    }

    accepted = settings(tmp_path, SECRET_KEY=key, SECRET_KEY_PREVIOUS=key, **urls)

    assert HIDDEN not in repr(accepted)


@pytest.mark.parametrize("environment", ["production", "staging"])
@pytest.mark.parametrize(
    ("name", "value", "holds"),
    [
        ("SECRET_KEY", "", "nothing"),
        ("SECRET_KEY", "a1b2c3d4" * 4, "a value that can be guessed"),
        ("SECRET_KEY", "please-change-me-f3b1c97de8240a6655fe", "a value that can be guessed"),
        ("SECRET_KEY_PREVIOUS", "My-Default-Key-f3b1c97de8240a6655fe", "can be guessed"),
        ("PUBLIC_URL", "", "nothing"),
        ("PUBLIC_URL", "http://api.example.org", "'http://api.example.org'"),
        ("CORS_ORIGINS", "*", "'*'"),
        ("CORS_ORIGINS", "http://app.example.org", "'http://app.example.org'"),
        ("RATE_LIMITS", "off", "'off'"),
        ("DEMO_DATA", "on", "'on'"),
        ("REDIS_URL", "", "nothing"),
    ],
)
def test_production_and_staging_refuse_what_development_may_hold(
    tmp_path: Path, environment: str, name: str, value: str, holds: str
) -> None:
    given = PRODUCTION | {"PROCESSES": "2", "REDIS_URL": "redis://cache/0"}

    told = refusal(tmp_path, **given | {"ENVIRONMENT": environment, name: value})

    assert_sentence(told, name, holds=holds)


def test_development_may_hold_what_production_may_not(tmp_path: Path) -> None:
    relaxed = settings(
        tmp_path,
        SECRET_KEY="please-change-me-" * 3,
        PUBLIC_URL="http://10.0.2.2:8000/",
        CORS_ORIGINS="http://localhost:3000 , https://app.example.org",
        RATE_LIMITS="OFF",
        DEMO_DATA="off",
        LOG_LEVEL="debug",
        LIMIT_LOGIN_ADDRESS="3/5 minutes",
        LISTEN="[::1]:8000",
    )

    assert relaxed.public_url == "http://10.0.2.2:8000"
    assert relaxed.docs_url == "http://10.0.2.2:8000/api/docs/"
    assert relaxed.cors_origins == ("http://localhost:3000", "https://app.example.org")
    assert (relaxed.rate_limits, relaxed.demo_data) == (False, False)
    assert relaxed.log_level == "DEBUG"
    assert relaxed.limits == RateLimitSettings(login_address="3/5 minutes")
    assert (relaxed.host, relaxed.port) == ("::1", 8000)


def test_production_starts_with_its_three_values_and_is_closed_by_default(tmp_path: Path) -> None:
    strict = settings(tmp_path, **PRODUCTION, DATABASE_URL="postgres://app@db/market")

    assert (strict.is_production_like, strict.rate_limits, strict.demo_data) == (True, True, False)
    assert (strict.cors_origins, strict.trusted_proxy) == ((), "")
    assert strict.database_url == "postgresql+psycopg://app@db/market"
    assert list(tmp_path.iterdir()) == []


def test_the_keys_of_openssl_are_not_taken_for_guessable(tmp_path: Path) -> None:
    key = "9f12345ad0c4be6717f0a2d98135ceb06a4f12345bd7e8c090a1b2c3d4e5f607"

    assert settings(tmp_path, **PRODUCTION | {"SECRET_KEY": key}).secret_key == key


def test_development_makes_its_key_once_for_the_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    made = settings(folder).secret_key

    again = settings(folder).secret_key

    assert made == again
    assert len(made) >= 64
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
    assert settings(tmp_path / "other").secret_key != made


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 40])
def test_a_spoilt_development_key_is_told_of(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret_key").write_bytes(content)

    told = refusal(tmp_path)

    assert str(tmp_path / "secret_key") in told
    assert "\n" not in told


@pytest.mark.parametrize("path", ["taken/instance", "~nobody-of-this-name/instance"])
def test_an_instance_folder_that_cannot_be_made_is_told_of(tmp_path: Path, path: str) -> None:
    (tmp_path / "taken").write_text("a file")
    given = path if path.startswith("~") else str(tmp_path / path)

    told = refusal(tmp_path, INSTANCE_PATH=given)

    assert told.startswith(f"MARKETPLACE_INSTANCE_PATH holds {given!r}, but it may hold only")


def test_every_accepted_redis_address_is_one_the_limits_understand(tmp_path: Path) -> None:
    for address in ("redis://127.0.0.1:6379/5", "rediss://cache.invalid", "redis://:pw@127.0.0.1"):
        create_app(settings(tmp_path, REDIS_URL=address))


@pytest.mark.parametrize(
    ("name", "value"), [("PROCESSES", "many"), ("SECRET_KEY", "short"), ("REDIS_URL", "redis://[")]
)
def test_a_wrong_value_ends_the_start_with_its_sentence_alone(name: str, value: str) -> None:
    environ = {**os.environ, f"MARKETPLACE_{name}": value}

    ended = subprocess.run(
        [sys.executable, "-m", "marketplace", "run"],
        cwd=PROJECT_ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 2
    assert SENTENCE.fullmatch(ended.stderr.strip())
    assert f"MARKETPLACE_{name} " in ended.stderr
    assert ended.stdout == ""
