"""The classes of faults and attacks.

A fault is a function that prepares a scene: its trouble strikes at one request.

Each is named and seeded, so that a case can be played again: class, fault, vendor, point, seed.
"""

from classes.attacks import ATTACKS
from classes.data import STRANGE
from classes.death import DEATH
from classes.kit import Fault
from classes.paging import PAGING
from classes.postgres import POSTGRES
from classes.rotation import ROTATION
from classes.runs import RUNS
from classes.storage import STORAGE
from classes.tables import TABLES
from classes.transport import LIMITS, TRANSPORT

__all__ = ["FAULTS", "Fault"]

FAULTS = (
    *DEATH,
    *TRANSPORT,
    *LIMITS,
    *PAGING,
    *STRANGE,
    *STORAGE,
    *TABLES,
    *POSTGRES,
    *RUNS,
    *ATTACKS,
    *ROTATION,
)
