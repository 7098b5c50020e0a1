"""The end of a command's help: examples and exit codes."""

from collections.abc import Mapping

#: Keeps click from filling the lines that follow.
_AS_IT_IS = "\b"


def closing(*examples: str, codes: Mapping[int, str]) -> str:
    """Return the examples and exit codes of a command, as click's epilog."""
    shown = [_AS_IT_IS, "Examples:" if len(examples) > 1 else "Example:", *(f"  {line}" for line in examples)]
    meanings = [_AS_IT_IS, "Exit codes:", *(f"  {code}  {meaning}" for code, meaning in codes.items())]
    return "\n".join([*shown, "", *meanings])
