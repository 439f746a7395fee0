"""Decided rules are compiled into a plan; all that is wrong with any of them is reported together."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterable, Mapping
from typing import Any

from guardrails.checks.base import CheckKind, Rule, RuleSet, Where, as_text
from guardrails.documents.document import Dialect, Format, Root, Span
from guardrails.engine.plan import Conclusions, Gate, Plan, Registry, Setting
from guardrails.errors import PolicyError, UserError, UserErrors
from guardrails.findings import Severity, digest
from guardrails.fixing.rules import Fix, mistakes
from guardrails.globs import literal
from guardrails.matching import GlobSet, PatternError
from guardrails.policy import model
from guardrails.policy.terms import BUILTIN, RuleInfo
from guardrails.references import Packed
from guardrails.tuples import NamedTuple


class Decided(NamedTuple):
    """A rule of a folder with everything settled; what :func:`compile_plan` starts from."""

    folder: str
    rule: model.Rule
    setting: Setting
    parameters: Mapping[str, Any]
    exclude: tuple[tuple[str, str], ...]


def compile_plan(
    decided: Iterable[Decided],
    registry: Registry,
    folders: Iterable[str] = (),
    known: Iterable[str] = (),
    code: str = "",
) -> Plan:
    """Compile the rules of all folders; raises UserErrors with everything wrong in any of them.

    ``folders`` are those with settings of their own, also where these leave no rule on; ``known`` are the ids of all
    rules, also of those that are off; ``code`` tells the code that will judge from any other.
    """
    builder = _Builder(registry)
    for item in decided:
        builder.add(item)
    return builder.build(folders, known, code)


class _Builder:
    """Gives equal rules of several folders one number, and equal glob lists one number."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.errors: list[UserError] = []
        self.lists: dict[tuple[str, ...], int] = {}
        self.numbers: dict[tuple[str, str], int] = {}
        self.rules: list[tuple[model.Rule, Mapping[str, Any]]] = []
        self.gates: dict[Gate, set[int]] = {}
        self.settings: dict[tuple[str, str], Setting] = {}
        self.infos: dict[str, RuleInfo] = {}

    def add(self, item: Decided) -> None:
        rule = item.rule
        key = (rule.id, repr(sorted(item.parameters.items())))
        number = self.numbers.setdefault(key, len(self.rules))
        if number == len(self.rules):
            self.rules.append((rule, item.parameters))
        substitute = _Parameters(item.parameters)
        gate = Gate(
            folder=item.folder,
            all_of=tuple(self._list(substitute(list(match.paths))) for match in rule.match if match.paths),
            none_of=tuple(
                [self._list(substitute(list(match.exclude))) for match in rule.match if match.exclude]
                + ([self._list([rebase(folder, glob) for folder, glob in item.exclude])] if item.exclude else [])
            ),
            formats=tuple(match.formats for match in rule.match if match.formats),
            max_size=min((match.max_size for match in rule.match if match.max_size), default=0),
        )
        self.gates.setdefault(gate, set()).add(number)
        self.settings[item.folder, rule.id] = item.setting
        self.infos.setdefault(rule.id, _info(rule, item.setting.severity))

    def _list(self, globs: Iterable[object]) -> int:
        return self.lists.setdefault(tuple(map(str, globs)), len(self.lists))

    def build(self, folders: Iterable[str], known: Iterable[str], code: str) -> Plan:
        formats = self._formats()
        inspectors, conclusions, kinds = self._inspectors()
        globs = self._globs()
        fixes = self._fixes()
        if self.errors:
            raise UserErrors(self.errors)
        plan = Plan(
            infos=Packed(dict(sorted(self.infos.items()))),
            ids=tuple(rule.id for rule, _ in self.rules),
            kinds=kinds,
            inspectors=inspectors,
            conclusions=conclusions,
            settings=self.settings,
            gates={gate: frozenset(numbers) for gate, numbers in self.gates.items()},
            globs=globs,
            formats=formats,
            fixes=pickle.dumps(fixes),
            registry=self.registry,
            folders=folders,
            known=known,
            digests=tuple(_digest(rule, parameters, code) for rule, parameters in self.rules),
        )
        plan.identity = digest([code.encode(), pickle.dumps(plan)])
        return plan

    def _formats(self) -> dict[str, tuple[tuple[int, ...], tuple[str, ...]]]:
        """The formats that rules ask for and the bases these need, bases first."""
        table: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {}

        def add(name: str) -> None:
            if name not in table:
                reference = self.registry.formats[name]
                form: Format | Dialect = reference.load()
                try:
                    bases, paths = tuple(getattr(form, "bases", ())), tuple(form.paths)
                except Exception as error:
                    raise reference.broke("format", error) from error
                for base in bases:
                    add(base)
                table[name] = ((self._list(paths),) if paths else (), bases)

        for rule, _ in self.rules:
            for name in dict.fromkeys(name for match in rule.match for name in match.formats):
                if name in self.registry.formats:
                    add(name)
                else:
                    known = ", ".join(sorted(self.registry.formats))
                    self.errors.append(
                        _rule_error(rule, f"no format is named '{name}'", f"formats that are installed: {known}")
                    )
        return table

    def _globs(self) -> GlobSet:
        try:
            return GlobSet.compile(list(self.lists))
        except PatternError as error:
            # Each glob was valid where it was written, so it is one that a parameter made, or they are too many.
            self.errors.append(PolicyError(f"the globs of the rules cannot be matched: {error.message}"))
            return GlobSet.compile([])

    def _fixes(self) -> dict[int, Fix]:
        fixes = {}
        for number, (rule, parameters) in enumerate(self.rules):
            if rule.fix is not None:
                substitute = _Parameters(parameters)
                fixes[number] = Fix(rule.kind, substitute(rule.block), substitute(rule.fix))
                self.errors += [_rule_error(rule, message, hint) for message, hint in mistakes(fixes[number])]
        return fixes

    def _is_shipped(self, number: int) -> bool:
        """Whether a rule is just as our tests have checked it."""
        rule, parameters = self.rules[number]
        return rule.pack == BUILTIN and all(
            parameters[name] == shape["default"] for name, shape in rule.parameters.items()
        )

    def _inspectors(self) -> tuple[dict[str, bytes], dict[str, Conclusions], dict[str, RuleSet]]:
        by_kind: dict[str, list[Rule]] = {}
        for number, (rule, parameters) in enumerate(self.rules):
            if rule.history and rule.kind not in _OF_CONTENT:
                self.errors.append(_timeless(rule))
            if rule.kind not in self.registry.kinds:
                known = ", ".join(sorted(self.registry.kinds))
                self.errors.append(
                    _rule_error(rule, f"no check kind is named '{rule.kind}'", f"kinds that are installed: {known}")
                )
                continue
            by_kind.setdefault(rule.kind, []).append(_compilable(number, rule, parameters))
        inspectors: dict[str, bytes] = {}
        conclusions: dict[str, Conclusions] = {}
        for kind, rules in sorted(by_kind.items()):
            reference = self.registry.kinds[kind]
            try:
                implementation: CheckKind = reference.load()
                invalid = {
                    rule.number: [] if self._is_shipped(rule.number) else _block_errors(rule, implementation.schema)
                    for rule in rules
                }
                self.errors += [error for found in invalid.values() for error in found]
                valid = [rule for rule in rules if not invalid[rule.number]]
                inspector = implementation.compile(valid)
                inspectors[kind] = pickle.dumps(inspector)
                change_based: RuleSet = getattr(inspector, "change_based", frozenset())
                conclusions[kind] = Conclusions(inspector.concluding, inspector.fact_based, change_based)
            except UserErrors as found:
                self.errors += found.errors
            except UserError:
                raise
            except Exception as error:
                raise reference.broke("check kind", error) from error
        return (
            inspectors,
            conclusions,
            {kind: frozenset(rule.number for rule in rules) for kind, rules in by_kind.items()},
        )


_OF_CONTENT = ("document", "text")
"""Check kinds that judge a file by its content alone, and so can judge what it once was."""


class _Parameters:
    """Puts parameters into the strings of a block; ``{params.x}`` alone takes the value with its type."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self.parameters = parameters

    def __call__(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            items = [self(item) for item in value]
            # A list parameter that stands alone in a list is spliced into it.
            return [
                part
                for old, new in zip(value, items, strict=True)
                for part in (new if isinstance(new, list) and isinstance(old, str) else [new])
            ]
        if isinstance(value, dict):
            return {key: self(item) for key, item in value.items()}
        return value

    def _text(self, text: str) -> Any:
        whole = _PARAMETER.fullmatch(text)
        if whole and whole[1] in self.parameters:
            return self.parameters[whole[1]]
        return _PARAMETER.sub(self._fill, text)

    def _fill(self, match: re.Match[str]) -> str:
        return as_text(self.parameters[match[1]]) if match[1] in self.parameters else match[0]


_PARAMETER = re.compile(r"\{params\.([\w-]+)\}")


def _compilable(number: int, rule: model.Rule, parameters: Mapping[str, Any]) -> Rule:
    substitute = _Parameters(parameters)
    return Rule(
        number=number,
        id=rule.id,
        block=substitute(rule.block),
        message=rule.message,
        params=dict(parameters),
        formats=tuple(dict.fromkeys(name for match in rule.match[-1:] for name in match.formats))
        or tuple(dict.fromkeys(name for match in rule.match for name in match.formats)),
        scope=tuple((match.paths, match.formats) for match in rule.match if match.paths or match.formats),
        places={path: Where(rule.path, line, column) for path, (line, column) in rule.places.items()},
    )


def _digest(rule: model.Rule, parameters: Mapping[str, Any], code: str) -> bytes:
    compiled = _compilable(0, rule, parameters)._replace(scope=(), places={})
    return digest([code.encode(), rule.kind.encode(), repr(compiled).encode("utf-8", "surrogatepass")]).encode()


def _block_errors(rule: Rule, schema: Mapping[str, Any]) -> list[UserError]:
    from guardrails.policy.validation import validate  # noqa: PLC0415 - brings jsonschema along

    locator = _Places(rule)
    found = validate(Root(rule.block, locator), schema, rule.places[()].path if rule.places else "", PolicyError)
    for error in found:
        error.message = f"rule {rule.id}: {error.message}"
    return found


class _Places:
    """Locates the nodes of a block by the places that were noted when its policy was loaded."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def span(self, path: tuple[str | int, ...], *, key: bool) -> Any:  # noqa: ARG002 - one place serves both
        where = self.rule.places.get(path)
        return Span(where.line, where.column, where.line, where.column) if where else None


def _rule_error(rule: model.Rule, message: str, hint: str) -> PolicyError:
    return PolicyError(f"rule {rule.id}: {message}", path=rule.path, line=rule.line, hint=hint)


def _timeless(rule: model.Rule) -> PolicyError:
    message = f"rule {rule.id}: the check kind '{rule.kind}' cannot judge past commits"
    hint = f"only the kinds {' and '.join(_OF_CONTENT)} can; if its policy says true, the rule may say `history: false`"
    return PolicyError(message, path=rule.path, line=rule.history, hint=hint)


def _info(rule: model.Rule, severity: Severity) -> RuleInfo:
    return RuleInfo(
        id=rule.id,
        title=rule.title,
        severity=severity,
        category=rule.category,
        rationale=rule.rationale,
        remediation=rule.remediation,
        references=rule.references,
        controls=rule.controls,
        owner=rule.owner,
        kind=rule.kind,
        policy_path=f"{rule.path}:{rule.line}",
        waivable=rule.waivable,
        history=bool(rule.history),
    )


def rebase(folder: str, glob: str) -> str:
    """A glob that is relative to ``folder``, as one that is relative to the root."""
    if not folder:
        return glob
    sign, glob = ("!", glob[1:]) if glob.startswith("!") else ("", glob)
    anchored = "/" in glob.rstrip("/")
    return f"{sign}{literal(folder)}/{glob.lstrip('/') if anchored else f'**/{glob}'}"
