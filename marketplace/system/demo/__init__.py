"""Demo data: a made-up marketplace that is the same for everybody who loads it."""
