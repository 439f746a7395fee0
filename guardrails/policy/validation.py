"""JSON Schema validation whose errors say where in the file, what is wrong and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from guardrails.documents.document import Path, Root
from guardrails.errors import UserError
from guardrails.policy.terms import did_you_mean

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator


def validate(root: Root, schema: Mapping[str, Any], file: str, kind: type[UserError]) -> list[UserError]:
    """All errors of the tree by the schema, in document order, each at the node to mend."""
    errors = []
    for error in _leaves(_validator(schema).iter_errors(root.value)):
        for path, on_key, message, hint in _explain(error):
            span = root.span(path, key=on_key)
            errors.append(kind(message, path=file, line=span.line, column=span.column, hint=hint))
    return errors


def _validator(schema: Mapping[str, Any]) -> Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 75 ms; plans from the cache never get here

    return Draft202012Validator(schema)


def _leaves(errors: Iterable[ValidationError]) -> Iterable[ValidationError]:
    """Replace "does not fit any alternative" by what is wrong with the alternative that was meant."""
    from jsonschema.exceptions import relevance  # noqa: PLC0415

    for error in errors:
        branches: dict[Any, list[ValidationError]] = {}
        for nested in error.context or ():
            branches.setdefault(nested.schema_path[0], []).append(nested)
        # An alternative of the wrong type was not the one the author meant.
        meant = [branch for branch in branches.values() if not any(_wrong_type(error, item) for item in branch)]
        if all(_only_missing(error, branch) for branch in meant):
            yield error
        elif len(meant) == 1:
            yield from _leaves(meant[0])
        elif len(meant) > 1:
            yield max((min(branch, key=relevance) for branch in meant), key=lambda item: len(item.absolute_path))
        else:
            yield error


def _only_missing(parent: ValidationError, branch: Sequence[ValidationError]) -> bool:
    """Whether an alternative fails only because its keys are not there: then none of them was begun."""
    depth = len(parent.absolute_path)
    return all(item.validator == "required" and len(item.absolute_path) == depth for item in branch)


def _wrong_type(parent: ValidationError, error: ValidationError) -> bool:
    return error.validator in {"type", "enum"} and len(error.absolute_path) == len(parent.absolute_path)


def _explain(error: ValidationError) -> Iterator[tuple[Path, bool, str, str]]:
    """Path, whether its key is meant, message and hint, for each thing that is wrong."""
    path: Path = tuple(error.absolute_path)
    schema: Any = error.schema
    wanted: Any = error.validator_value
    value: Any = error.instance
    if error.validator == "additionalProperties":
        known = list(schema.get("properties", {}))
        otherwise = f"known keys: {', '.join(known)}"
        for unknown in (key for key in value if key not in known):
            yield (*path, unknown), True, f"unknown key '{unknown}'", did_you_mean(unknown, known, otherwise)
    elif error.validator == "required":
        for missing in (key for key in wanted if key not in value):
            meaning = schema.get("properties", {}).get(missing, {}).get("description", "")
            yield path, True, f"'{missing}' is missing", f"add '{missing}:' {meaning}".rstrip()
    elif "propertyNames" in error.absolute_schema_path:
        yield (*path, value), True, f"'{value}' cannot be a key here", f"it has to match {wanted}"
    else:
        name = f"'{path[-1]}'" if path and isinstance(path[-1], str) else "the item" if path else "the file"
        yield path, False, *_explain_value(error, name, value)


def _explain_value(error: ValidationError, name: str, value: object) -> tuple[str, str]:
    """Message and hint for a value that does not fit."""
    schema: Any = error.schema
    wanted: Any = error.validator_value
    match error.validator:
        case "enum":
            choices = list(map(str, wanted))
            hint = did_you_mean(str(value), choices, f"write one of: {', '.join(choices)}")
            return f"{name} is {_short(value)}, which is not allowed here", hint
        case "type":
            nouns = " or ".join(_NOUNS[type] for type in ([wanted] if isinstance(wanted, str) else wanted))
            return f"{name} is {_short(value)}, not {nouns}", ""
        case "pattern":
            return f"{name} is {_short(value)}, which does not fit", f"it has to match {wanted}"
        case "minItems" | "minLength" | "minProperties":
            return f"{name} is empty", ""
        case "maxProperties":
            return f"{name} has more than {wanted} entries", f"keep {wanted}"
        case "oneOf" | "anyOf":
            required = [" and ".join(branch["required"]) for branch in wanted if "required" in branch]
            if required:
                return f"{name} does not say what it wants", f"write exactly one of {', '.join(required)}"
            return f"{name} is {_short(value)}, which does not fit", schema.get("description", "")
        case "dependentRequired":
            return f"{name}: {error.message.replace('dependency of', 'key for')}", ""
        case _:
            return f"{name}: {error.message}", ""


_NOUNS = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "empty",
}


def _short(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "empty"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
