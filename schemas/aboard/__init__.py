"""What is aboard which vessel or train, and its events told to every shipment aboard.

Two pure translators with a topic between them, because events are partitioned by consignment and those of
vessels and trains by their own id: `Router` sends what concerns a vessel or train to its key, `Fan` keeps who
is aboard and tells each shipment.
"""

from schemas.aboard.fan import Fan
from schemas.aboard.route import Router, may_concern

__all__ = ["Fan", "Router", "may_concern"]
