"""Finds words of enumerations that stand bare in code, where a column or an attribute of such a word is meant.

Syntax alone: a name says what is meant (`study.state`, `state=`, a parameter `state`), so a name is what is registered.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

ASKS = {"in_", "not_in", "notin_", "is_", "is_not", "startswith", "like", "get"}
"""Methods of a column that compare it with what they are given."""


@dataclass(frozen=True)
class Registry:
    """`columns`: (class or empty for any, name of a column, attribute or parameter) -> enumerations of its words."""

    columns: Mapping[tuple[str, str], tuple[type[StrEnum], ...]]

    def words(self, owner: str, name: str) -> frozenset[str]:
        """What may not stand bare beside this name. Of a class that is registered only its own columns count."""
        if any(known == owner for known, _ in self.columns if known):
            codes = self.columns.get((owner, name), ())
        elif owner[:1].isupper():
            codes = self.columns.get(("", name), ())
        else:
            codes = tuple(code for (_, known), found in self.columns.items() if known == name for code in found)
        return frozenset(str(word) for code in codes for word in code)


Parameters = Mapping[str, list[list[str]]]
"""Names of positional parameters by name of the function or class, for each that is called so."""


def parameters(trees: list[ast.Module]) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef):
            names = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
            found.setdefault(node.name, []).append(names[1:] if names[:1] in (["self"], ["cls"]) else names)
        elif isinstance(node, ast.ClassDef):
            fields = [name for each in node.body if (name := _field(each))]
            found.setdefault(node.name, []).append(fields)
    return found


def bare_words(tree: ast.Module, registry: Registry, called: Parameters) -> Iterator[tuple[int, str, str]]:
    """(line, name, word) of every word that stands bare."""
    aliases = dict(_aliases(tree))
    for node in ast.walk(tree):
        for owner, name, given in _meetings(node, called):
            for constant in _constants(given):
                if constant.value in registry.words(aliases.get(owner, owner), name):
                    yield constant.lineno, name, constant.value


def _aliases(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(name, class) of every `name = aliased(Class)`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        if getattr(node.value.func, "id", "") == "aliased" and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, getattr(node.value.args[0], "id", "")


def _meetings(node: ast.AST, called: Parameters) -> Iterator[tuple[str, str, ast.expr]]:
    """(owner, name, expression) of every name and what it is compared with, set to, or called with in this node."""
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        for one, other in pairwise(sides):
            yield from (*_paired(one, other), *_paired(other, one))
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            yield from _paired(target, node.value)
            if isinstance(node.value, ast.Call):  # mapped_column(default=...), field(default=...)
                for keyword in (each for each in node.value.keywords if each.arg in ("default", "server_default")):
                    yield from _paired(target, keyword.value)
    elif isinstance(node, ast.Call):
        yield from _given(node, called)
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield "", key.value, value
    elif isinstance(node, ast.FunctionDef | ast.Lambda):
        positional = [*node.args.posonlyargs, *node.args.args]
        defaults = node.args.defaults
        yield from (("", each.arg, given) for each, given in zip(positional[::-1], defaults[::-1], strict=False))
        yield from (
            ("", each.arg, given)
            for each, given in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            if given is not None
        )
    elif isinstance(node, ast.Match):
        for case in node.cases:
            for pattern in ast.walk(case.pattern):
                if isinstance(pattern, ast.MatchValue):
                    yield from _paired(node.subject, pattern.value)


def _given(node: ast.Call, called: Parameters) -> Iterator[tuple[str, str, ast.expr]]:
    function = node.func
    name = getattr(function, "attr", getattr(function, "id", ""))
    for keyword in node.keywords:
        if keyword.arg:
            yield _changed_table(node) or name, keyword.arg, keyword.value
    for names in called.get(name, ()):
        yield from ((name, parameter, given) for parameter, given in zip(names, node.args, strict=False))
    if isinstance(function, ast.Attribute) and name in ASKS:
        for given in node.args:
            yield from _paired(function.value, given)


def _changed_table(node: ast.Call) -> str:
    """`Job` of update(Job).where(...).values(...)."""
    while isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
        node = node.func.value
    is_change = getattr(node.func, "id", "") in ("update", "insert") and node.args
    return getattr(node.args[0], "id", "") if is_change else ""


def _paired(one: ast.expr, other: ast.expr) -> Iterator[tuple[str, str, ast.expr]]:
    """What stands for a name on one side, and what meets it on the other; place by place of two tuples."""
    if isinstance(one, ast.Tuple):
        if isinstance(other, ast.Tuple):
            for each, given in zip(one.elts, other.elts, strict=False):
                yield from _paired(each, given)
    elif isinstance(one, ast.Attribute):
        yield getattr(one.value, "id", ""), one.attr, other
    elif isinstance(one, ast.Name):
        yield "", one.id, other
    elif isinstance(one, ast.Subscript) and isinstance(one.slice, ast.Constant):
        yield "", str(one.slice.value), other
    elif isinstance(one, ast.Call):  # func.coalesce(Study.match_reason, "") != "parted", str(study.state) == "prepared"
        for each in one.args:
            yield from _paired(each, other)


def _constants(given: ast.expr) -> Iterator[ast.Constant]:
    """The texts an expression may be, or holds as a list of choices."""
    if isinstance(given, ast.Constant):
        if isinstance(given.value, str):
            yield given
    elif isinstance(given, ast.Tuple | ast.List | ast.Set):
        for each in given.elts:
            yield from _constants(each)
    elif isinstance(given, ast.IfExp):
        yield from (*_constants(given.body), *_constants(given.orelse))
    elif isinstance(given, ast.BoolOp):
        for each in given.values:
            yield from _constants(each)
    elif isinstance(given, ast.Starred):
        yield from _constants(given.value)
    elif isinstance(given, ast.Call) and getattr(given.func, "id", "") in ("str", "frozenset", "set", "tuple", "list"):
        for each in given.args:
            yield from _constants(each)


def _field(node: ast.stmt) -> str:
    """`name` of `name: str` in the body of a class, else empty."""
    return node.target.id if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else ""
