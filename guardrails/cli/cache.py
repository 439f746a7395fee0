"""``guardrails cache``: show what is kept between runs, or clear it."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from guardrails.engine import cache
from guardrails.engine.results import RECENT

_KINDS = {"plan": "compiled rules", "results": "results of files"}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "action", nargs="?", choices=("show", "clear"), default="show", help="show, the default, or clear"
    )
    parser.epilog = "GUARDRAILS_CACHE_DIR says where it is, empty for nowhere; GUARDRAILS_CACHE_MB how large it may get"


def run(args: Namespace) -> int:
    """Show or clear the cache."""
    folder = cache.folder()
    if not folder:
        sys.stdout.write("nothing is kept between runs: GUARDRAILS_CACHE_DIR is empty\n")
        return 0
    if args.action == "clear":
        cache.clear(folder)
    entries = cache.entries(folder)
    total = sum(size for _, size in entries)
    lines = [f"{folder}: {_megabytes(total)} of at most {_megabytes(cache.limit())}"]
    for kind, what in _KINDS.items():
        sizes = {name: size for name, size in entries if name.startswith(f"{kind}-")}
        # A repository's newest results lie beside the others, which is nobody's concern.
        count = len({name.removesuffix(RECENT) for name in sizes})
        number = f"{count} {'entry' if count == 1 else 'entries'}"
        lines.append(f"  {what + ':':<18} {number:>12} {_megabytes(sum(sizes.values())):>10}")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _megabytes(size: int) -> str:
    return f"{size / 10**6:.1f} MB"
