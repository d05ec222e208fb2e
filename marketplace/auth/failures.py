"""How often somebody was not let in."""

from __future__ import annotations

from marketplace.core.metrics import Counter

PASSWORD, PROVIDER, BLOCKED = "password", "provider", "blocked"

# Counted when they happen: a refusal commits nothing.
failed = Counter(
    "marketplace_log_ins_failed_total",
    "Log-ins refused: a wrong password, a provider's word that proves nothing, a blocked account.",
    "reason",
    (PASSWORD, PROVIDER, BLOCKED),
)
