"""The clip store: a folder of memory-mapped arrays and one index, written once, read fast.

`Loader` is the only part that needs torch, which takes seconds to import, so it is imported on
first use: converting, inspecting and verifying a store start at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framecast.store.format import ClipEntry
from framecast.store.inspect import contact_sheet, summary
from framecast.store.reader import Store, open_store
from framecast.store.verify import verify_store
from framecast.store.writer import write_store

if TYPE_CHECKING:
    from framecast.store.loader import Loader

__all__ = [
    "ClipEntry",
    "Loader",
    "Store",
    "contact_sheet",
    "open_store",
    "summary",
    "verify_store",
    "write_store",
]


def __getattr__(name: str) -> Any:
    if name == "Loader":
        from framecast.store.loader import Loader

        return Loader
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
