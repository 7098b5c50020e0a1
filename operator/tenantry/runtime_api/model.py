"""What the bodies of requests and answers share."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """A body in camelCase, as Kubernetes and SCIM write JSON; a field that is none is refused."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_nul(cls, values: Any) -> Any:  # noqa: ANN401 - JSON is any value
        """Refuse the character that PostgreSQL keeps in no text: SQLite would take it, and both are to say the same."""
        if has_nul(values):
            message = "the character U+0000 is not text"
            raise ValueError(message)
        return values


def has_nul(value: object) -> bool:
    """Tell whether a text of a JSON value has the character U+0000."""
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(has_nul(each) for each in value.values())
    return isinstance(value, list) and any(has_nul(each) for each in value)
