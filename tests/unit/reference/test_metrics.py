"""The page of metrics has what the running process tells, no more and no less."""

from __future__ import annotations

from prometheus_client import REGISTRY

import corridor.roles.deliver
import corridor.roles.gateway
import corridor.roles.stream
import corridor.roles.view  # noqa: F401 - all that make metrics are loaded
from corridor.reference.metrics import metrics


def test_every_metric_that_is_told_is_on_the_page() -> None:
    """Name, type and meaning are those that Prometheus gets."""
    told = {
        (family.name, family.type, family.documentation)
        for family in REGISTRY.collect()
        if family.name.startswith("corridor_")
    }
    assert told == {(one.name.removesuffix("_total"), one.kind, one.meaning) for one in metrics()}


def test_labels_are_told_as_they_are_given() -> None:
    """One metric by hand: deliveries have a participant and an outcome."""
    (found,) = [one for one in metrics() if one.name == "corridor_filtered_total"]
    assert found.labels == ("processor", "reason")
