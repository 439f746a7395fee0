"""The check kind ``relation``: what one file says has to fit what others say.

A rule has things of one side, ``each``, and all but ``unique`` those of another. A thing is a node of a document, or a
file whose content is not read. Each is known by its keys, and ``where`` compares their facts. Files are read one by
one, and only then things are related, so the rules are judged only when all files are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from guardrails.checks.base import Rule
from guardrails.checks.relation_inspector import TESTS, RelationInspector
from guardrails.checks.relation_things import Check, Side
from guardrails.documents.document import Path
from guardrails.errors import UserError, UserErrors
from guardrails.matching import GlobSet, PatternError

_NAMES = (
    "Names: self (the node), root, key (of the node in its parent), path (of the file), file (its path, name, stem \
and folder), params, today (an ISO date)."
)
_GLOBS = {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}}
_CEL = {"type": "string", "minLength": 1}
_SIDE: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "format": {
            "type": "string",
            "description": "The format or dialect, one of match.format, whose nodes are the things. Without it the "
            "things are files, which are not read: self has their path, name, stem and folder.",
        },
        "paths": {
            **_GLOBS,
            "description": "Gitignore globs of the files, within match; of files that are not read and that each is "
            "compared with, out of the whole repository.",
        },
        "exclude": {**_GLOBS, "description": "Gitignore globs of files to leave out."},
        "nodes": {"type": "string", "default": "$", "description": "JSONPath (RFC 9535) of the nodes."},
        "when": {**_CEL, "description": f"CEL; only what it is true for is a thing. {_NAMES}"},
        "key": {
            **_CEL,
            "description": "CEL that gives a string, a number or a list of them: what the thing is known by. What "
            f"it has no value for is not a thing. {_NAMES}",
        },
        "fact": {**_CEL, "description": f"CEL that gives what where sees of the thing: small plain data. {_NAMES}"},
    },
}
SCHEMA: Mapping[str, Any] = {
    "description": "Relates things that are found in different files. It is judged only when all files are.",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "each": {**_SIDE, "description": "The things that are judged, and where findings stand."},
        "in": {**_SIDE, "description": "Each key has to be the key of one of these things."},
        "not-in": {**_SIDE, "description": "No key may be the key of one of these things."},
        "unique": {"const": True, "description": "No two things have the same key; the later ones are findings."},
        "where": {
            **_CEL,
            "description": "CEL over self and other, the facts of both things, that has to be true besides; where it "
            "cannot be evaluated, it is not true. Without keys it alone decides.",
        },
        "optional": {
            "type": "boolean",
            "default": False,
            "description": "With in: nothing is judged while there is no thing to be compared with.",
        },
        "any": {
            "type": "boolean",
            "default": False,
            "description": "With in: of a thing's keys one is enough, where otherwise each has to be there.",
        },
        "at": {"type": "string", "description": "JSONPath from the node to the place to report."},
        "report": {
            "enum": ["key", "value"],
            "description": "Whether the place is that of the node's key or of its value; by default the key for "
            "mappings and lists, and the value for others.",
        },
    },
    "required": ["each"],
    "oneOf": [{"required": [test]} for test in TESTS],
}
_MESSAGES = {
    "in": "'{key}' is not known where it has to be",
    "not-in": "'{key}' is also in {other.path}",
    "unique": "'{key}' is already in {other.path}",
}
_KEYLESS = {"in": "nothing in the repository fits this", "not-in": "{other.path} does not go with this"}


class RelationKind:
    """The check kind ``relation``."""

    name = "relation"
    schema = SCHEMA

    def compile(self, rules: Sequence[Rule]) -> RelationInspector:
        """Compile all rules of the kind together; raises UserErrors with every error in them."""
        errors: list[UserError] = []
        globs: list[Sequence[str]] = []
        checks = {rule.number: _Compiler(rule, errors, globs).check() for rule in rules}
        if errors:
            raise UserErrors(errors)
        return RelationInspector(checks, GlobSet.compile(globs))


KIND = RelationKind()


class _Compiler:
    """Compiles one rule; adds what is wrong to ``errors``, and its lists of globs to those of the others."""

    def __init__(self, rule: Rule, errors: list[UserError], globs: list[Sequence[str]]) -> None:
        self.rule = rule
        self.block = rule.block
        self.test = next(test for test in TESTS if test in rule.block)
        self.errors = errors
        self.globs = globs

    def check(self) -> Check:
        """The rule ready to judge; with errors added, it is of no use."""
        names = ("each",) if self.test == "unique" else ("each", self.test)
        self.errors += self._mistakes(names)
        keyed = "key" in self.block["each"]
        message = self.rule.message or (_MESSAGES if keyed else _KEYLESS).get(self.test, "")
        return Check(
            number=self.rule.number,
            rule=self.rule.id,
            sides=tuple(map(self._side, names)),
            test=self.test,
            where=self._where(names),
            optional=self.block.get("optional", False),
            any_key=self.block.get("any", False),
            at=self._path("at"),
            report=self.block.get("report", ""),
            params=self.rule.params,
            **_words(message),
        )

    def _side(self, name: str) -> Side:
        block = self.block[name]
        when, key, fact = (self._cel((name, part), _VARIABLES) for part in ("when", "key", "fact"))
        return Side(
            format=block.get("format", ""),
            paths=self._list((name, "paths")),
            exclude=self._list((name, "exclude")),
            nodes=self._path(name, "nodes"),
            when=when,
            key=key,
            fact=fact,
        )

    def _where(self, names: Sequence[str]) -> Any:
        compiled = self._cel(("where",), ("self", "other", "params", "today"))
        for variable, name in zip(("self", "other"), names, strict=False):
            side = self.block[name]
            if compiled and variable in dict(compiled.needs) and "format" in side and "fact" not in side:
                hint = f"write what it compares: {name}: {{fact: self.name}}"
                self._error(f"'where' sees the fact of '{name}' as {variable}, and there is none", "where", hint=hint)
        return compiled

    def _mistakes(self, names: Sequence[str]) -> Iterator[UserError]:
        """What the schema cannot say."""
        error = self.rule.error
        for name in names:
            yield from self._mistakes_of_side(name)
        keyed = ["key" in self.block[name] for name in names]
        if any(keyed) != all(keyed):
            yield error("only one side has a 'key'", hint="give both sides one, or none and compare with 'where'")
        elif not any(keyed) and (self.test == "unique" or "where" not in self.block):
            yield error("nothing says when two things are the same", "each", hint="add 'key:' CEL, as file.stem")
        if self.test == "unique" and "where" in self.block:
            yield error("'where' has nothing to compare with 'unique'", "where", hint="put what counts into the key")
        for part in ("optional", "any"):
            if self.test != "in" and part in self.block:
                yield error(f"'{part}' says nothing with '{self.test}'", part, hint="remove it")

    def _mistakes_of_side(self, name: str) -> Iterator[UserError]:
        error, side = self.rule.error, self.block[name]
        if "format" not in side:
            given = ["nodes"] if "nodes" in side else []
            given += [part for part in ("at", "report") if name == "each" and part in self.block]
            for part in given:
                place = (name, part) if part == "nodes" else (part,)
                hint = f"add {name}: {{format: …}}, or remove '{part}'"
                yield error(f"'{part}' is about nodes, and the things of '{name}' are files", *place, hint=hint)
        elif side["format"] not in self.rule.formats:
            hint = f"write match: {{format: {_flow(*self.rule.formats, side['format'])}}}"
            yield error(f"'{side['format']}' is not a format that the rule matches", name, "format", hint=hint)

    def _cel(self, place: Path, variables: Sequence[str]) -> Any:
        from guardrails.checks import cel_source  # noqa: PLC0415 - plans from the cache do not need it

        return self._compiled(place, lambda source: cel_source.compile(source, variables), cel_source.ExpressionError)

    def _path(self, *place: str) -> Any:
        from guardrails.checks import jsonpath  # noqa: PLC0415 - as above

        default = jsonpath.compile("$") if place[-1] == "nodes" else None
        return self._compiled(place, jsonpath.compile, jsonpath.PathError) or default

    def _compiled(self, place: Path, compile: Callable[[str], Any], mistake: type[Exception]) -> Any:
        block = self.block
        for key in place:
            block = block.get(key, {})
        try:
            return compile(block) if block else None
        except mistake as error:
            hint = getattr(error, "hint", "")
            self._error(f"{'.'.join(map(str, place))}: {error}", *place, hint=hint)

    def _list(self, place: tuple[str, str]) -> int:
        """The number of a list of globs among all; -1 when it is not given."""
        globs = self.block[place[0]].get(place[1])
        if globs is None:
            return -1
        for position, glob in enumerate(globs):
            try:
                GlobSet.compile([[glob]])
            except PatternError as error:
                self._error(error.message, *place, position)
                return -1
        self.globs.append(globs)
        return len(self.globs) - 1

    def _error(self, message: str, *place: str | int, hint: str = "") -> None:
        self.errors.append(self.rule.error(message, *place, hint=hint))


_VARIABLES = ("self", "root", "key", "path", "params", "today", "file")


def _flow(*names: str) -> str:
    return f"[{', '.join(names)}]"


def _words(message: str) -> dict[str, Any]:
    """The message with what it says of self numbered, so that a thing holds these texts and no more of the node."""
    shown: dict[str, int] = {}
    numbered = _OF_SELF.sub(lambda match: f"{{self.{shown.setdefault(match[0], len(shown))}}}", message)
    return {"message": numbered, "shown": tuple(shown)}


_OF_SELF = re.compile(r"\{self(?:\.[\w-]+)*\}")
