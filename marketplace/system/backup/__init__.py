"""Backups: made while the application writes, proved by restoring them, rotated, restored."""
