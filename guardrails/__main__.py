"""``python -m guardrails``."""

import sys

if not sys.flags.safe_path:
    # Python puts the current folder first, and there the repository under judgement could answer to our imports.
    del sys.path[0]

from guardrails.cli import entry

entry()
