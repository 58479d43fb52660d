"""What the command says when it cannot go on: one line, and an exit code that tells whose turn it is."""


class Stop(Exception):
    """Ends a command with one line on stderr and never a traceback."""

    exit_code: int

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details
        """The program's own traceback, secrets hidden, for --debug."""


class Mistake(Stop):
    """What the user gave cannot work: an unknown stack, an impossible value, a broken file."""

    exit_code = 2


class Failure(Stop):
    """What we do did not work: a program that raises, a call that the sandbox's cloud refuses."""

    exit_code = 1
