"""``guardrails schema``: the published JSON Schemas."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from importlib.resources import files

_PACKAGES = {
    "policy": "guardrails.policy",
    "config": "guardrails.policy",
    "waivers": "guardrails.governance",
    "report": "guardrails.reporters",
}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "name",
        choices=list(_PACKAGES),
        help="of a policy file, of .guardrails.yaml, of .guardrails/waivers.yaml, or of the output of --format json",
    )


def run(args: Namespace) -> int:
    """Print the schema."""
    text = files(_PACKAGES[args.name]).joinpath("schema", f"{args.name}.json").read_text(encoding="utf-8")
    sys.stdout.write(text)
    return 0
