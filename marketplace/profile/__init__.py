"""Profiles: the public face of a person."""
