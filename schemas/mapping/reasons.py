"""Why something of a message is not in what it became, and what that counts as."""

from __future__ import annotations

from typing import Final, Literal

Kind = Literal["loss", "withheld", "administrative"]

PERSONAL: Final = "personal-data"
"""The reason of what is withheld by design; its value is never told: reports go to other parties."""

NO_EQUIVALENT: Final = "no-equivalent"
"""The reason of what no rule carries and nothing more is said of."""

IMPLIED: Final = "implied"
"""The reason of what the target says by another field."""

REASONS: Final[dict[str, tuple[Kind, str]]] = {
    PERSONAL: ("withheld", "Of a person or a firm; not told on by design, and the value is in no report."),
    "publisher": ("administrative", "Who reported it to the sender: of no use to whom it is told."),
    "handling": (
        "administrative",
        "How the sender keeps the message: versions, ids, times of writing, references of his own.",
    ),
    "repeated": (
        "administrative",
        "What a document says of itself in each message: it was told with the first.",
    ),
    IMPLIED: ("administrative", "The target says it by another field: the offset by a local time."),
    NO_EQUIVALENT: ("loss", "The target has no field for it, or none in what this message became."),
    "unknown-code": ("loss", "A code that is in no code list of the broker."),
    "precision": ("loss", "The target's field is coarser: seconds of a time, digits of a number."),
    "unknown-zone": (
        "loss",
        "A time that cannot be written as local time: the place has no known zone.",
    ),
    "place-unknown": ("loss", "A place that the target has no code for."),
    "not-the-destination": ("loss", "An estimate for a way point: the target knows the destination's only."),
    "needs-density": ("loss", "A quantity that cannot be converted without a density."),
    "needs-water-content": ("loss", "A quantity that cannot be converted without the water content."),
    "water-content-invalid": ("loss", "A quantity that cannot be converted: its water content is none."),
}
"""All reasons of the broker's own mappings: what each counts as, and what it means.

A mapping may use others; they count as losses.
"""


def kind_of(reason: str) -> Kind:
    """What a reason counts as."""
    return REASONS[reason][0] if reason in REASONS else "loss"
