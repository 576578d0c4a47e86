"""Pure stateful translation.

``(state, record) -> result``, never reading clock, network or random numbers.
"""

from schemas.records import Filtered, Finding, Loss
from schemas.translation.model import Context, Output, Record, Result
from schemas.translation.translator import Translator

__all__ = ["Context", "Filtered", "Finding", "Loss", "Output", "Record", "Result", "Translator"]
