"""The truth table, whole."""

from typing import Final

from support.truth_causes import CAUSES
from support.truth_objects import OBJECTS
from support.truth_pods import TROUBLED
from support.truth_pulling import PULLING
from support.truth_rollouts import ROLLOUTS
from support.truth_standing import STANDING

ROWS: Final = (*ROLLOUTS, *PULLING, *TROUBLED, *CAUSES, *STANDING, *OBJECTS)
