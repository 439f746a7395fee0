"""Where policies come from: the built-in pack, folders, and installed Python packages."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NoReturn

from guardrails.errors import PolicyError, UsageError
from guardrails.policy.terms import BUILTIN, Source
from guardrails.references import Reference
from guardrails.repository.entry import FILE, Snapshot


def builtin_folder() -> str:
    """The shipped policies: inside the package in a wheel, beside it in a checkout."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    inside = os.path.join(package, "_policies")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), "policies")


def engine_policies() -> Iterator[Source]:
    """The policies about what the engine itself reports; they are part of every run, whatever the packs."""
    folder = builtin_folder()
    files = [os.path.join(folder, "operations", name) for name in ("governance.yaml", "guardrails.yaml")]
    return read_files(BUILTIN, files, base=folder)


def package_folder(pack: Reference) -> str:
    """The folder of a pack that an installed plugin provides as ``package.module:folder``."""
    from importlib.util import find_spec  # noqa: PLC0415 - only packs from plugins need it

    module, _, folder = pack.target.partition(":")
    try:
        spec = find_spec(module)
    except ImportError:
        spec = None
    if spec is None or spec.origin is None:
        raise PolicyError(
            f"pack '{pack.name}' of plugin {pack.plugin}: the Python package {module} is not installed",
            hint=f"reinstall the package that provides {pack.plugin}",
        )
    return os.path.join(os.path.dirname(spec.origin), folder)


def policy_files(path: str) -> list[str]:
    """The policy files at ``path``, which is one of them or a folder of them, sorted."""
    if os.path.isfile(path):
        return [path]
    found = []
    for folder, folders, names in os.walk(path, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [os.path.join(folder, name) for name in sorted(names) if is_policy(name)]
    if not found:
        raise UsageError(f"no policies in {path}", hint="policies are files that end in .yaml or .yml")
    return found


def _refuse(error: OSError) -> NoReturn:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        raise UsageError(f"no policy file or folder at {error.filename}") from None
    raise UsageError(f"{error.filename} cannot be read: {error.strerror}", hint="make it readable") from None


def is_policy(path: str) -> bool:
    """Whether a file of a pack's folder holds a policy, by its name."""
    return path.endswith((".yaml", ".yml")) and not os.path.basename(path).startswith(".")


def read_files(pack: str, paths: Iterable[str], *, base: str = "") -> Iterator[Source]:
    """Policy files from the file system, named relative to ``base`` in messages."""
    for path in paths:
        with open(path, "rb") as file:
            yield Source(pack, os.path.relpath(path, base) if base else path, file.read())


def is_folder(pack: str) -> bool:
    """Whether a pack is named by a folder of the repository."""
    return pack.startswith(".") or "/" in pack


def folder_sources(snapshot: Snapshot, pack: str) -> Iterator[Source]:
    """The policy files of a folder of the repository, as the snapshot has them."""
    folder = "/".join(part for part in pack.split("/") if part not in {"", "."})
    for entry in snapshot.below(folder):
        if entry.kind == FILE and is_policy(entry.path):
            yield Source(pack, entry.path, snapshot.read(entry))
