"""The binding of CEL, where an expression has no translation, or what went wrong has to be said in its words."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from guardrails.checks.cel import EvaluationError, Expression, Fields, Scope, count_values
from guardrails.checks.cel_functions import FUNCTIONS
from guardrails.documents.document import ParseError

MAX_VALUES = 10_000_000
"""Most values that are converted for the expressions about one tree; nodes inside nodes count each time."""


class Bound:
    """What expressions see of a scope by way of the binding.

    Converting a value for the binding costs more than most expressions do. So a variable is converted when it is
    first used, and then only the members that the expression names; again, when another expression needs more. The
    binding wraps each function anew for each node, so it gets those that are called. It also copies all variables each
    time: so expressions about ``root``, which may be large, have a bench of their own, and others do not pay for it.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._benches: dict[bool, _Bench] = {}
        self._count = 0

    def forget(self, *names: str) -> None:
        """Variables have other values now."""
        for bench in self._benches.values():
            for name in names:
                bench.converted.pop(name, None)

    def value(self, expression: Expression, params: Mapping[str, Any]) -> Any:
        """The value of an expression; raises EvaluationError, and ParseError when the tree is too large."""
        rooted = any(name == "root" for name, _ in expression.needs)
        bench = self._benches.get(rooted)
        if bench is None:
            bench = self._benches[rooted] = _Bench()
        for name, needed in expression.needs:
            if name == "params":
                if params is not bench.params:
                    self._set(bench, name, dict(params))
                    bench.params = params
            else:
                self._convert(bench, name, needed)
        for name in expression.functions:
            if name not in bench.functions:
                bench.context.add_function(name, FUNCTIONS[name])
                bench.functions.add(name)
        try:
            return _program(expression.source).execute(bench.context)
        except Exception as error:  # noqa: BLE001 - each mistake in the judged file comes as another class
            raise EvaluationError(_words(error)) from None

    def _convert(self, bench: _Bench, name: str, fields: Fields) -> None:
        if name in bench.converted:
            known = bench.converted[name]
            if known is None or (fields is not None and fields <= known):
                return
            fields = None if fields is None else fields | known
        value = self._scope.variable(name)
        if fields is not None and isinstance(value, dict):
            value = {field: value[field] for field in fields if field in value}
        else:
            fields = None
        self._set(bench, name, value)
        bench.converted[name] = fields

    def _set(self, bench: _Bench, name: str, value: Any) -> None:
        self._count += count_values(value)
        if self._count > MAX_VALUES:
            raise ParseError("it is too large and too deep to be judged by expressions")
        try:
            bench.context.add_variable(name, value)
        except ValueError:
            bench.context.add_variable(name, _representable(value))


class _Bench:
    """The binding's context, and what was put into it."""

    __slots__ = ("context", "converted", "functions", "params")

    def __init__(self) -> None:
        self.context = binding().Context()
        self.converted: dict[str, Fields] = {}
        self.functions: set[str] = set()
        self.params: Any = None


@lru_cache(maxsize=4096)
def _program(source: str) -> Any:
    return binding().compile(source)


@lru_cache(maxsize=1)
def binding() -> Any:
    """The extension module of ``common-expression-language``, without the package around it.

    The package imports a command line: 170 ms. The extension imports ``logging``, 10 ms, to note what goes wrong in
    functions, which EvaluationError tells as well; so it gets a stand-in that listens to nothing.
    """
    from importlib.machinery import PathFinder  # noqa: PLC0415 - the rest of a run may not need it

    name = "cel.cel"
    if name in sys.modules:  # it cannot be started twice in a process
        return sys.modules[name]
    package = PathFinder.find_spec("cel")
    spec = PathFinder.find_spec(name, package.submodule_search_locations) if package else None
    if spec is None or spec.loader is None:
        raise ImportError("the package common-expression-language is not installed")
    logging = sys.modules.get("logging")
    sys.modules["logging"] = _NO_LOGGING
    try:
        module: Any = spec.loader.create_module(spec)
        spec.loader.exec_module(module)
    finally:
        if logging is None:
            del sys.modules["logging"]
        else:
            sys.modules["logging"] = logging
    sys.modules[name] = module
    return module


_NO_LOGGING: Any = SimpleNamespace(getLogger=lambda _: SimpleNamespace(isEnabledFor=lambda _: False))


def _representable(value: Any) -> Any:
    """A copy of a value with what CEL has no values for replaced: lone surrogates, odd keys and huge numbers.

    Judging the copy is safer than giving up: one odd character elsewhere would switch ``when`` off.
    """
    if isinstance(value, dict):
        return {_key(key): _representable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_representable(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and abs(value) >= 2**63:
        return float("inf") if value > 0 else float("-inf")
    return value


def _key(key: Any) -> str | int:
    if isinstance(key, int) and abs(key) < 2**63:
        return key
    return "null" if key is None else str(key).encode("utf-8", "replace").decode()


def _words(error: Exception) -> str:
    """The reason why an expression has no value, as part of a sentence."""
    text = str(error)
    if isinstance(error, KeyError):
        text = f"no such key: {error.args[0]}"
    elif text.startswith("No such overload"):
        text = "a value has the wrong type"
    elif match := re.match(r"Undefined variable or function: '(\w+?)_?'", text):
        # All names were known when the expression was compiled: so the function does not take these values.
        text = f"{match[1]}() does not take a value of this type"
    elif match := re.match(r"Function '(\w+?)_?' error: (?:Python function call failed: (\w+): )?([\s\S]*)", text):
        name, kind, reason = match.groups()
        wrong_type = kind in {"TypeError", "AttributeError"}
        text = f"{name}() does not take a value of this type" if wrong_type else f"{name}(): {reason}"
    # What the binding adds in further sentences is advice for programmers.
    text = " ".join(text.partition(". C")[0].split()).rstrip(".")
    return text if len(text) <= 160 else text[:157] + "..."
