"""A check kind: a file may not have more than so many words."""

from typing import NamedTuple


class WordLimit(NamedTuple):
    limits: dict
    concluding: frozenset = frozenset()
    fact_based: frozenset = frozenset()

    def inspect(self, file, rules):
        words = len(file.text.split())
        if "crash-please" in file.text:
            raise RuntimeError("asked to crash")
        for number in rules:
            rule, limit = self.limits[number]
            if words > limit:
                yield file.finding(rule, f"{words} words, more than {limit}", line=1)

    def conclude(self, facts, repository, rules):
        return ()


class Kind:
    name = "word-limit"
    schema = {
        "type": "object",
        "required": ["max"],
        "additionalProperties": False,
        "properties": {"max": {"type": "integer", "minimum": 1}},
    }

    def compile(self, rules):
        return WordLimit({rule.number: (rule.id, rule.block["max"]) for rule in rules})


KIND = Kind()
