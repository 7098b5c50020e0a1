"""The end of a command's help: examples and exit codes."""

from collections.abc import Mapping

#: What the codes mean where a command says nothing else.
CODES: Mapping[int, str] = {
    0: "done",
    1: "a fault, told on stderr",
    2: "wrong usage",
    3: "the identity store cannot be reached",
}
#: Keeps click from filling the lines that follow.
_AS_IT_IS = "\b"


def closing(*examples: str, codes: Mapping[int, str] = CODES) -> str:
    """Return the examples and exit codes of a command, as click's epilog."""
    shown = [_AS_IT_IS, "Examples:" if len(examples) > 1 else "Example:", *(f"  {line}" for line in examples)]
    meanings = [_AS_IT_IS, "Exit codes:", *(f"  {code}  {meaning}" for code, meaning in codes.items())]
    return "\n".join([*shown, "", *meanings])
