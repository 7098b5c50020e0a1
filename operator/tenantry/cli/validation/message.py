"""What `validate` has to say: where, of what, and what would be right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tenantry.cli.validation.documents import FieldPath


@dataclass(frozen=True, slots=True)
class Place:
    """An object in a file."""

    file: str
    line: int
    namespace: str = ""
    kind: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One fault, or with ``note`` something that is no fault but worth knowing.

    ``reason`` is the word that status and Events use for the same fault, where there is one.
    """

    place: Place
    field: str
    text: str
    reason: str = ""
    note: bool = False

    def __str__(self) -> str:
        of = f"{self.place.kind}/{self.place.name}: " if self.place.kind else ""
        field = f"{self.field}: " if self.field else ""
        reason = f" [{self.reason}]" if self.reason else ""
        line = f":{self.place.line}" if self.place.line else ""
        return f"{self.place.file}{line}: {of}{field}{self.text}{reason}"


#: So many notes are told in text; all of them in json and yaml.
_MOST_NOTES = 20


def note_lines(notes: Sequence[object]) -> list[str]:
    """Return the notes as lines; of very many the first."""
    lines = [f"note: {note}" for note in notes[:_MOST_NOTES]]
    if len(notes) > _MOST_NOTES:
        lines.append(f"note: … and {len(notes) - _MOST_NOTES} more notes; -o json has all of them")
    return lines


def dotted(path: FieldPath) -> str:
    """Return a path as Kubernetes writes it: spec.workgroups[0].role."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def faults_in(messages: Iterable[Message]) -> list[Message]:
    """Return those that are faults."""
    return [message for message in messages if not message.note]
