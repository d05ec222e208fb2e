"""The two demo accounts everybody may sign in with, and the password all demo accounts share."""

from __future__ import annotations

DEMO_PASSWORD = "sea-breeze-42"  # noqa: S105 - public on purpose: it opens made-up accounts only
DEMO_SPECIALIST = "demo_specialist"
DEMO_CLIENT = "demo_client"
