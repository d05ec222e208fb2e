"""The examples of social sign-in. A provider's answer is given to one app once, so the requests
show their form and are refused as they stand.
"""

from __future__ import annotations

from marketplace.auth.examples import ACCOUNT, PASSWORD, TOKENS

ID_TOKEN = {
    "id_token": (
        "eyJhbGciOiJSUzI1NiIsImtpZCI6ImExYjIiLCJ0eXAiOiJKV1QifQ"
        ".eyJzdWIiOiIxMDc2OTE1MDM1MDAwNjE1MDcxNSJ9.c2lnbmF0dXJl"
    ),
    "nonce": "n-0S6_WzA2Mj",
    "role": "client",
}
VK_CODE = {
    "code": "vk2.a.r2Ee7hG1",
    "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "device_id": "3b0f7a52c1",
    "state": "af0ifjsldkj",
    "role": "client",
}
SIGNED_IN = {**TOKENS, "user": ACCOUNT, "created": False}
IDENTITY = {
    "id": 1,
    "provider": "vk",
    "email": "demo_client@example.com",
    "created_at": "2026-11-23T08:15:00Z",
    "last_used_at": "2026-11-23T09:40:00Z",
}
IDENTITIES = [IDENTITY]
UNLINK = {"current_password": PASSWORD}
