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
    before: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


_ASSIGNED = r"""["'`\])]{0,3}\s{0,4}(?:=>|:=|[=:,>|])\s{0,4}["'`(]{0,2}$"""

COMMON: Mapping[str, Common] = {
    "placeholders": Common(
        "what documentation writes in the place of a credential",
        patterns=(
            (
                r"(?i)^my[_-][a-z]{2,}[_-]|x{6}|0{8}|1{8}|9{8}|\*{4}|\.{3}|(?:0123456789|1234567890)(?:abcd|0123|1234)"
                r"|^(?:0123456789|1234567890)"
                r"|abcdef(?:0123456789|1234567890)|abcdefghijk"
                r"|(?:12345678-(?:1234|90(?:12|ab))|01234567-89ab|abcdef(?:01-2345|12-3456)|abcdefgh-ijkl|(?:0123|1234)-(?:4567|5678))-"
                # The UUIDs that articles about UUIDs show.
                r"|123e4567-e89b-12d3-|550e8400-e29b-41d4-"
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
        "identifiers, whose only digits are versions, numbers between other parts, ids of requests, public keys",
        patterns=(
            (
                r"^(?:[a-z_.-]+|[A-Z_.-]+(?:V?[0-9]{1,2})?|(?:(?:[A-Z]?[a-z]{2,}|As|At|By|Db|Id|If|In|Is|My|No|Of|On|Or|To|Up)"
                r"[_.-]?|O?[Aa]uth[02]|V[0-9]{1,2}|API|DB|HTTP|ID|JSON|SDK|UI|URL|XML)+)$"
            ),
            r"^(?:(?:[A-Z]?[a-z]+)+|[A-Z]+|v?[0-9]{1,8})(?:[_.-](?:(?:[A-Z]?[a-z]+)+|[A-Z]+|v?[0-9]{1,8}))+$",
            # Words of three letters and more, three of them at least, may end in digits: by chance, few keys look so.
            (
                r"^(?:(?:[A-Za-z]?[a-z]{2,}[0-9]{0,2}|v?[0-9]{1,8}[a-z]?)[_.-]{1,2}){2,}"
                r"(?:[A-Za-z]?[a-z]{2,}[0-9]{0,2}|v?[0-9]{1,8}[a-z]?)$"
            ),
            r"^(?:(?:[A-Z]{2,}[0-9]{0,2}|V?[0-9]{1,4})_){2,}(?:[A-Z]{2,}[0-9]{0,2}|V?[0-9]{1,4})$",
            r"^[A-Za-z]?[a-z]{2,}[0-9]{0,2}(?:(?:[A-Z][a-z]{2,}|Db|Id|In|Of|On|To|V)[0-9]{0,2}){2,}$",
            # The address of an account or a contract on a chain.
            r"^0x[0-9a-fA-F]{40}$",
        ),
        before=(
            (
                r"(?i)(?:correlation|deployment|event|group|message|organi[sz]ation|request|resource|span|team|tenant|trace"
                r"|transaction|workspace)[ _.-]?id" + _ASSIGNED
            ),
            r"(?i)public[ _.-]?key" + _ASSIGNED,
        ),
    ),
    "marked": Common(
        "tokens with the mark of a vendor, whoever's name stands in front of them",
        patterns=(
            (
                r"^(?:(?:A3T[A-Z0-9]|AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{35}|(?:AC|SK|key-)[0-9a-f]{32}|[0-9a-f]{32}-us[0-9]{1,2})$"
                r"|^(?:gh[oprsu]_[A-Za-z0-9]{36}|npm_[A-Za-z0-9]{36}|hf_[A-Za-z0-9]{34}|glpat-[\w-]{20}|pul-[0-9a-f]{40}"
                r"|(?:dapi|shp(?:at|ca|pa|ss)_)[0-9a-f]{32}|PMAK-[0-9a-f]{24}|xox[abeoprs]-[0-9]|SG\.[\w-]{20}|hvs\.[\w-]{90}"
                r"|sk-(?:ant|proj)-|github_pat_|dop_v1_|lin_api_|figd_|rubygems_|glc_|glsa_|gsk_|pscale_[a-z]|sq0[a-z]{3}-)"
            ),
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
        before=(
            r"(?i)(?:etag|fingerprint|hash|cache[ _.-]?key|(?:\b|[_-])(?:ref|rev|sha|sum|tag))" + _ASSIGNED,
            r"(?i)\bgit\+(?:https?|ssh)://\S{1,160}@$|\bimage:\s{1,4}\S{1,160}:$",
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
