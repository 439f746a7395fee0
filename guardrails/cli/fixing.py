"""``guardrails check --fix``: mend in the work tree what rules know how to mend."""

from __future__ import annotations

import os
import stat
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress

from guardrails.cli.judging import Run
from guardrails.engine.fixes import Judgement, Mended, mend
from guardrails.errors import UsageError
from guardrails.findings import Enforcement, Finding, Note
from guardrails.fixing.drafts import Drafts
from guardrails.fixing.edits import Draft
from guardrails.governance.verdict import Verdict
from guardrails.repository.entry import Snapshot


def verdict(args: Namespace, date: str, snapshot: Snapshot) -> Verdict:
    """Mend, write what was mended, and give the verdict of what is left."""
    mended, _ = _mended(args, date, snapshot)
    notes: list[Note] = []
    root, old = snapshot.root, mended.before
    written = {path for path, new in mended.drafts.items() if _written(root, path, old[path], new, notes)}
    done = [finding for finding in mended.findings if finding.location.path in written]
    files = f"{len(written)} file{'s' * (len(written) != 1)}"
    notes.insert(0, Note(f"mended {len(done)} finding{'s' * (len(done) != 1)} in {files}"))
    notes += dict.fromkeys(map(_undone, mended.undone))
    with closing(Run(args, date)) as run:
        left = run.verdict()
        notes += _unsafe(args, run, left)
    return left._replace(notes=(*left.notes, *notes))


def show(args: Namespace, date: str, snapshot: Snapshot) -> int:
    """Print as a diff what would be mended, and return the exit code of things as they are."""
    mended, code = _mended(args, date, snapshot)
    for path in sorted(mended.drafts):
        for line in _diff(path, mended.before[path], mended.drafts[path]):
            _print(line)
    return code


def _mended(args: Namespace, date: str, snapshot: Snapshot) -> tuple[Mended, int]:
    """What mending comes to, and the exit code of the verdict before it."""
    if snapshot.title not in _EDITABLE:
        hint = "leave out --staged, --ref and --commit-message, and stage the result"
        raise UsageError(f"only files of the work tree can be mended, and not those of the {snapshot.title}", hint=hint)
    codes: list[int] = []

    def judge(now: Drafts, paths: Sequence[str] | None) -> Judgement:
        asked = Namespace(**vars(args))
        if paths is not None:
            asked.paths = [os.path.join(now.root, path) for path in paths]
        with closing(Run(asked, date, now)) as run:
            found = run.verdict()
            codes.append(found.exit_code)
            # What is only audited disturbs nobody, so nobody asked for it to be changed.
            told = [judged.finding for judged in found.findings if judged.enforcement >= Enforcement.WARN]
            return Judgement(run.plan, told)

    return mend(snapshot, judge, date=date, unsafe=args.unsafe_fixes), codes[0]


_EDITABLE = ("work tree", "folder")
"""The titles of the snapshots whose files lie on the disk."""


def _undone(finding: Finding) -> Note:
    text = f"the fix of {finding.rule} was taken back, for it does not help here or makes something else worse"
    return Note(text, finding.location.path)


def _unsafe(args: Namespace, run: Run, left: Verdict) -> Iterator[Note]:
    """How many findings wait for a word of consent."""
    if not args.unsafe_fixes:
        rules = {run.plan.ids[number] for number, fix in run.plan.fixes().items() if not fix.safe}
        if count := sum(judged.finding.rule in rules for judged in left.findings):
            yield Note(f"--unsafe-fixes may mend {count} more, in ways that can change what is done")


def _written(root: str, path: str, old: Draft, new: Draft, notes: list[Note]) -> bool:
    """Whether a file could be put in the place of the one that it was made from; ``notes`` are told if not."""
    *folders, name = os.fsencode(path).split(b"/")
    opened: list[int] = []
    try:
        opened.append(os.open(root, _FOLDER))
        for folder in folders:
            opened.append(os.open(folder, _FOLDER, dir_fd=opened[-1]))
        reason = _replaced(opened[-1], name, old, new)
    except OSError as error:
        reason = error.strerror or str(error)
    finally:
        for handle in opened:
            os.close(handle)
    if reason:
        notes.append(Note(f"was not mended: {reason}", path))
    return not reason


_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def _replaced(folder: int, name: bytes, old: Draft, new: Draft) -> str:
    """Why a file could not be replaced, or nothing; links are not followed, and its mode is kept."""
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        return "it is no regular file any more"
    if not status.st_mode & stat.S_IWUSR:
        return "it is read-only"
    with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder), "rb") as file:
        if file.read() != old.data:
            return "it was changed meanwhile"
    mode = stat.S_IMODE(status.st_mode)
    if new.executable != old.executable:
        mode = mode | (mode & 0o444) >> 2 if new.executable else mode & ~0o111
    temporary = b"%b.%b.tmp" % (name[:200], os.urandom(4).hex().encode())
    handle = os.open(
        temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder
    )
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(new.data)
            os.fchmod(file.fileno(), mode)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)
        raise
    return ""


def _diff(path: str, old: Draft, new: Draft) -> Iterator[str]:
    """The lines of a patch that git applies."""
    from difflib import unified_diff  # noqa: PLC0415 - only --diff

    yield f"diff --git a/{path} b/{path}\n"
    if old.executable != new.executable:
        yield f"old mode {_MODES[old.executable]}\n"
        yield f"new mode {_MODES[new.executable]}\n"
    before, after = (draft.data.decode("utf-8", "surrogateescape") for draft in (old, new))
    if "\0" in before:
        yield f"Binary files a/{path} and b/{path} differ\n"
        return
    for line in unified_diff(_lines(before), _lines(after), f"a/{path}", f"b/{path}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


_MODES = ("100644", "100755")


def _lines(text: str) -> list[str]:
    """Lines with their ends, as git sees them: a lone CR ends none."""
    return [line for line in text.replace("\n", "\n\0").split("\0") if line]


def _print(line: str) -> None:
    if sys.stdout.isatty():
        from guardrails.reporters.terminal import visible  # noqa: PLC0415 - what is shown cannot command the terminal

        line = visible(line.removesuffix("\n")) + "\n"
    sys.stdout.buffer.write(line.encode("utf-8", "surrogateescape"))
