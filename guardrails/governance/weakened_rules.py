"""What a change does to the rules: removes them, switches them off, softens them, or takes paths away from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from guardrails.config import Origin
from guardrails.decisions import Decision, looser
from guardrails.engine.settle import Settled
from guardrails.findings import Location
from guardrails.governance.weakened_waivers import Weakening
from guardrails.policy.model import Match, Rule
from guardrails.policy.terms import SETTINGS, Waivable

WEAKENED, EXCLUDED = "change-weakens-rule", "change-excludes-paths"

Loss = tuple[str, Location, str]
"""State, place, and what is done to a rule, as words before its name or those of several."""


def weakenings(old: Settled, new: Settled) -> Iterator[Weakening]:
    """Everything that ``new`` makes laxer than ``old``, with all rules that one line of it concerns together."""
    rules = {rule.id: rule for rule in new.rules}
    concerned: dict[Loss, list[str]] = {}
    for rule in old.rules:
        for loss in dict.fromkeys(_losses(old, new, rule, rules.get(rule.id))):
            concerned.setdefault(loss, []).append(rule.id)
    for (state, place, what), ids in concerned.items():
        names = ", ".join(ids[:3]) + (f" and {len(ids) - 3} more rules" if len(ids) > 3 else "")
        yield Weakening(state, place, f"This change {what.format(names)}", f"{what} {' '.join(ids)}")
    yield from _finals(old, new)


def _losses(old: Settled, new: Settled, rule: Rule, now: Rule | None) -> Iterator[Loss]:
    folders = sorted({*old.folders, *new.folders})
    if not any(old.decision(rule, folder).enabled for folder in folders):
        return
    if now is None:
        yield WEAKENED, _of_removal(rule, new), "removes {}"
        return
    if now.block != rule.block or now.kind != rule.kind:
        yield (
            WEAKENED,
            Location(_inside(now.path), now.line),
            "changes what {} checks; nobody can tell whether for the laxer",
        )
    if rule.history and not now.history:
        yield WEAKENED, Location(_inside(now.path), now.line), "judges past commits by {} no more"
    yield from _of_match(rule, now)
    if asked := ", ".join(_asks_less(rule.waivable, now.waivable)):
        yield WEAKENED, Location(_inside(now.path), now.line), f"lets {{}} be waived more easily: {asked}"
    for folder in folders:
        before, after = old.decision(rule, folder), new.decision(now, folder)
        if before.enabled:
            yield from _of_decision(before, after, rule.parameters, new, folder)


def _of_decision(
    before: Decision, after: Decision, shapes: Mapping[str, Any], new: Settled, folder: str
) -> Iterator[Loss]:
    """What the settings take from a rule; the ``shapes`` of its parameters are those before the change."""
    where = f" in {folder}/" if folder else ""
    if not after.enabled:
        yield WEAKENED, _place(after.origins["enabled"], new, folder), f"switches off {{}}{where}"
        return
    if after.severity < before.severity:
        what = f"lowers the severity of {{}} from {before.severity.label} to {after.severity.label}{where}"
        yield WEAKENED, _place(after.origins["severity"], new, folder), what
    if looser(after.enforcement, before.enforcement):
        what = f"lets {{}} enforce less, or later{where}"
        yield WEAKENED, _place(after.origins["enforcement"], new, folder), what
    for name, shape in shapes.items():
        if name in after.parameters and _is_looser(shape, before.parameters[name], after.parameters[name]):
            value = str(after.parameters[name])
            what = f"loosens parameter '{name}' of {{}} to {_quoted(value)}{where}"
            yield WEAKENED, _place(after.origins[name], new, folder), what
    for where_from in dict.fromkeys(folder for folder, _ in (*after.exclude, *before.exclude)):
        old_globs, new_globs = _globs_of(before, where_from), _globs_of(after, where_from)
        for glob in _more(old_globs, new_globs):
            what = f"takes {_quoted(glob)}{f' of {where_from}/' if where_from else ''} out of what {{}} judges"
            yield EXCLUDED, _of_exclude(new, where_from, glob), what


def _globs_of(decision: Decision, folder: str) -> Sequence[str]:
    return [glob for where_from, glob in decision.exclude if where_from == folder]


def _more(old: Sequence[str], new: Sequence[str]) -> Sequence[str]:
    """The globs by which a list matches what it did not before; order counts where some take others back."""
    more = [glob for glob in new if not glob.startswith("!") and glob not in old]
    more += [glob for glob in old if glob.startswith("!") and glob not in new]
    if not more and any(glob.startswith("!") for glob in new):
        return new if [glob for glob in old if glob in new] != [glob for glob in new if glob in old] else ()
    return more


def _of_match(old: Rule, new: Rule) -> Iterator[Loss]:
    """What the rule itself leaves out that it did not before."""
    place = Location(_inside(new.path), new.line)
    excluded = [glob for match in old.match for glob in match.exclude]
    if more := _more(excluded, [glob for match in new.match for glob in match.exclude]):
        yield EXCLUDED, place, f"takes {', '.join(map(_quoted, more))} out of what {{}} judges"
    if not all(_is_implied(match, old.match) for match in new.match):
        yield EXCLUDED, place, "narrows which files {} judges"


def _is_implied(match: Match, old: Sequence[Match]) -> bool:
    """Whether nothing that passed the old matches is held up by this one."""
    return (
        (not match.paths or any(was.paths and not _more(match.paths, was.paths) for was in old))
        and (not match.formats or any(was.formats and {*was.formats} <= {*match.formats} for was in old))
        and (not match.max_size or any(0 < was.max_size <= match.max_size for was in old))
    )


def _is_looser(shape: Mapping[str, Any], old: Any, new: Any) -> bool:
    """Whether a parameter was loosened, where its schema says which way that is: ``looser: higher``."""
    match shape.get("looser"):
        case "higher":
            return bool(_number(new) > _number(old))
        case "lower":
            return bool(_number(new) < _number(old))
        case "more":
            return isinstance(new, list) and not (isinstance(old, list) and all(item in old for item in new))
        case "fewer":
            return isinstance(old, list) and not (isinstance(new, list) and all(item in new for item in old))
        case bool() as laxer:
            return bool(new != old and new == laxer)
    return False


def _number(value: Any) -> float:
    from guardrails.policy.loading import parse_size  # noqa: PLC0415 - sizes are written with their units

    if isinstance(value, str):
        try:
            return float(parse_size(value))
        except (KeyError, ValueError):
            return 0.0
    return float(value) if isinstance(value, int | float) else 0.0


def _asks_less(old: Waivable, new: Waivable) -> Iterator[str]:
    if new.allowed and not old.allowed:
        yield "it could not be before"
    if new.inline and not old.inline:
        yield "in a comment or an annotation too"
    if old.max_days and (not new.max_days or new.max_days > old.max_days):
        yield f"for {new.max_days} days" if new.max_days else "for any time"
    if old.max_active >= 0 and (new.max_active < 0 or new.max_active > old.max_active):
        yield f"{new.max_active} at a time" if new.max_active >= 0 else "any number at a time"
    if missing := [name for name in old.require if name not in new.require]:
        yield f"without {', '.join(missing)}"
    if old.approvers and (not new.approvers or set(new.approvers) - set(old.approvers)):
        yield "by more people" if new.approvers else "by anybody"


def _finals(old: Settled, new: Settled) -> Iterator[Weakening]:
    """What was final and is so no more."""
    layers = {layer.folder: layer for layer in new.layers}
    for layer in old.layers:
        now = layers.get(layer.folder)
        path = now.path if now else layer.path
        for key in sorted(layer.final - (now.final if now else frozenset())):
            yield Weakening(WEAKENED, Location(path), f"This change lets folders set `{key}` again: it was final", key)
        final = {entry.selector for entry in now.entries if entry.final} if now else set()
        for entry in layer.entries:
            if entry.final and entry.selector not in final:
                text = f"This change lets folders loosen {entry.selector} again: it was final"
                yield Weakening(WEAKENED, Location(path), text, entry.selector)


def _place(origin: Origin, new: Settled, folder: str) -> Location:
    """Where a setting stands; where it is gone, the file it would stand in."""
    if origin.line:
        return Location(_inside(origin.text), origin.line)
    layers = [layer.path for layer in new.layers_of(folder)]
    return Location(layers[-1] if layers else SETTINGS[0])


def _of_removal(rule: Rule, new: Settled) -> Location:
    """Where a rule is gone from: the list of packs, or the file that it was in."""
    root = next((layer for layer in new.layers if not layer.folder), None)
    if rule.pack in new.packs or rule.pack in new.options.policies:
        return Location(_inside(rule.path))
    return Location(root.path, root.lines.get("packs", 0)) if root else Location(SETTINGS[0])


def _of_exclude(new: Settled, folder: str, glob: str) -> Location:
    for layer in new.layers:
        if layer.folder == folder:
            lines = [entry.origin.line for entry in layer.entries if glob in entry.exclude]
            line = layer.lines.get("exclude", 0) if glob in layer.exclude else lines[0] if lines else 0
            return Location(layer.path, line)
    return Location(SETTINGS[0])


def _inside(path: str) -> str:
    return path.removeprefix("./")


def _quoted(text: str) -> str:
    return "'" + text.replace("{", "{{").replace("}", "}}") + "'"
