"""The examples of the documentation; requests succeed against the demo data as they stand."""

from __future__ import annotations

DEVICE_IN = {"token": "fXq3-demo:APA91bE7kNwYv0example", "platform": "android"}
DEVICE = {"id": 2, "platform": "android"}
