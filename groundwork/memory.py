"""Memory that was freed goes back to the system: the C library keeps what starting up and bursts leave behind."""

import asyncio
import ctypes

FIRST, MOST = 2.0, 600.0  #: seconds between two times, at the beginning and later on


async def give_back_for_ever() -> None:
    """Give freed memory back, at first soon, because starting up leaves the most; nothing where the library is another."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; it holds no lock of Python's meanwhile
    wait = FIRST
    while trim is not None:
        await asyncio.sleep(wait)
        await asyncio.to_thread(trim, 0)
        wait = min(wait * 2, MOST)
