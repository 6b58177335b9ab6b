"""All content of one version, loaded and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bot.content import check_departments
from bot.content.check import Parts
from bot.content.documents import Document, fold, load_document, load_translation, validate
from bot.content.models import Answer, CitationRef, Department, Language, Topic
from bot.content.yamlfile import ContentError, Problem, YamlFile

T = TypeVar("T")


@dataclass(frozen=True)
class DepartmentContent:
    """One department's profile, published texts and answers."""

    profile: Department
    documents: dict[str, Document]
    answers: dict[str, Answer]
    stale: frozenset[str] = frozenset()
    """Topics whose published text has changed since their answers were written: these are withheld."""

    def document_of(self, citation: CitationRef) -> Document:
        """The document that `citation` names; it exists, since the content was checked when it was loaded."""
        return self.documents[citation.document]


@dataclass(frozen=True)
class Variant:
    """One way of asking for a topic of a department; white space folded."""

    department: str
    topic: str
    language: str
    text: str


@dataclass(frozen=True)
class Library:
    """Every language, topic and department, and a version: a hash over all files that were read."""

    languages: dict[str, Language]
    topics: dict[str, Topic]
    departments: dict[str, DepartmentContent]
    version: str
    stale: tuple[Problem, ...] = ()

    def variants(self) -> Iterator[Variant]:
        """Every question variant, department by department and topic by topic."""
        for name, department in self.departments.items():
            for topic, answer in department.answers.items():
                for language, texts in answer.variants.items():
                    yield from (Variant(name, topic, language, fold(text)) for text in texts)


@dataclass
class _Loader:
    root: Path
    problems: list[Problem] = field(default_factory=list)
    files: dict[str, YamlFile] = field(default_factory=dict)
    """The registries by name and the answer files by "department/topic", to name lines in later checks."""
    parts: list[Parts] = field(default_factory=list)

    def registry(self, name: str, model: type[T]) -> dict[str, T]:
        """One of the registries at the root: {name: {id: model}}; empty if the file can't be used."""
        try:
            file = self.files[name] = YamlFile.read(self.root / f"{name}.yml")
        except ContentError as error:
            self.problems += error.problems
            return {}
        items = file.data.get(name) if isinstance(file.data, dict) else None
        if not isinstance(items, dict) or not items:
            self.problems.append(file.problem(f"needs `{name}:` with an entry for each, by its id", name))
            return {}
        loaded = {}
        for key, value in items.items():
            try:
                loaded[key] = model(**value)
            except (TypeError, ValueError) as error:
                self.problems.append(file.problem(f"{key}: {error}", name, key))
        return loaded

    def department(self, folder: Path) -> DepartmentContent | None:
        """One department, or None where its profile doesn't load; `parts` has what does."""
        file, profile = None, None
        try:
            file = YamlFile.read(folder / "department.yml")
            profile = validate(Department, file)
            if profile.id != folder.name:
                self.problems.append(file.problem(f"id must be the folder's name, {folder.name!r}", "id"))
        except ContentError as error:
            self.problems += error.problems
        documents, answers = self._documents(folder / "policies"), self._answers(folder / "answers")
        files = {topic: self.files[f"{folder.name}/{topic}"] for topic in answers}
        parts = Parts(folder, profile, file, documents, answers, files)
        self.parts.append(parts)
        stale = frozenset(topic for topic, places in parts.stale.items() if places)
        return DepartmentContent(profile, documents, answers, stale) if profile else None

    def _documents(self, folder: Path) -> dict[str, Document]:
        documents: dict[str, Document] = {}
        for path in sorted(folder.glob("*.md")):
            if "." in path.stem:
                continue
            try:
                documents[path.stem] = load_document(path)
            except ContentError as error:
                self.problems += error.problems
        for path in sorted(folder.glob("*.*.md")):
            name, language = path.stem.split(".", 1)
            try:
                if name not in documents:
                    raise ContentError([Problem(path, 1, f"there is no document {name!r} that loads")])
                translation, problems = load_translation(path, documents[name])
            except ContentError as error:
                self.problems += error.problems
            else:
                documents[name].translations[language] = translation
                self.problems += problems
        return documents

    def _answers(self, folder: Path) -> dict[str, Answer]:
        answers: dict[str, Answer] = {}
        for path in sorted(folder.glob("*.yml")):
            try:
                file = YamlFile.read(path)
                answer = validate(Answer, file)
            except ContentError as error:
                self.problems += error.problems
                continue
            if answer.topic != path.stem:
                self.problems.append(file.problem(f"topic must be the file's name, {path.stem!r}", "topic"))
            answers[path.stem] = answer
            self.files[f"{folder.parent.name}/{path.stem}"] = file
        return answers


def department_folders(root: Path) -> list[Path]:
    """The departments' folders below `root`, by name."""
    return [folder for folder in sorted(root.glob("faq/*")) if folder.is_dir()]


def content_files(root: Path) -> list[Path]:
    """Every file that content is read from below `root`."""
    paths = [root / "languages.yml", root / "topics.yml", *sorted((root / "faq").rglob("*.*"))]
    return [path for path in paths if path.suffix in {".yml", ".md"}]


def content_version(root: Path) -> str:
    """A hash over the names and bytes of every content file below `root`."""
    digest = hashlib.sha256()
    for path in content_files(root):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def inspect(root: Path, only: str | None = None) -> tuple[Library, list[Problem]]:
    """Load the content below `root` (`data/`) with everything that is wrong with it, to be reported at once.

    `only` limits it to one department. A file that can't be read is missing from the library and in the problems.
    """
    loader = _Loader(root)
    languages, topics = loader.registry("languages", Language), loader.registry("topics", Topic)
    folders = department_folders(root)
    if not folders:
        loader.problems.append(Problem(root / "faq", 1, "there is no department: no folder with a department.yml"))
    if not (languages and topics and folders):  # without these, every file would seem wrong
        return Library({}, {}, {}, ""), sorted(set(loader.problems))
    departments = {}
    for folder in folders:
        if only in (None, folder.name) and (department := loader.department(folder)):
            departments[folder.name] = department
    problems = loader.problems + check_departments.registry(loader.files["topics"], topics, languages)
    for parts in loader.parts:
        problems += check_departments.department(parts, topics, languages)
    stale = tuple(problem for problem in problems if problem.stale)
    return Library(languages, topics, departments, content_version(root), stale), sorted(set(problems))


def load(root: Path) -> Library:
    """Load the content below `root` (`data/`); raises ContentError with every error of every file."""
    library, problems = inspect(root)
    if errors := [problem for problem in problems if not problem.stale]:
        raise ContentError(errors)
    return library
