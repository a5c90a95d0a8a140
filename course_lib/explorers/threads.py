"""Threads, for pictures that follow a finger."""

from contextlib import contextmanager

import torch


@contextmanager
def one_thread():
    """Run the block, or the function that it decorates, on one of PyTorch's threads.

    Tensors of 1,000 numbers and images one at a time lose more by sharing than they gain, and most
    of all where other programs keep the cores busy: each step waits for the slower thread.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
