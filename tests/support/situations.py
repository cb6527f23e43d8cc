"""The truth table, whole."""

from typing import Final

from support.truth_objects import OBJECTS
from support.truth_pods import TROUBLED
from support.truth_rollouts import ROLLOUTS

ROWS: Final = (*ROLLOUTS, *TROUBLED, *OBJECTS)
