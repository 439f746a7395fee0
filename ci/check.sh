#!/bin/sh
# Judges a change by the policies of this repository, on any CI. Arguments go to `guardrails check`.
#
# GUARDRAILS_PACKAGE  what pip installs
# GUARDRAILS_SINCE    the commit to compare with; auto takes the base from the variables of the CI, empty judges everything
set -eu

export GUARDRAILS_SINCE="${GUARDRAILS_SINCE-auto}"

if command -v guardrails >/dev/null; then # of the image
    exec guardrails check "$@"
fi

# -I: no module of the repository that is judged takes the place of Python's own.
for python in python3 python3.14 python3.13 python3.12 python3.11 ""; do
    if [ -z "$python" ]; then
        echo "guardrails takes Python 3.11 or newer, and none is on PATH" >&2
        exit 2
    fi
    if "$python" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        break
    fi
done
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
trap 'exit 130' INT TERM
"$python" -I -m venv "$venv"
"$venv/bin/python" -I -m pip install --quiet "${GUARDRAILS_PACKAGE:-<what pip installs>}" || exit 2
"$venv/bin/guardrails" check "$@"
