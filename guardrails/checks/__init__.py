"""Check kinds: one file each; see :mod:`guardrails.checks.base` for the protocol."""
