"""Categories and services."""
