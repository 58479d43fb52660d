"""Work in a child process, which has all that this one has and may break it."""

import gc
import os
import pickle
import traceback
import warnings
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")


def in_child(work: Callable[[], T]) -> T:
    """What `work` returns, done where it changes nothing here. A failure there is the test's own."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of xdist's thread, which a child does without
        child = os.fork()
    if child == 0:
        gc.disable()  # it would look through, and so copy, all that the parent has
        try:
            with open(writing, "wb") as pipe:
                pipe.write(_done(work))
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    result, failure = pickle.loads(said) if said else (None, "the child process was lost")
    if failure:
        pytest.fail(failure, pytrace=False)
    return result


def _done(work: Callable[[], object]) -> bytes:
    try:
        return pickle.dumps((work(), ""))
    except BaseException as error:
        return pickle.dumps((None, "".join(traceback.format_exception(error))))
