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


def examples(*lines: str) -> str:
    """Return the examples of a group of commands, as click's epilog."""
    return "\n".join([_AS_IT_IS, "Examples:" if len(lines) > 1 else "Example:", *(f"  {line}" for line in lines)])


def closing(*lines: str, codes: Mapping[int, str] = CODES) -> str:
    """Return the examples and exit codes of a command, as click's epilog."""
    meanings = [_AS_IT_IS, "Exit codes:", *(f"  {code}  {meaning}" for code, meaning in codes.items())]
    return "\n".join([examples(*lines), "", *meanings])
