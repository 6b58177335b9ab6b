"""YAML with line numbers, so that an error in a content file names the line that has to change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong with one line of one content file."""

    path: Path
    line: int
    message: str
    stale: bool = False
    """True where the content is sound but waits for somebody to look; it can be served, the stale part withheld."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class ContentError(Exception):
    """Content that can't be loaded; `problems` has every reason found, not just the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in sorted(problems)))
        self.problems = tuple(sorted(problems))


def read_text(path: Path) -> str:
    """The text of a content file; raises ContentError if it isn't there or isn't UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ContentError([Problem(path, 1, "there is no such file")]) from error
    except UnicodeDecodeError as error:
        raise ContentError([Problem(path, 1, f"not UTF-8: {error.reason} at byte {error.start}")]) from error


class YamlFile:
    """The data of a YAML text, and the line on which each part of it stands."""

    def __init__(self, path: Path, text: str, first_line: int = 1) -> None:
        """Parse `text`, which begins on line `first_line` of `path`; a syntax error raises ContentError."""
        self.path = path
        self._first_line = first_line
        loader = _Loader(text)
        try:
            self._node = loader.get_single_node()
            self.data: Any = loader.construct_document(self._node) if self._node else None
        except yaml.MarkedYAMLError as error:
            line = (error.problem_mark.line if error.problem_mark else 0) + first_line
            raise ContentError([Problem(path, line, f"not valid YAML: {error.problem}")]) from error
        finally:
            loader.dispose()

    @classmethod
    def read(cls, path: Path) -> YamlFile:
        """Read and parse a whole file."""
        return cls(path, read_text(path))

    def line(self, *location: str | int) -> int:
        """The line of the value at `location` (keys and indexes), or of its nearest parent that exists."""
        node = self._node
        line = node.start_mark.line if node else 0
        for step in location:
            child = None
            if isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    if key.value == str(step):
                        child, line = value, key.start_mark.line
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                child = node.value[step]
                line = child.start_mark.line
            if child is None:
                break
            node = child
        return int(line) + self._first_line

    def problem(self, message: str, *location: str | int) -> Problem:
        """A problem with the value at `location`."""
        return Problem(self.path, self.line(*location), message)
