"""Policies and kinds become a plan; a plan and a snapshot become findings."""
