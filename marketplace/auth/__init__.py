"""Users, sessions, tokens and passwords."""
