"""YAML with line numbers, so that an error in a content file names the line that has to change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.problems import StartError

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Of plain data; libyaml's, fifteen times as fast, where it is there."""


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


class ContentError(StartError):
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


def read_data(path: Path) -> Any:
    """What a file of our own holds, without line numbers; raises ContentError."""
    try:
        return yaml.load(read_text(path), Loader=Loader)  # noqa: S506  # a safe one
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContentError([Problem(path, line, f"not valid YAML: {error.problem}")]) from error


def _construct(node: yaml.Node) -> Any:
    loader = Loader("")
    try:
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _nodes(root: yaml.Node | None) -> Iterator[yaml.Node]:
    """Every value below `root`, itself included, each once, even where one is an alias of another."""
    waiting, seen = [root] if root else [], set()
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            if isinstance(node, yaml.MappingNode):
                waiting += [value for _, value in reversed(node.value)]
            elif isinstance(node, yaml.SequenceNode):
                waiting += reversed(node.value)


def _is_bad_value(node: yaml.Node) -> bool:
    if isinstance(node, yaml.ScalarNode):
        try:
            _construct(node)
        except ValueError:
            return True
    return False


def _repeated_keys(node: yaml.Node) -> list[yaml.ScalarNode]:
    if not isinstance(node, yaml.MappingNode):
        return []
    keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
    return [key for number, key in enumerate(keys) if key.value in {other.value for other in keys[:number]}]


class YamlFile:
    """The data of a YAML text, and the line on which each part of it stands."""

    def __init__(self, path: Path, text: str, first_line: int = 1) -> None:
        """Parse `text`, which begins on line `first_line` of `path`; a syntax error raises ContentError."""
        self.path = path
        self._first_line = first_line
        try:
            self._node = yaml.compose(text, Loader)
            self.data: Any = _construct(self._node) if self._node else None
        except yaml.MarkedYAMLError as error:
            line = (error.problem_mark.line if error.problem_mark else 0) + first_line
            raise ContentError([Problem(path, line, f"not valid YAML: {error.problem}")]) from error
        except yaml.reader.ReaderError as error:
            found = yaml.reader.Reader.NON_PRINTABLE.search(text)  # libyaml's own position counts bytes
            line = text.count("\n", 0, found.start() if found else 0) + first_line
            raise ContentError([Problem(path, line, f"not valid YAML: {error.reason}")]) from error
        except ValueError as error:  # a date such as 2019-13-45; the error doesn't tell where
            line = next(filter(_is_bad_value, _nodes(self._node))).start_mark.line + first_line
            raise ContentError([Problem(path, line, f"not valid YAML: {error}")]) from error
        # YAML lets the last of two equal keys win.
        repeated = [key for node in _nodes(self._node) for key in _repeated_keys(node)]
        if repeated:
            raise ContentError(
                [
                    Problem(path, key.start_mark.line + first_line, f"the key {key.value!r} is there twice")
                    for key in repeated
                ]
            )

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

    def problem(self, message: str, *location: str | int, stale: bool = False) -> Problem:
        """A problem with the value at `location`."""
        return Problem(self.path, self.line(*location), message, stale)
