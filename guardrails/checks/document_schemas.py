"""JSON Schema over judged documents: no network, regular expressions in linear time, and errors in short words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from guardrails.documents.document import Path
from guardrails.matching import regex
from guardrails.tuples import NamedTuple

if TYPE_CHECKING:
    from jsonschema import ValidationError

Validator = Any
"""What :func:`validator` makes; a class that the library builds."""
MAX_WORDS = 200
"""Longest reason that an error carries, in characters."""


class SchemaError(NamedTuple):
    """What is wrong: with a value by its schema, or with the schema itself."""

    path: Path
    """Of the node in the value, or in the schema."""
    keyword: str
    message: str
    hint: str = ""


class Schema:
    """A JSON Schema; it pickles as plain data, and is made ready when it is first used."""

    __slots__ = ("_validator", "schema")

    def __init__(self, schema: Any) -> None:
        self.schema = schema
        self._validator: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Schema, (self.schema,)

    def mistakes(self) -> Iterator[SchemaError]:
        """What keeps the schema from being used here; to be asked when it is compiled."""
        dialect = _dialect(self.schema)
        if dialect is None:
            hint = "leave '$schema' out for 2020-12"
            yield SchemaError(("$schema",), "", "this dialect of JSON Schema is not known", hint)
            return
        invalid = [_cause(error) for error in dialect(dialect.META_SCHEMA).iter_errors(self.schema)]
        for error in invalid:
            yield SchemaError(tuple(error.absolute_path), "", f"not valid JSON Schema: {_words(error)}")
        if not invalid:
            keywords = list(_keywords(self.schema, ()))
            patterned = any(name == "patternProperties" for _, name, _ in keywords)
            for path, name, value in keywords:
                yield from _refused(self.schema, path, name, value, patterned)

    def errors(self, value: Any) -> Iterator[SchemaError]:
        """What is wrong with a value, each at the node to mend."""
        if self._validator is None:
            self._validator = _validator(self.schema)
        try:
            for error in map(_cause, self._validator.iter_errors(value)):
                yield SchemaError(tuple(error.absolute_path), str(error.validator), _words(error))
        except RecursionError:
            yield SchemaError((), "", "nested too deep for the schema")
        except (ArithmeticError, ValueError):  # of infinite and enormous numbers
            yield SchemaError((), "", "a number cannot be judged by the schema")


def _validator(schema: Any) -> Any:
    from jsonschema import validators  # noqa: PLC0415 - 75 ms that only rules with a schema pay
    from referencing import Registry  # noqa: PLC0415

    library: Any = validators
    keywords = {
        "additionalProperties": _additional_properties,
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "uniqueItems": _unique_items,
    }
    # An empty registry resolves what is in the schema, and fetches nothing.
    return library.extend(_dialect(schema), keywords)(schema, registry=Registry())


def _dialect(schema: Any) -> Any:
    from jsonschema import validators  # noqa: PLC0415

    library: Any = validators
    if isinstance(schema, dict) and "$schema" in schema:
        return library.validator_for(schema, default=None)
    return library.Draft202012Validator


def _cause(error: ValidationError) -> ValidationError:
    """Of an error in alternatives, the first error in the only one that is for values of this type."""
    while error.context:
        branches: dict[Any, list[ValidationError]] = {}
        for nested in error.context:
            branches.setdefault(tuple(nested.schema_path)[:1], []).append(nested)
        meant = [
            branch
            for branch in branches.values()
            if not any(item.validator == "type" and not item.path for item in branch)
        ]
        if len(meant) != 1:
            break
        error = meant[0][0]
    return error


def _words(error: ValidationError) -> str:
    """The library's message, without the value that is wrong: that is where the finding is."""
    text = error.message.removesuffix(" is a required property")
    if text != error.message:
        text += " is missing"
    elif error.validator in {"const", "enum"}:
        import json  # noqa: PLC0415 - the library's message has Python's words for true and null

        noun = "it is not" if error.validator == "const" else "it is none of"
        text = f"{noun} {json.dumps(error.validator_value, ensure_ascii=False, default=str)}"
    else:
        instance = repr(error.instance)
        text = "it" + text.removeprefix(instance) if text.startswith(instance) else text
    return text if len(text) <= MAX_WORDS else text[: MAX_WORDS - 3] + "..."


def _keywords(schema: Any, path: Path) -> Iterator[tuple[Path, str, Any]]:
    """Everything in a schema that may be a keyword, with its path."""
    children: Iterable[tuple[Any, Any]] = ()
    if isinstance(schema, dict):
        children = schema.items()
    elif isinstance(schema, list):
        children = enumerate(schema)
    for name, value in children:
        if isinstance(name, str):
            yield (*path, name), name, value
        if name not in {"const", "enum", "default", "examples"}:
            yield from _keywords(value, (*path, name))


def _refused(schema: Any, path: Path, name: str, value: Any, patterned: bool) -> Iterator[SchemaError]:
    patterns = {"pattern": [value], "patternProperties": value}.get(name, ())
    for pattern in patterns:
        if isinstance(pattern, str):
            try:
                regex(pattern)
            except ValueError as error:
                message = f"'{pattern}' is not a valid regular expression: {error}"
                yield SchemaError(path, "", message, "write it in RE2 syntax, which has no look-around")
    if name in {"$ref", "$dynamicRef"} and isinstance(value, str) and not _resolves(schema, value):
        hint = "refer to a part of the same schema: #/$defs/name"
        yield SchemaError(path, "", f"'{value}' is not in this schema", hint)
    if name == "unevaluatedProperties" and patterned:
        # The library would match these names by Python's regular expressions.
        message = "'unevaluatedProperties' does not go together with 'patternProperties' here"
        yield SchemaError(path, "", message, "write 'additionalProperties'")


def _resolves(schema: Any, reference: str) -> bool:
    if not reference.startswith("#"):
        return False
    node = schema
    for step in reference.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and name.isdecimal() and int(name) < len(node):
            node = node[int(name)]
        elif isinstance(node, dict) and name in node:
            node = node[name]
        else:
            return False
    return reference == "#" or reference.startswith("#/")


# Keywords that the library decides with Python's regular expressions, or by comparing each item with each other.


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    from jsonschema import ValidationError  # noqa: PLC0415

    if isinstance(value, str) and not _found(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Mapping[str, Any], value: Any, _: Any) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        for pattern, schema in patterns.items():
            for name, item in value.items():
                if _found(pattern, name):
                    yield from validator.descend(item, schema, path=name, schema_path=pattern)


def _additional_properties(
    validator: Any, allowed: Any, value: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    from jsonschema import ValidationError  # noqa: PLC0415

    if not isinstance(value, dict):
        return
    patterns = schema.get("patternProperties", {})
    for name in value:
        if name in schema.get("properties", {}) or any(_found(pattern, name) for pattern in patterns):
            continue
        if allowed is False:
            yield ValidationError(f"{name!r} is not an allowed key", path=(name,))
        else:
            yield from validator.descend(value[name], allowed, path=name)


def _unique_items(_: Any, unique: bool, value: Any, __: Any) -> Iterator[ValidationError]:
    from jsonschema import ValidationError  # noqa: PLC0415

    if unique and isinstance(value, list):
        seen = set()
        for index, item in enumerate(value):
            frozen = _frozen(item)
            if frozen in seen:
                yield ValidationError("the item is in the list twice", path=(index,))
            seen.add(frozen)


def _found(pattern: str, text: Any) -> bool:
    return regex(pattern).search(str(text).encode("utf-8", "replace")) is not None


def _frozen(value: Any) -> Any:
    """A hashable stand-in that is equal for equal values; true is not 1."""
    if isinstance(value, dict):
        return frozenset((key, _frozen(item)) for key, item in value.items())
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    return (bool, value) if isinstance(value, bool) else value
