"""A value in Hydra's grammar, read by Hydra's own lexer and parser; a mapping with a key twice is refused."""

from __future__ import annotations

from typing import Any

from hydra.core.override_parser.overrides_parser import create_functions
from hydra.core.override_parser.overrides_visitor import HydraErrorListener, HydraOverrideVisitor
from hydra.core.override_parser.types import Override
from hydra.grammar.gen.OverrideLexer import CommonTokenStream, InputStream, OverrideLexer
from hydra.grammar.gen.OverrideParser import OverrideParser


class DuplicateKey(ValueError):
    """A mapping names a key twice; the message is that key."""


class _Visitor(HydraOverrideVisitor):  # type: ignore[misc]  # antlr4 ships no types
    def visitDictContainer(self, ctx: Any) -> Any:  # noqa: N802 Hydra's name
        pairs = [self.visitDictKeyValuePair(ctx.getChild(place)) for place in range(1, ctx.getChildCount() - 1, 2)]
        mapping: dict[Any, Any] = {}
        for key, value in pairs:
            if key in mapping:
                raise DuplicateKey(str(key))
            mapping[key] = value
        return mapping


def parse_value(written: str) -> Override:
    """What Hydra reads in `value=WRITTEN`.

    Raises:
        HydraException: it is not of Hydra's grammar.
        DuplicateKey: a mapping in it names a key twice.
    """
    listener = HydraErrorListener()
    lexer = OverrideLexer(InputStream(f"value={written}"))
    parser = OverrideParser(CommonTokenStream(lexer))
    for part in (lexer, parser):
        part.removeErrorListeners()
        part.addErrorListener(listener)
    override = _Visitor(create_functions()).visit(parser.override())
    assert isinstance(override, Override)
    return override
