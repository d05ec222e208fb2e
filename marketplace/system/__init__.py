"""What keeps the service running: health, metrics, backups, checks and demo data."""
