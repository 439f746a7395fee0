"""``typing.NamedTuple`` at a third of what that costs: it checks each annotation, and a commit makes eighty classes."""

from __future__ import annotations

from collections import namedtuple

__all__ = ["NamedTuple"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    _OWN = {"__module__", "__dict__", "__weakref__"}

    class _Meta(type):
        def __new__(cls, name, bases, members):
            if not bases:
                return super().__new__(cls, name, bases, members)
            fields = tuple(members["__annotations__"])
            defaults = [members[field] for field in fields if field in members]
            made = namedtuple(name, fields, defaults=defaults, module=members["__module__"])
            for key in members.keys() - _OWN - set(fields):
                setattr(made, key, members[key])
            return made

    class NamedTuple(metaclass=_Meta):
        """A tuple of named fields, as ``typing.NamedTuple`` makes it from a module with postponed annotations."""
