"""The extension of PyYAML without its package, and beside it."""

from __future__ import annotations

import subprocess
import sys

import pytest

PARSE = (
    "from guardrails.documents.yaml import FORMAT\n"
    "assert FORMAT.parse('a: [1, x]').roots[0].value == {'a': [1, 'x']}\n"
    "from guardrails.documents.document import ParseError\n"
    "for text in ('a: [1', 'a: \\x01', 'a: *b'):\n"
    "    try:\n        FORMAT.parse(text)\n    except ParseError as error:\n        assert error.message\n"
    "    else:\n        raise AssertionError(text)\n"
)
PACKAGE = (
    "import yaml\n"
    "assert yaml.safe_load('a: [1, 2]') == {'a': [1, 2]} == yaml.load('a: [1, 2]', yaml.CSafeLoader)\n"
    "assert yaml.dump({'a': 1}, Dumper=yaml.CSafeDumper) == 'a: 1\\n'\n"
    "for text in ('a: [1', 'a: \\x01', 'a: *b'):\n"
    "    for loader in (yaml.SafeLoader, yaml.CSafeLoader):\n"
    "        try:\n            yaml.load(text, loader)\n        except yaml.YAMLError as error:\n            assert str(error)\n"
    "        else:\n            raise AssertionError(text)\n"
)


def run(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("code", [PARSE, PARSE + PACKAGE, PACKAGE + PARSE, PACKAGE + PARSE + PACKAGE])
def test_both_live_in_one_process_in_any_order(code: str) -> None:
    run(code)


def test_the_package_is_not_imported() -> None:
    run(
        PARSE
        + "import sys\nassert not {'yaml', 'yaml.reader', 'yaml.constructor', 'yaml.resolver'} & sys.modules.keys()\n"
    )
