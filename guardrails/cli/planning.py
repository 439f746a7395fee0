"""The plan of a run: from the cache when nothing that it was made of has changed, else compiled."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from guardrails import __version__
from guardrails.engine import cache
from guardrails.engine.options import Options
from guardrails.engine.plan import Plan, Registry
from guardrails.errors import ConfigError, UserError
from guardrails.findings import digest
from guardrails.policy import packs
from guardrails.policy.terms import SETTINGS
from guardrails.repository.entry import FILE, Entry, Snapshot

if TYPE_CHECKING:
    from guardrails.engine.settle import Settled


def config_files(snapshot: Snapshot, entries: Iterable[Entry]) -> dict[str, bytes]:
    """Every file that may hold settings for ``entries``, with its content, outermost first.

    They count where they lie, also when git ignores them: in a run on one file just as in a run on all.
    """
    contents = {}
    for entry in snapshot.named(SETTINGS, _folders_above(entries)):
        if entry.kind == FILE:
            data = snapshot.read(entry)
            # A pyproject.toml that never names the tool has no table for it; parsing it costs more than looking.
            if not entry.path.endswith(".toml") or b"guardrails" in data:
                contents[entry.path] = data
        elif not entry.path.endswith(".toml"):
            raise ConfigError("settings have to be a regular file", path=entry.path, hint="replace the link by a copy")
    return contents


def _folders_above(entries: Iterable[Entry]) -> Iterator[str]:
    """The folders that hold the entries and all above them, with a closing slash; the root is empty."""
    folders = {""}
    for entry in entries:
        folder = entry.path
        while (folder := folder[: folder.rfind("/", 0, -1) + 1]) not in folders:
            folders.add(folder)
    return iter(sorted(folders))


def obtain(snapshot: Snapshot, options: Options, configs: Mapping[str, bytes]) -> Plan:
    """The compiled plan; raises UserErrors with everything that is wrong in policies and settings."""
    folder = cache.usable_for(snapshot.root)
    name = f"plan-{_key(options, configs)}" if folder else ""
    plan = _cached(snapshot, folder, name) if folder else None
    if plan is None:
        plan, chosen = _compile(snapshot, options, configs)
        if folder:
            digests = {pack: _pack_digest(snapshot, pack) for pack in chosen if packs.is_folder(pack)}
            stamps = {path: _stamp(path) for path in _installed_files(plan.registry, chosen)}
            cache.store(folder, name, pickle.dumps((digests, stamps, plan)))
    return plan


def settled(snapshot: Snapshot, options: Options, configs: Mapping[str, bytes]) -> tuple[Registry, Settled]:
    """What the plan is made of, not compiled: what plugins provide, and the rules."""
    from guardrails.engine.settle import settle  # noqa: PLC0415 - a plan from the cache needs none of it
    from guardrails.plugins import registry  # noqa: PLC0415

    installed = registry()
    return installed, settle(snapshot, configs, options, installed)


def _compile(snapshot: Snapshot, options: Options, configs: Mapping[str, bytes]) -> tuple[Plan, tuple[str, ...]]:
    from guardrails.engine.compiler import compile_plan  # noqa: PLC0415
    from guardrails.engine.settle import decided  # noqa: PLC0415

    installed, rules = settled(snapshot, options, configs)
    known = (rule.id for rule in rules.rules)
    return compile_plan(decided(rules), installed, rules.folders, known, _code(installed)), rules.packs


def _cached(snapshot: Snapshot, folder: str, name: str) -> Plan | None:
    data = cache.load(folder, name)
    if data is None:
        return None
    try:
        digests, stamps, plan = pickle.loads(data)  # noqa: S301 - from the user's own folder, checked to be only theirs
    except Exception:  # noqa: BLE001 - whatever is wrong with an entry, compiling again mends it
        return None
    fresh = (
        isinstance(plan, Plan)
        and all(_stamp(path) == was for path, was in stamps.items())
        and all(_pack_digest(snapshot, pack) == was for pack, was in digests.items())
    )
    return plan if fresh else None


def _installed_files(registry: Registry, chosen: Iterable[str]) -> Iterator[str]:
    """The files of installed plugins that went into a plan: their policies, and the modules that were loaded."""
    for pack in chosen:
        if pack in registry.packs:
            yield from packs.policy_files(packs.package_folder(registry.packs[pack]))
    for reference in (*registry.kinds.values(), *registry.formats.values()):
        module = sys.modules.get(reference.target.partition(":")[0])
        if module is not None and module.__file__ and not module.__name__.startswith("guardrails."):
            yield module.__file__


def _code(registry: Registry) -> str:
    """A digest of the code that judges: ours, that of plugins, and what both are made with."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    ours = (path for path in _tree(package) if path.endswith(".py"))
    installed = (path for path in sys.path if path.endswith("-packages"))  # The folder of a script changes nothing.
    return _digest([__version__, sys.version, *map(_stamp, (*installed, *_installed_files(registry, ()), *ours))])


def _pack_digest(snapshot: Snapshot, pack: str) -> str:
    return _digest(part for source in packs.folder_sources(snapshot, pack) for part in (source.path, source.data))


def _key(options: Options, configs: Mapping[str, bytes]) -> str:
    """A digest of everything that a plan depends on, but for the repository's own packs."""
    return _digest(
        [
            __version__,
            sys.version,
            repr(options),
            *(part for item in configs.items() for part in item),
            *(_stamp(path) for path in sys.path),  # installing or removing a plugin changes its folder
            *(_stamp(path) for path in _shipped_files()),
            *(_stamp(path) for given in options.policies for path in _given_files(given)),
        ]
    )


def _shipped_files() -> list[str]:
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return [*_tree(packs.builtin_folder()), *_tree(package)]


def _given_files(path: str) -> list[str]:
    try:
        return packs.policy_files(path)
    except UserError:
        return []  # Loading the policies tells, along with all other errors.


def _tree(path: str) -> list[str]:
    """``path`` if it is a file, else all files below it."""
    if not os.path.isdir(path):
        return [path]
    with os.scandir(path) as found:
        entries = sorted(
            (entry.path, entry.is_dir(follow_symlinks=False)) for entry in found if entry.name != "__pycache__"
        )
    return [file for path, folder in entries for file in (_tree(path) if folder else [path])]


def _stamp(path: str) -> str:
    try:
        status = os.stat(path)
    except OSError:
        return path
    return f"{path}\0{status.st_mtime_ns}\0{status.st_size}\0{status.st_ino}"


def _digest(parts: Iterable[str | bytes]) -> str:
    return digest(part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part for part in parts)
