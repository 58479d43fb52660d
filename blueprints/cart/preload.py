"""Whether what goes with the items of a cart is brought along: what gives way first on a busy day."""

import time

from components.service.python.flags import Flags

FLAG = "preload"
EVERY_SECONDS = 1.0


class Preload:
    """The flag, read beside the requests, none of which waits for it: on until it is read, and as it was read
    last while AppConfig is lost."""

    def __init__(self, flags: Flags | None = None) -> None:
        self._flags, self.on = flags, True

    def read(self) -> None:
        """Look at the flag, which may last."""
        self.on = self._flags is None or self._flags.on(FLAG, otherwise=True)

    def follow(self) -> None:
        """For as long as the program runs. The flags decide how seldom AppConfig is asked."""
        while True:
            self.read()
            time.sleep(EVERY_SECONDS)
