"""What a branch, or the next commit, brings; and what git can attest of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from guardrails.errors import RepositoryError
from guardrails.repository import git, line_diff
from guardrails.repository import snapshot as snapshots
from guardrails.repository.change import Change, Commit
from guardrails.repository.differences import differing
from guardrails.repository.entry import SUBMODULE, Snapshot
from guardrails.repository.memory import MemorySnapshot

SHALLOW = (
    "the clone is shallow: run `git fetch --unshallow`, or have CI fetch the whole history: `fetch-depth: 0` of "
    "actions/checkout, `GIT_DEPTH: 0` (GitLab), `fetchDepth: 0` (Azure Pipelines), `clone: depth: full` (Bitbucket)"
)

_PLAIN = ("-n1", "-s", "--no-show-signature", "--no-mailmap")
"""Options for git log that say one thing of one commit, and keep settings from adding programs and files to read."""
_TRUST = {"gpg.ssh.allowedsignersfile": os.devnull, "gpg.ssh.revocationfile": "", "gpg.mintrustlevel": "undefined"}
"""Settings that decide whom to trust, and their values where the user has none."""
_SCISSORS = " ------------------------ >8 ------------------------"


def since(root: str, ref: str, head: Snapshot) -> Change:
    """What ``head`` brings on top of the commit where its history parted from that of ``ref``.

    Raises RepositoryError when there is no such commit, or not in this clone. The base is for the caller to close.
    """
    repository = snapshots.repository_of(root)
    here = git.find_commit(repository, "HEAD")
    tip = head.commit if isinstance(head, snapshots.Commit) else here
    if tip is None:
        hint = "make the first commit, or judge the files without a base"
        raise RepositoryError(f"there is no commit yet to compare with {ref!r}", path=root, hint=hint)
    base = _merge_base(repository, ref, tip)
    files = differing(repository, base, head)
    branch = _branch(repository) if tip == here else ""
    return Change(snapshots.commit(root, base), head, files, _commits(repository, base, tip), branch)


def pending(root: str, index: Snapshot, message: str, ref: str = "") -> Change:
    """The branch with the commit that is about to be made; ``message`` is as git hands it to the commit-msg hook.

    The branch begins where its history parted from that of ``ref``, or with this commit when there is no ``ref``.
    """
    repository = snapshots.repository_of(root)
    tip = git.find_commit(repository, "HEAD")
    start = _merge_base(repository, ref, tip) if ref and tip else tip
    base: Snapshot = snapshots.commit(root, start) if start else MemorySnapshot({})
    tree = start or git.run(repository, "hash-object", "-t", "tree", os.devnull).decode().strip()
    files = differing(repository, tree, index)
    author, email = _author(repository)
    parents = bool(tip) + len(_lines_of(os.path.join(repository.git_dir, "MERGE_HEAD")))
    commit = Commit("", author, email, _without_comments(repository, message), parents)
    return Change(base, index, files, (commit,), _branch(repository), pending=True)


def exists(root: str, ref: str) -> bool:
    """Whether a commit that is named so is in this clone."""
    return git.find_commit(snapshots.repository_of(root), ref) is not None


def brought(root: str, change: Change, path: str, line: int) -> Commit | None:
    """The commit of the change that brought a line of ``head``; None for one of the base, or not committed yet."""
    tip = change.commits[-1].id if change.commits else ""
    if not tip or not isinstance(change.base, snapshots.Commit):
        return None
    repository, name = snapshots.repository_of(root), path.encode("utf-8", "surrogateescape")
    line = _committed_line(repository, change.head, tip, name, line)
    if not line:
        return None
    # Unlike blame, log has no setting that names files for it to read.
    command = ("log", *_PLAIN, "--format=%H", "-M", b"-L%d,%d:%b" % (line, line, name), f"^{change.base.commit}", tip)
    found = git.run(repository, *command).decode().strip()
    return next((commit for commit in change.commits if commit.id == found), None)


def signature(root: str, commit_id: str) -> str:
    """Whether git verifies the signature of a commit: ``good``, ``bad``, ``none`` or ``unknown``.

    Good is only what the keys and the settings of the user vouch for; those of the repository do not count.
    """
    repository = snapshots.repository_of(root)
    if b"\ngpgsig" not in git.run(repository, "cat-file", "commit", commit_id).partition(b"\n\n")[0]:
        return "none"
    command = ("log", *_PLAIN, "--format=%G?", commit_id, "--")  # In some versions plumbing reads no setting for it.
    letter = git.run(repository, *_verifiers(), *_trust(repository), *command).strip()
    return {b"G": "good", b"B": "bad", b"R": "bad"}.get(letter, "unknown")


def _merge_base(repository: git.Repository, ref: str, tip: str) -> str:
    found = git.find_commit(repository, ref)
    if found is None:
        hint = "name a branch, a tag or a commit id that is in this clone; `git fetch` brings those of the remote"
        raise RepositoryError(f"no commit named {ref!r}", hint=_remedy(repository, hint))
    answer = git.call(repository, "merge-base", found, tip)
    if answer.code == 1:
        hint = _remedy(repository, "name a commit that this one descends from, or one of a branch that does")
        raise RepositoryError(f"{ref!r} and commit {tip[:10]} have no commit in common", hint=hint)
    if answer.code:
        raise git.failure("merge-base", answer.complaint)
    return answer.output.decode().strip()


def _remedy(repository: git.Repository, otherwise: str) -> str:
    return SHALLOW if git.is_shallow(repository) else otherwise


def _commits(repository: git.Repository, base: str, tip: str) -> tuple[Commit, ...]:
    layout = "--format=%x00%H%x00%P%x00%an%x00%ae%x00%B%x00"
    command = ("rev-list", "--reverse", "--topo-order", "--encoding=UTF-8", layout)
    fields = iter(git.run(repository, *command, f"^{base}", tip, "--").decode("utf-8", "replace").split("\0"))
    return tuple(
        Commit(id, author, email, message.rstrip("\n"), len(parents.split()))
        for _, id, parents, author, email, message in zip(*[fields] * 6, strict=False)
    )


def _branch(repository: git.Repository) -> str:
    answer = git.call(repository, "symbolic-ref", "--quiet", "HEAD")
    return answer.output.decode("utf-8", "replace").strip().removeprefix("refs/heads/")


def _author(repository: git.Repository) -> tuple[str, str]:
    """Name and address of whoever makes the next commit; empty where git would refuse to make it."""
    answer = git.call(repository, "var", "GIT_AUTHOR_IDENT")
    name, _, rest = answer.output.decode("utf-8", "replace").rpartition(" <")
    return name, rest.partition(">")[0]


def _without_comments(repository: git.Repository, message: str) -> str:
    """The message as it will be committed."""
    answer = git.call(repository, "config", "--null", "--get-regexp", r"^core\.comment(char|string)$")
    settings = [record.partition("\n")[2] for record in answer.output.decode("utf-8", "replace").split("\0")[:-1]]
    mark = settings[-1] if settings and settings[-1] not in {"", "auto"} else "#"
    lines = [line.rstrip() for line in message.split("\n")]
    if mark + _SCISSORS in lines:
        del lines[lines.index(mark + _SCISSORS) :]
    if os.environ.get("GIT_EDITOR") != ":":  # So git tells hooks that no editor was used; then it keeps such lines.
        lines = [line for line in lines if not line.startswith(mark)]
    return re.sub("\n{3,}", "\n\n", "\n".join(lines).strip("\n"))


def _committed_line(repository: git.Repository, head: Snapshot, tip: str, path: bytes, line: int) -> int:
    """Where a line of a snapshot is in the last commit that it holds; 0 when it is not there."""
    # Not by a snapshot of the commit, which would list all of it.
    found = git.run(repository, "ls-tree", "-z", "--full-tree", tip, "--", path).split()
    entry = head.entry(path.decode("utf-8", "surrogateescape"))
    if found[1:2] != [b"blob"] or not entry or entry.kind == SUBMODULE:
        return 0
    return line_diff.origin(git.run(repository, "cat-file", "blob", found[2]), head.read(entry), line)


def _lines_of(path: str) -> list[bytes]:
    try:
        with open(path, "rb") as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []


def _verifiers() -> Iterator[str]:
    """Options for git that name the programs that verify signatures."""
    for setting, name in (("gpg", "gpg"), ("gpg.openpgp", "gpg"), ("gpg.ssh", "ssh-keygen"), ("gpg.x509", "gpgsm")):
        yield from ("-c", f"{setting}.program={git.program(name) or '/nonexistent'}")


def _trust(repository: git.Repository) -> Iterator[str]:
    """Options for git that keep whom the user trusts, and undo what the repository says of it."""
    for setting, value in _TRUST.items():
        path = setting.endswith("file")
        command = ("config", "--null", "--show-scope", *(("--type=path",) if path else ()), "--get-all", setting)
        fields = git.call(repository, *command).output.decode("utf-8", "surrogateescape").split("\0")[:-1]
        for scope, own in zip(fields[::2], fields[1::2], strict=True):
            # A path that is not absolute would lead into the repository.
            if scope not in {"local", "worktree"} and (not path or os.path.isabs(own)):
                value = own  # noqa: PLW2901 - the last one counts
        yield from ("-c", f"{setting}={value}")
