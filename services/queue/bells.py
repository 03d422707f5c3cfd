"""What wakes the workers of this process. Without a ring they look by themselves, a little later."""

import asyncio

LOOK_SECONDS = 5.0
"""How often cards are looked for without being woken."""

cards = asyncio.Event()
