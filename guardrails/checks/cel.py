"""CEL, the Common Expression Language, as files are judged by it.

Variables: ``self`` (the node), ``root`` (the tree it stands in), ``key`` (its name or index in its parent; empty for
the root), ``path`` (of the file), ``params`` (of the rule) and ``today`` (the ISO date of the run); a check kind may
add its own. Functions and macros: those of the language, and those of :mod:`guardrails.checks.cel_functions`. There is
no optional syntax (``a.?b``): test with ``has(a.b)``. Regular expressions are RE2.

What CEL means is what its binding says (:mod:`guardrails.checks.cel_binding`). Most expressions run as Python that they
were translated to (:mod:`guardrails.checks.cel_python`); the binding runs those that have no translation, and gives
the words for what goes wrong.

A loop inside a loop takes time by the product of their lengths, and so does a loop over ``root`` for each node: no
policy should do that over lists that files make long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from guardrails.checks.cel_values import Program, TooLargeError, Uncertain, load
from guardrails.tuples import NamedTuple

if TYPE_CHECKING:
    from guardrails.checks.cel_binding import Bound

VARIABLES = ("self", "root", "key", "path", "params", "today")


class EvaluationError(Exception):
    """An expression has no value here: a key is missing, or a value has the wrong type."""


class Expression(NamedTuple):
    """An expression that :func:`guardrails.checks.cel_source.compile` has checked; picklable."""

    source: str
    """As the binding gets it."""
    needs: tuple[tuple[str, Fields], ...]
    """The variables that it uses, and what of them."""
    functions: tuple[str, ...]
    """Those of FUNCTIONS that it calls."""
    program: Program = Program()
    """What it was translated to."""


Fields = frozenset[str] | None
"""The members of a mapping that are used; None for all of it."""


class Scope:
    """What expressions see while one tree is judged; ``date`` gives the day, and is asked by those about ``today``."""

    __slots__ = ("_bound", "node", "steps", "today", "values")

    def __init__(self, root: Any, path: str, date: Callable[[], str] = str) -> None:
        self.node: Any = None
        self.today = date
        self.values: dict[str, Any] = {"root": root, "path": path}
        self.steps = 0
        """How many items the loops of expressions went through."""
        self._bound: Bound | None = None

    def enter(self, node: Any, key: str | int) -> None:
        """Make ``node`` what expressions call ``self``."""
        self.node = node
        self.values["key"] = key
        if self._bound:
            self._bound.forget("self", "key")

    def put(self, name: str, value: Any) -> None:
        """Give a variable its value."""
        self.values[name] = value
        if self._bound:
            self._bound.forget(name)

    def variable(self, name: str) -> Any:
        """The value of a variable."""
        if name == "self":
            return self.node
        return self.today() if name == "today" else self.values[name]

    def holds(self, expression: Expression, params: Mapping[str, Any]) -> bool:
        """Whether an expression is true; it is not where it has no value. Raises ParseError as :meth:`value` does."""
        program = expression.program
        if program.decisive:
            try:
                return load(program.code)(self.node, params, self) is True
            except (TooLargeError, Uncertain):
                pass  # :meth:`value` knows
            except Exception:  # noqa: BLE001 - each mistake in the judged file comes as another class
                return False
        try:
            return self.value(expression, params) is True
        except EvaluationError:
            return False

    def value(self, expression: Expression, params: Mapping[str, Any]) -> Any:
        """The value of an expression; raises EvaluationError, and ParseError when the tree is too large."""
        code, strict, _ = expression.program
        if code:
            try:
                return load(code)(self.node, params, self)
            except TooLargeError:
                raise
            except KeyError as error:
                if strict and not expression.functions:
                    raise EvaluationError(f"no such key: {error.args[0]}") from None
            except Exception:  # noqa: BLE001, S110 - the binding may know better, and has the words
                pass
        if self._bound is None:
            from guardrails.checks.cel_binding import Bound  # noqa: PLC0415 - most expressions do without

            self._bound = Bound(self)
        return self._bound.value(expression, params)


def count_values(value: Any) -> int:
    """How many values a value is made of, itself among them."""
    if isinstance(value, dict):
        return 1 + sum(map(count_values, value.values()))
    if isinstance(value, list):
        return 1 + sum(map(count_values, value))
    return 1
