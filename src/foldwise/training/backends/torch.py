"""PyTorch as Keras's backend."""

from __future__ import annotations

import torch

_started: list[int] = []  # the number of threads, once foldwise has set it


def start_with(threads: int, at_once: int = 1) -> int | None:
    """Set PyTorch's number of threads; the number that it runs with if that is fixed already, else None."""
    if _started:
        return None if _started[0] == threads else _started[0]
    own = threads or torch.get_num_threads()
    try:
        torch.set_num_interop_threads(own)
    except RuntimeError:  # the program that calls foldwise has computed with it
        own = torch.get_num_threads()
        _started.append(own)
        return None if own == threads else own
    torch.set_num_threads(own)
    _started.append(threads)
    return None


def is_out_of_memory(fault: Exception) -> bool:
    """Whether a fault says that there is too little memory."""
    return isinstance(fault, torch.OutOfMemoryError)


def forget_compiled() -> None:
    """Give a GPU's memory that PyTorch keeps for later back to others."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
