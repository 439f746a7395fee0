"""Formats: bytes become values with positions. Nothing here reads a file."""
