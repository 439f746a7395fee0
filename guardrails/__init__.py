"""Policy-as-code governance checks for source repositories."""

__version__ = "0.1.0"
