"""What stands where a secret would, or looks like one, in any repository: an allow-list takes it by name."""

from __future__ import annotations

from collections.abc import Mapping

from guardrails.tuples import NamedTuple


class Common(NamedTuple):
    """Matches that are no findings; each field is as the option of ``allow`` of that name."""

    description: str
    patterns: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


COMMON: Mapping[str, Common] = {
    "placeholders": Common(
        "what documentation writes in the place of a credential",
        patterns=(
            (
                r"(?i)x{6}|0{8}|1{8}|9{8}|\*{4}|\.{3}|(?:0123456789|1234567890)(?:abcd|0123|1234)"
                r"|abcdef(?:0123456789|1234567890)|abcdefghijk"
                r"|(?:12345678-(?:1234|90(?:12|ab))|01234567-89ab|abcdef(?:01-2345|12-3456))-"
            ),
        ),
        words=(
            *("example", "placeholder", "changeme", "change-me", "change_me", "redacted", "dummy", "fake-", "fake_"),
            *("sample", "insert", "replace", "your_", "your-", "yourkey", "yourtoken", "yoursecret", "yourapi"),
            *("_here", "-here"),
        ),
    ),
    "words": Common(
        "long runs of letters: what is random has digits",
        # A is also what base64 makes of zeros.
        patterns=("[a-z]{28}|[B-Z]{28}|(?:[a-z_-]{24,}|[A-Z_-]{24,})$",),
    ),
    "names": Common(
        "identifiers, whose only digits are versions, and numbers between other parts",
        patterns=(
            (
                r"^(?:[a-z_.-]+|[A-Z_.-]+(?:V?[0-9]{1,2})?|(?:(?:[A-Z]?[a-z]{2,}|As|At|By|Db|Id|If|In|Is|My|No|Of|On|Or|To|Up)"
                r"[_.-]?|O?[Aa]uth[02]|V[0-9]{1,2}|API|DB|HTTP|ID|JSON|SDK|UI|URL|XML)+)$"
            ),
            r"^(?:(?:[A-Z]?[a-z]+)+|[A-Z]+|v?[0-9]{1,8})(?:[_.-](?:(?:[A-Z]?[a-z]+)+|[A-Z]+|v?[0-9]{1,8}))+$",
        ),
    ),
    "checksums": Common(
        "digests, what is named by them, and files that are full of them",
        lines=(
            (
                r"(?i)(?:\b|_)(?:sha-?(?:1|224|256|384|512)(?:sum)?|md5(?:sum)?|checksum|integrity|digest|commit|revision|uses:)"
                r"(?:\b|\s)|\.(?:deb|jar|rpm|tar\.gz|tgz|whl|zip)\b"
            ),
        ),
        paths=(
            *("*.lock", "*-lock.json", "*-lock.yaml", "go.sum", "Godeps", "Godeps.json", "vendor.conf"),
            "npm-shrinkwrap.json",
        ),
    ),
    "generated": Common(
        "bundles, drawings and translations",
        paths=(
            *("*.min.js", "*.min.css", "*.map", "*.svg", "*.po", "*.pot"),
            *("**/LC_MESSAGES/**", "**/i18n/**", "**/locales/**"),
        ),
    ),
}
