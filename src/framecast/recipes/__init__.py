"""Recipes: every reported setting as a function that returns a full configuration."""

from __future__ import annotations

import dataclasses
import difflib

from framecast.errors import InputError
from framecast.recipes.config import RunConfig
from framecast.recipes.family_a import FAMILY_A
from framecast.recipes.family_b import FAMILY_B

RECIPES = FAMILY_A | FAMILY_B


def recipe(name: str) -> RunConfig:
    """A recipe's configuration. Raises InputError with the nearest name."""
    if name not in RECIPES:
        near = difflib.get_close_matches(name, RECIPES, 1, 0.0)
        raise InputError(
            f"no recipe is called {name!r}: did you mean {near[0]!r}? "
            f"There are: {', '.join(RECIPES)}"
        )
    return dataclasses.replace(RECIPES[name][0](), recipe=name)
