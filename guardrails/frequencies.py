"""How often characters and words occur at a place of source code, roughly; measured on source distributions."""

from __future__ import annotations

from collections.abc import Mapping

_CHARACTERS = {  # letters make words, so that they are no surprise after each other
    " ": 1 / 5,
    **dict.fromkeys("etsroainl", 1 / 6),
    **dict.fromkeys("cdupmfhgbvwy\n-=#*/", 1 / 12),
    **dict.fromkeys("xkqjz0123456789._,\"'():", 1 / 36),
    **dict.fromkeys("@|+~$%&!?^`", 1 / 200),
}
_OTHER = 1 / 64
ALL = 4
"""What the frequencies of characters come to, taken together."""
WORDS: Mapping[str, float] = {
    word[start:]: chance * (1 + start)
    for chance, words in (
        (1 / 100_000, "aws gcp ibm npm"),
        (1 / 50_000, "bot channel identifier machine polygon private signal webhook"),
        (1 / 25_000, "credential device language metrics position public security track username"),
        (1 / 15_000, "access application block cloud endpoint package search secret sentry stack storage"),
        (1 / 8000, "export github index params password project service session status"),
        (1 / 3000, "auth client column default header info line message pass request response server source string"),
        (1 / 3000, "text token version"),
        (1 / 1500, "api data form key pattern port value"),
    )
    for word in words.split()
    for start in range(max(len(word) - 3, 1))
}
"""Words in lower case, and what they end with, whose characters do not tell how common they are."""


def frequency(character: str) -> float:
    """How often a character occurs; a capital letter a quarter as often as a small one."""
    return _CHARACTERS.get(character) or _CHARACTERS.get(character.lower(), _OTHER) / 4
