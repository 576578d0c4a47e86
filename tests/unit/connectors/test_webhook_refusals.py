"""The refusals that a webhook's description lists."""

from __future__ import annotations

import re
from pathlib import Path

from connectors.http.problems import status_of
from connectors.receive.openapi import REFUSALS
from schemas.errors import Permanent

ROOT = Path(__file__).parents[3]
RAISED_IN = (
    "connectors/receive/*.py", "connectors/http/body.py", "connectors/http/doorman.py",
    "connectors/http/server.py", "connectors/ports.py",
    "connectors/auth/webhook.py", "schemas/avro/jsonform.py", "schemas/avro/refusal.py",
    "schemas/avro/violation.py", "streams/edges/ingest.py", "streams/records/frames.py",
)  # fmt: skip
"""Where a request to a webhook can be refused."""
MADE_WITH = r"(?:Permanent|Transient|Invalid|_refuse)\(\s*\"([a-z-]+)\""


def test_a_webhook_lists_the_codes_that_it_can_answer_and_no_others() -> None:
    """What the code of the edge raises is listed under its status; what only others raise is not there."""
    listed = {code: status for status, (_, codes) in REFUSALS.items() for code in codes}
    texts = [file.read_text("utf-8") for pattern in RAISED_IN for file in ROOT.glob(pattern)]
    raised = {code for text in texts for code in re.findall(MADE_WITH, text)}
    routed = {"method-not-allowed"}  # by the router, for whatever is no POST
    assert raised - {"schema-unsafe"} | routed == listed.keys()  # schema-unsafe: a schema, at the start
    assert {code: status_of(Permanent(code, "")) for code in listed} == listed
