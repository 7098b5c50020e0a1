"""Hold functions and files short: median at most 12 lines, 90 % at most 35, none above 60; files at most 400.

A function's length is its lines from `def` to its end, without its docstring, blank lines and comments.
"""

import ast
import io
import statistics
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MEDIAN, NINE_OF_TEN, LONGEST, FILE = 12, 35, 60, 400
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, order=True)
class Length:
    lines: int
    place: str


def main(folders: list[str]) -> int:
    found = [path for folder in folders for path in Path(folder).rglob("*.py")]
    paths = sorted(path for path in found if "versions" not in path.parts)  # migrations are written once, as a list
    functions = [length for path in paths for length in function_lengths(path, path.read_text())]
    faults = [*_file_faults(paths), *_function_faults(functions)]
    for fault in faults:
        print(fault, file=sys.stderr)
    if functions and not faults:
        counts = [function.lines for function in functions]
        print(f"{len(counts)} functions, median {statistics.median(counts):g}, longest {max(counts)} lines")
    return 1 if faults else 0


def function_lengths(path: Path, source: str) -> Iterator[Length]:
    code = _lines_with_code(source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Function):
            end = node.end_lineno or node.lineno
            counted = code & set(range(node.lineno, end + 1)) - _docstring_lines(node)
            yield Length(len(counted), f"{path}:{node.lineno} {node.name}")


def _file_faults(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        lines = len(path.read_text().splitlines())
        if lines > FILE:
            yield f"{path}: {lines} lines, at most {FILE}"


def _function_faults(functions: list[Length]) -> Iterator[str]:
    counts = sorted(function.lines for function in functions)
    if not counts:
        return
    if statistics.median(counts) > MEDIAN:
        yield f"the median function has {statistics.median(counts):g} lines, at most {MEDIAN}"
    ninth = counts[(len(counts) * 9 - 1) // 10]
    if ninth > NINE_OF_TEN:
        yield f"nine of ten functions have up to {ninth} lines, at most {NINE_OF_TEN}"
    for function in sorted(functions, reverse=True):
        if function.lines > LONGEST:
            yield f"{function.place}: {function.lines} lines, at most {LONGEST}"


def _lines_with_code(source: str) -> set[int]:
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in silent:
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines


def _docstring_lines(node: Function) -> set[int]:
    first = node.body[0]
    if ast.get_docstring(node) is None:
        return set()
    return set(range(first.lineno, (first.end_lineno or first.lineno) + 1))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
