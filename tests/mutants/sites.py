"""Where a fault can be put into a file, and the file with the fault in it.

A fault is kept by the function that it is in and the text that it replaces, not
by its line, so that it can still be put in after other lines have moved.
"""

import ast
import dataclasses
from collections.abc import Iterator

_COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
}
_SKIPPED = (ast.JoinedStr, ast.Import, ast.ImportFrom)


@dataclasses.dataclass(frozen=True)
class Fault:
    """One text of a file for another.

    Attributes:
        file: Path in the repository.
        function: Names of the class and the function around it, or "".
        line: Where it stood when it was drawn, for who reads the list.
        before, after: What is replaced, and by what.
        occurrence: Which of the equal texts in the function, from 0.
    """

    file: str
    function: str
    line: int
    before: str
    after: str
    occurrence: int


class FaultIsGoneError(Exception):
    """The code that a fault was drawn for is not there any more."""


def find(file: str, source: str) -> list[Fault]:
    """All faults that can be put into a file."""
    return [
        _fault(file, source, scope, node, changed)
        for scope, node, changed in _sites(source)
    ]


def put_in(source: str, fault: Fault) -> str:
    """The file with the fault in it.

    Raises:
        FaultIsGoneError: If the function, or its text, is not there.
    """
    start, text = _scope(source, fault.function)
    at = -1
    for _ in range(fault.occurrence + 1):
        at = text.find(fault.before, at + 1)
        if at < 0:
            raise FaultIsGoneError
    at += start
    return source[:at] + fault.after + source[at + len(fault.before) :]


def _fault(file, source, scope, node, changed):
    lines = source.splitlines(keepends=True)
    start, text = _scope(source, scope)
    offset = _offset(lines, node.lineno, node.col_offset) - start
    before = ast.get_source_segment(source, node)
    occurrence = _count(text, before, offset)
    return Fault(file, scope, node.lineno, before, changed, occurrence)


def _count(text: str, part: str, end: int) -> int:
    """How often a part begins in a text before `end`."""
    return sum(text.startswith(part, at) for at in range(end))


def _offset(lines: list[str], line: int, column: int) -> int:
    """Characters before a place that `ast` gives in lines and bytes."""
    before = lines[line - 1].encode()[:column].decode()
    return sum(map(len, lines[: line - 1])) + len(before)


def _scope(source: str, name: str) -> tuple[int, str]:
    """Where a function begins, and its text; or the whole file."""
    if not name:
        return 0, source
    for found, node in _functions(ast.parse(source), ()):
        if ".".join(found) == name:
            lines = source.splitlines(keepends=True)
            start = _offset(lines, node.lineno, node.col_offset)
            return start, ast.get_source_segment(source, node)
    raise FaultIsGoneError


def _functions(node, names):
    for child in ast.iter_child_nodes(node):
        inner = names
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            inner = (*names, child.name)
        if isinstance(child, ast.FunctionDef):
            yield inner, child
        yield from _functions(child, inner)


def _sites(source: str) -> Iterator[tuple[str, ast.AST, str]]:
    """Function, node, and what the node becomes."""
    yield from _walk(ast.parse(source), (), "")


def _walk(node, names, function):
    for child in _children(node):
        inner, inside = names, function
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            inner = (*names, child.name)
        if isinstance(child, ast.FunctionDef):
            inside = ".".join(inner)
        for changed in _changes(child):
            yield inside, child, changed
        yield from _walk(child, inner, inside)


def _children(node):
    """Of a node, all that is executed: no annotations, no messages."""
    skipped = {
        getattr(node, "annotation", None),
        getattr(node, "returns", None),
    }
    for child in ast.iter_child_nodes(node):
        if child not in skipped and not isinstance(child, _SKIPPED):
            yield child


def _changes(node: ast.AST) -> Iterator[str]:
    """What a node could wrongly be, as text."""
    match node:
        case ast.Compare(ops=[operator], left=left, comparators=[right]):
            other = _COMPARISONS[type(operator)]()
            yield ast.unparse(ast.Compare(left, [other], [right]))
        case ast.BinOp(op=operator) if type(operator) in _OPERATORS:
            other = _OPERATORS[type(operator)]()
            yield f"({ast.unparse(ast.BinOp(node.left, other, node.right))})"
        case ast.BoolOp(op=operator, values=values):
            other = ast.Or() if isinstance(operator, ast.And) else ast.And()
            yield f"({ast.unparse(ast.BoolOp(other, values))})"
        case ast.UnaryOp(operand=operand, op=ast.Not() | ast.USub()):
            yield f"({ast.unparse(operand)})"
        case ast.Constant(value=bool(value)):
            yield repr(not value)
        case ast.Constant(value=int(value)):
            yield repr(value + 1)
        case ast.Constant(value=float(value)):
            yield repr(value * 2 if value else 1.0)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield f"({ast.unparse(ast.IfExp(test, orelse, body))})"
        case ast.Call(keywords=keywords) if keywords:
            for gone in keywords:
                rest = [word for word in keywords if word is not gone]
                yield ast.unparse(ast.Call(node.func, node.args, rest))
        case ast.Expr(value=ast.Call()) | ast.Raise():
            yield "pass"
