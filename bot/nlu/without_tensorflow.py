"""Has Rasa start without TensorFlow, which is most of its start and of its memory, and which nothing of ours uses.

Rasa imports every component that it comes with, and some of them, none of which config.yml names, inherit from
TensorFlow's classes. They get classes that do nothing to inherit from. Stock Rasa (`bot/evaluation/peers`,
`benchmarks/`) isn't run this way.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_LEFT_OUT = ("tensorflow", "keras")


def _part(name: str) -> type:
    if name.startswith("__"):  # what Python looks for and can do without
        raise AttributeError(name)
    return _EmptyClass(name, (), {"__init__": _take_anything})


def _take_anything(self: object, *_: object, **__: object) -> None:
    """Rasa sets TensorFlow's threads where a variable of the environment says how many."""


class _EmptyClass(type):
    """The class of classes that do nothing, whose every attribute is one of them."""

    def __getattr__(cls, name: str) -> type:
        return _part(name)


class _EmptyModule(ModuleType):
    """A module whose every attribute is a class that does nothing."""

    def __getattr__(self, name: str) -> type:
        return _part(name)


class _Finder(MetaPathFinder, Loader):
    """Finds an empty module for each that is left out."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in _LEFT_OUT:
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _EmptyModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing in it to run."""


def leave_out_tensorflow() -> None:
    """Import empty modules in TensorFlow's place; raises RuntimeError if it is there already."""
    if there := [name for name in _LEFT_OUT if name in sys.modules]:
        raise RuntimeError(f"already imported: {', '.join(there)}")
    sys.meta_path.insert(0, _Finder())
