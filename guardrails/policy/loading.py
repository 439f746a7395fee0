"""YAML text becomes policies; every error of every file is reported in one go."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from typing import Any

from guardrails import globs
from guardrails.documents.document import ParseError, Path, Root
from guardrails.documents.yaml import STRICT as YAML
from guardrails.errors import PolicyError, UserError, UserErrors
from guardrails.findings import Enforcement, Severity
from guardrails.policy.model import Example, Match, Policy, Rule
from guardrails.policy.terms import ANY_WAIVER, BUILTIN, PROFILES, Schedule, Source, Waivable, day
from guardrails.policy.validation import validate


def schema(name: str) -> dict[str, Any]:
    """The published JSON Schema ``policy`` or ``config``."""
    loaded: dict[str, Any] = json.loads(files(__package__).joinpath("schema", f"{name}.json").read_bytes())
    return loaded


def load(sources: Iterable[Source]) -> tuple[Policy, ...]:
    """All policies, sorted by id; raises UserErrors with everything that is wrong in any of the files."""
    policies, errors = load_valid(sources)
    if errors:
        raise UserErrors(errors)
    return policies


def load_valid(sources: Iterable[Source]) -> tuple[tuple[Policy, ...], list[UserError]]:
    """The policies that are valid, sorted by id, and what is wrong with the others."""
    policies: dict[str, Policy] = {}
    errors: list[UserError] = []
    for source in sources:
        try:
            policy = _built_in(source) if source.pack == BUILTIN else _checked(source)
        except UserErrors as found:
            errors += found.errors
            continue
        if policy.id in policies:
            other = policies[policy.id].path
            errors.append(PolicyError(f"policy '{policy.id}' stands in {other} too", path=source.path, line=1))
        policies[policy.id] = policy
    return tuple(policies[id] for id in sorted(policies)), errors


def _built_in(source: Source) -> Policy:
    """A shipped policy: what is checked by our tests is not checked once more by everybody's first run."""
    try:
        return _policy(source, parse_yaml(source.data, source.path, PolicyError))
    except (KeyError, TypeError, ValueError):
        return _checked(source)  # Somebody is working on it.


def _checked(source: Source) -> Policy:
    root = parse_yaml(source.data, source.path, PolicyError)
    errors = validate(root, schema("policy"), source.path, PolicyError)
    if errors:
        raise UserErrors(errors)
    policy = _policy(source, root)
    rules = policy.rules
    errors = [error for number, rule in enumerate(rules) for error in _rule_errors(root, number, rule, rules[:number])]
    errors += _glob_errors(root, source.path)
    if errors:
        raise UserErrors(errors)
    return policy


def _policy(source: Source, root: Root) -> Policy:
    value = root.value
    shared = (match(value["match"]),) if "match" in value else ()
    rules = tuple(_rule(source, root, number, shared) for number in range(len(value["rules"])))
    return Policy(
        id=value["policy"],
        title=value["title"],
        category=value["category"],
        owner=value["owner"],
        rationale=value["rationale"].strip(),
        rules=rules,
        pack=source.pack,
        path=source.path,
    )


def parse_yaml(data: bytes, path: str, kind: type[UserError]) -> Root:
    """The single tree of a YAML file that people write for us; raises UserErrors of ``kind``."""
    try:
        text = data.decode("utf-8-sig")
        roots = YAML.parse(text).roots
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserErrors([kind("the file is not UTF-8 text", path=path, line=line)]) from None
    except ParseError as error:
        raise UserErrors([kind(error.message, path=path, line=error.line, column=error.column)]) from None
    if len(roots) != 1:
        what = "is empty" if not roots else f"holds {len(roots)} YAML documents"
        raise UserErrors([kind(f"the file {what}", path=path, line=1, hint="write exactly one document")])
    return roots[0]


def _rule(source: Source, root: Root, number: int, shared: tuple[Match, ...]) -> Rule:
    policy = root.value
    value = policy["rules"][number]
    at = root.at("rules", number)
    (kind,) = value["check"]
    own = (match(value["match"]),) if "match" in value else ()
    return Rule(
        id=f"{policy['policy']}/{value['id']}",
        title=value["title"],
        severity=Severity[value["severity"].upper()],
        enforcement=schedule(value.get("enforcement", "block")),
        profile=value.get("profile", PROFILES[0]),
        match=shared + own,
        kind=kind,
        block=value["check"][kind],
        message=value.get("message", value["title"]),
        rationale=value.get("rationale", policy["rationale"]).strip(),
        remediation=value["remediation"].strip(),
        references=tuple(value.get("references", ())),
        controls=tuple(value.get("controls", ())),
        waivable=_waivable(value.get("waivable", True)),
        fix=value.get("fix"),
        parameters=value.get("parameters", {}),
        examples=tuple(
            _example(example, 0 if source.pack == BUILTIN else at.span(("examples", position)).line)
            for position, example in enumerate(value.get("examples", ()))
        ),
        category=policy["category"],
        owner=policy["owner"],
        pack=source.pack,
        path=source.path,
        line=at.span(("id",)).line,
        history=_history(root, number),
        places={} if source.pack == BUILTIN else _places(at.at("check", kind)),
    )


def _history(root: Root, number: int) -> int:
    """The line by which past commits are judged too: the rule's own word, or else that of its policy; 0 for none."""
    own: Path = ("rules", number)
    level = own if "history" in root.at(*own).value else ()
    return root.span((*level, "history")).line if root.at(*level).value.get("history") else 0


def match(value: Mapping[str, Any]) -> Match:
    """A ``match`` block as data."""
    formats = value.get("format", ())
    return Match(
        paths=tuple(value.get("paths", ())),
        exclude=tuple(value.get("exclude", ())),
        formats=(formats,) if isinstance(formats, str) else tuple(formats),
        max_size=parse_size(value.get("max-size", 0)),
    )


def schedule(value: str | Mapping[str, str]) -> Schedule:
    """An ``enforcement`` as data; before the first date of a dated one the rule is off."""
    if isinstance(value, str):
        return Schedule((("", Enforcement[value.upper()]),))
    steps = sorted((date, Enforcement[level.upper()]) for level, date in value.items())
    return Schedule((("", Enforcement.OFF), *steps))


_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def parse_size(value: int | str) -> int:
    """Bytes of ``5 MB``, ``512KiB`` or a plain number."""
    if isinstance(value, int):
        return value
    number = value.rstrip("BKMGi ")
    return int(float(number) * _UNITS[value[len(number) :].strip()])


EXAMPLE_DATE = "2026-01-15"
"""The day on which examples are judged that name none, so that they give the same verdict for ever."""


def _example(value: Mapping[str, Any], line: int) -> Example:
    fails = "fail" in value
    at = value.get("at", ())
    return Example(
        fails=fails,
        tree=value["fail" if fails else "pass"],
        at=(at,) if isinstance(at, str) else tuple(at),
        parameters=value.get("parameters", {}),
        line=line,
        date=value.get("date", EXAMPLE_DATE),
        before=value.get("before"),
        commits=tuple(value.get("commits", ())),
        branch=value.get("branch", ""),
        fixed=value.get("fixed"),
    )


def _waivable(value: bool | Mapping[str, Any]) -> Waivable:
    if isinstance(value, bool):
        return ANY_WAIVER if value else Waivable(allowed=False)
    return Waivable(
        inline=value.get("inline", True),
        max_days=value.get("max-days", 0),
        max_active=value.get("max-active", -1),
        require=tuple(value.get("require", ())),
        approvers=tuple(value.get("approvers", ())),
    )


def _places(root: Root) -> dict[Path, tuple[int, int]]:
    """Line and column of every node below ``root``, so that errors found later still name their place."""
    places: dict[Path, tuple[int, int]] = {}
    pending: list[Path] = [()]
    while pending:
        path = pending.pop()
        span = root.span(path)
        places[path] = (span.line, span.column)
        value = root.at(*path).value
        keys: Iterable[Any] = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        pending += [(*path, key) for key in keys]
    return places


_PARAMETER = re.compile(r"\bparams(?:\.([\w-]+)|\[['\"]([\w-]+)['\"]\])")


def _strings(value: Any) -> Iterator[str]:
    """All strings in a plain value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _rule_errors(root: Root, number: int, rule: Rule, before: tuple[Rule, ...]) -> Iterable[UserError]:
    """What the schema cannot say: unique ids, real dates, parameters that exist and fit their own schema."""

    def error(message: str, *path: str | int, hint: str = "") -> PolicyError:
        span = root.span(("rules", number, *path))
        return PolicyError(f"rule {rule.id}: {message}", path=rule.path, line=span.line, column=span.column, hint=hint)

    if any(rule.id == other.id for other in before):
        yield error("a rule with this id stands above", "id", hint="give each rule of a policy an id of its own")
    for message in schedule_errors(root.value["rules"][number].get("enforcement", "block")):
        yield error(message, "enforcement")
    for name, shape in rule.parameters.items():
        for message in parameter_errors(shape, shape["default"]):
            yield error(f"the default of parameter '{name}' {message}", "parameters", name, "default")
    paths = [match.paths + match.exclude for match in rule.match]
    texts = list(_strings([rule.block, rule.fix, rule.message, paths]))
    used = {dotted or quoted for text in texts for dotted, quoted in _PARAMETER.findall(text)}
    for name in sorted(used - set(rule.parameters)):
        known = ", ".join(sorted(rule.parameters)) or "none"
        yield error(f"uses parameter '{name}', which it does not declare", "check", hint=f"declared: {known}")


def _glob_errors(root: Root, path: str) -> Iterator[UserError]:
    """Globs of the policy's match, and of its rules', that are not valid."""
    at: list[Path] = [("match",), *(("rules", number, "match") for number in range(len(root.value["rules"])))]
    matches = [root.value.get("match", {}), *(rule.get("match", {}) for rule in root.value["rules"])]
    for where, value in zip(at, matches, strict=True):
        for key in ("paths", "exclude"):
            for position, glob in enumerate(value.get(key, ())):
                if message := glob_error(glob):
                    span = root.span((*where, key, position))
                    yield PolicyError(message, path=path, line=span.line, column=span.column, hint=GLOB_HINT)


GLOB_HINT = "globs are written as in .gitignore"


def glob_error(glob: str) -> str:
    """What is wrong with a glob, or nothing; one that takes its text from a parameter is valid so far."""
    error = globs.glob_error(_PLACEHOLDER.sub("x", glob))
    return f"glob {glob!r}: {error}" if error else ""


_PLACEHOLDER = re.compile(r"\{params\.[\w-]+\}")


def schedule_errors(value: str | Mapping[str, str]) -> Iterable[str]:
    """What is wrong with the dates of an ``enforcement``."""
    if isinstance(value, str):
        return
    levels = sorted(value, key=lambda level: Enforcement[level.upper()])
    dates = [value[level] for level in levels]
    if wrong := [date for date in dates if day(date) is None]:
        yield f"'{wrong[0]}' is not a date; write it as 2026-01-31"
    elif dates != sorted(dates):
        yield "a stricter level cannot start before a milder one"


def parameter_errors(shape: Mapping[str, Any], value: Any) -> Iterable[str]:
    """What is wrong with the value of a parameter, or with its schema."""
    from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415 - see validation.py

    try:
        Draft202012Validator.check_schema(dict(shape))
    except SchemaError as error:
        yield f"has no valid schema: {error.message}"
        return
    for found in Draft202012Validator(dict(shape)).iter_errors(value):
        yield f"does not fit its schema: {found.message}"
