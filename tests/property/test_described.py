"""What the OpenAPI documents say is what the edges do: Schemathesis asks and judges.

By default a few seeded requests an operation; in a soak many, by chance, in every phase.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.described import described, judge

pytestmark = pytest.mark.timeout(3600 if os.environ.get("CORRIDOR_SOAK") else 900)

REFUSED = {
    "webhooks": [
        400,
        413,
        422,
    ],  # no id, too many, or a rule of the field is broken
    "registry": [422],  # a text may be no Avro
    "permits": [400, 422],  # the rules of the ledger
    "view": [],
}
"""What may be answered, edge by edge, to a request that has the form of the document."""
ALWAYS = (401, 403, 404, 409, 429, 503)
UNPROVEN = {"permits": [400, 401, 422]}
"""What may be answered to who shows nothing; the e-Permit protocol's reference looks at the event first."""
SHORT = ("--generation-deterministic", "--phases", "examples,fuzzing", "--max-examples")
MOST = {"webhooks": "4", "registry": "3", "permits": "4", "view": "10"}
LONG = ("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "200")


@pytest.mark.parametrize("name", REFUSED)
async def test_an_edge_does_what_its_document_says(name: str, tmp_path: Path) -> None:
    """No defect; no status, form or header that is not described; what is described is taken, no more."""
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(
        f"[checks.positive_data_acceptance]\nexpected-statuses = {['2xx', *ALWAYS, *REFUSED[name]]}\n"
        f"[checks.negative_data_rejection]\nexpected-statuses = [400, 401, 403, 404, 406, 413, 415, 422]\n"
        f"[checks.missing_required_header]\nexpected-statuses = {UNPROVEN.get(name, [401])}\n"
    )
    options = LONG if os.environ.get("CORRIDOR_SOAK") else (*SHORT, MOST[name])
    async with described(tmp_path) as edges:
        code, said = await judge(edges[name], settings, *options)
    assert code == 0, said
