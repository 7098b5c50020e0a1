"""What the bodies of requests and answers share."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel

NOT_TEXT = "the character U+0000, or half of a surrogate pair, is not text"


class Model(BaseModel):
    """A body in camelCase, as Kubernetes and SCIM write JSON; a field that is none is refused."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, values: Any) -> Any:  # noqa: ANN401 - JSON is any value
        """Refuse what PostgreSQL keeps in no text: SQLite would take some of it, and both are to say the same."""
        if not is_text(values):
            raise ValueError(NOT_TEXT)
        return values


def is_text(value: object) -> bool:
    """Tell whether each text of a JSON value, and each name in it, can be kept."""
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return all(is_text(name) and is_text(each) for name, each in value.items())
    return not isinstance(value, list) or all(is_text(each) for each in value)
