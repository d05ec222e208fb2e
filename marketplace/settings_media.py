"""The environment variables of media: where files are kept and fetched, and who scans them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote

from marketplace.environment import Environment, SettingsError, shown, split_address, wrong

# With the longest name after it, an address still fits the column that keeps it.
MAX_PUBLIC_URL = 180
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_HOST = re.compile(r"[0-9a-z.:-]+")
_REGION = re.compile(r"[a-z0-9-]{1,40}")
_SWITCH = {"on": True, "off": False}
_S3_FORM = "only s3://KEY:SECRET@HOST:PORT/BUCKET, with ?secure=off or &region=NAME after it"
_CLAMAV_FORM = "only tcp://HOST:PORT or unix:///PATH"


@dataclass(frozen=True)
class Bucket:
    """A bucket of an S3-compatible server."""

    endpoint: str
    name: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    secure: bool = True
    region: str = "us-east-1"


@dataclass(frozen=True)
class Scanner:
    """Where clamd listens: a host and port, or the path of a socket."""

    host: str = ""
    port: int = 0
    path: str = ""


@dataclass(frozen=True)
class MediaSettings:
    """Checked and complete. Without a bucket files are kept in the instance folder."""

    bucket: Bucket | None = None
    public_url: str = ""
    scanner: Scanner | None = None


def read_media(env: Environment, *, strict: bool) -> MediaSettings:
    """Read them; `strict` is said outside development. Raises `SettingsError`."""
    return MediaSettings(
        bucket=read_bucket(env, "MEDIA_URL"),
        public_url=_public_url(env.text("MEDIA_PUBLIC_URL").rstrip("/"), strict=strict),
        scanner=_scanner(env.text("CLAMAV_URL")),
    )


def read_bucket(env: Environment, name: str) -> Bucket | None:
    """The bucket a variable names, or None. Raises `SettingsError`."""
    value = env.text(name)
    if not value:
        return None
    parts = split_address(name, value, _S3_FORM)
    if parts.scheme != "s3" or parts.fragment:
        raise wrong(name, "an address of something else", _S3_FORM)
    if not parts.username or not parts.password:
        raise wrong(name, "an address without a key and its secret", _S3_FORM)
    if not _HOST.fullmatch(str(parts.hostname)):
        raise wrong(name, "an address that cannot be read", _S3_FORM)
    bucket = parts.path.strip("/")
    if not _BUCKET.fullmatch(bucket):
        raise wrong(name, "an address without the name of one bucket", _S3_FORM)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    secure = options.pop("secure", "on")
    region = options.pop("region", "us-east-1")
    if options or secure not in _SWITCH or not _REGION.fullmatch(region):
        raise wrong(name, "an address with other options", _S3_FORM)
    return Bucket(
        endpoint=_endpoint(parts),
        name=bucket,
        access_key=unquote(parts.username),
        secret_key=unquote(parts.password),
        secure=_SWITCH[secure],
        region=region,
    )


def _endpoint(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def _public_url(value: str, *, strict: bool) -> str:
    if not value:
        return value
    may_hold = (
        f"only an address of at most {MAX_PUBLIC_URL} characters such as "
        "https://media.example.org, https outside development"
    )
    parts = split_address("MEDIA_PUBLIC_URL", value, may_hold)
    kinds = ("https",) if strict else ("http", "https")
    extra = "@" in value or parts.query or parts.fragment or len(value) > MAX_PUBLIC_URL
    if parts.scheme not in kinds or extra:
        raise wrong("MEDIA_PUBLIC_URL", shown(value), may_hold)
    return value


def _scanner(value: str) -> Scanner | None:
    if not value:
        return None
    if value.startswith("unix:///") and len(value) > len("unix:///"):
        return Scanner(path=value.removeprefix("unix://"))
    parts = split_address("CLAMAV_URL", value, _CLAMAV_FORM)
    extra = parts.path or parts.query or parts.fragment or "@" in value
    if parts.scheme != "tcp" or not parts.port or extra:
        raise wrong("CLAMAV_URL", "an address of something else", _CLAMAV_FORM)
    return Scanner(host=str(parts.hostname), port=parts.port)


def media_address(settings: MediaSettings, public_url: str) -> str:
    """Where people fetch files: the address given, or the application's own `/media`. Raises
    `SettingsError` when it is too long to be kept.
    """
    address = settings.public_url or f"{public_url}/media"
    if len(address) > MAX_PUBLIC_URL:
        raise SettingsError(
            f"MARKETPLACE_PUBLIC_URL holds an address of {len(public_url)} characters, but it may "
            f"hold only {MAX_PUBLIC_URL - len('/media')}; or set MARKETPLACE_MEDIA_PUBLIC_URL."
        )
    return address
