"""Character sets: who may be edited through a workgroup whose application is not in UTF-8 (NR-20)."""

from collections.abc import Iterator, Mapping

from tenantry.domain.reason import Reason
from tenantry.specs import WorkgroupSpec
from tenantry.specs.workgroup_login import CharacterSet


def check_edit_through(workgroup: str, policy: WorkgroupSpec, spec: Mapping[str, object]) -> tuple[Reason, str] | None:
    """Return why an account cannot be edited through a workgroup, or None.

    Not even a field in ASCII is edited where another holds more: the application would write back what it cannot read.
    By its resource, or through a workgroup in UTF-8, the account can be edited.
    """
    if policy.character_set is CharacterSet.UTF_8 or all(text.isascii() for text in _texts(spec)):
        return None
    message = (
        f'holds text beyond ASCII, and Workgroup "{workgroup}" is in {policy.character_set.value}; edit it through a '
        "workgroup in UTF-8, or by its resource"
    )
    return Reason.CHARACTER_SET, message


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            yield from (text for below in value.values() for text in _texts(below))
        case list():
            yield from (text for below in value for text in _texts(below))
