"""One integer seed from any parts: every random stream names what it is for.

`seed_for(7, "draws", 1200)` is the stream of training step 1200 in a run seeded 7. Streams
named differently are independent, and none depends on what was drawn before it.
"""

from __future__ import annotations

import hashlib


def seed_for(*parts: int | str) -> int:
    """A 63-bit seed from the parts, the same on every machine."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
