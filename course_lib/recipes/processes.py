"""One training in several processes: torchrun --nproc-per-node N -m course_lib train NAME.

Each process is a rank, 0 to N − 1. All hold the same networks, compute the gradients of their own
rows of one common batch, and step by the mean of these gradients: what one process would do with
the whole batch, but for rounding. Without torchrun there is one process, and nothing here changes
anything. Recipes that have not been written for it refuse more than one.
"""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed
from torch import nn

# How long a rank waits for another that is alive and silent; one that has died is noticed at once.
TIMEOUT = timedelta(seconds=60)


def started() -> bool:
    """Return whether torchrun started this process and it has met the others, however few."""
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def processes() -> int:
    """Return the number of processes that share this training, 1 without torchrun."""
    return torch.distributed.get_world_size() if started() else 1


def rank() -> int:
    """Return this process's number, 0 to processes() − 1; 0 also writes files and prints."""
    return torch.distributed.get_rank() if started() else 0


def device() -> torch.device:
    """Return where this process computes: on a GPU of its own under torchrun, else on the CPU."""
    on_gpu = started() and torch.distributed.get_backend() == "nccl"
    return torch.device("cuda", torch.cuda.current_device()) if on_gpu else torch.device("cpu")


@contextmanager
def together(advice: str) -> Iterator[None]:
    """Run the block as one of torchrun's processes, if torchrun started this one.

    Args:
        advice: what the user can do where another process has ended; part of the message.

    Raises:
        ConnectionError: another process has ended or is silent. The run cannot go on without it:
            half of each batch would be missing.
    """
    if not torch.distributed.is_torchelastic_launched():
        yield
        return
    message = f"rank {os.environ['RANK']} stops, because another process of this run has. {advice}"

    def stop(*_) -> None:
        # This process is ending: a second signal must not cut its message short.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise ConnectionError(message)

    # torchrun ends the remaining processes by SIGTERM, often before they miss the lost one.
    before = signal.signal(signal.SIGTERM, stop)
    gpus = torch.cuda.is_available()
    if gpus:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    try:
        torch.distributed.init_process_group("nccl" if gpus else "gloo", timeout=TIMEOUT)
        yield
    except RuntimeError as error:
        if _lost_another(error):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            raise ConnectionError(message) from error
        raise
    torch.distributed.destroy_process_group()
    signal.signal(signal.SIGTERM, before)


def _lost_another(error: RuntimeError) -> bool:
    """Return whether an error says that another process has ended or is silent."""
    # Gloo has no exception of its own. Most of its messages begin with the line of its source;
    # one, for an operation that another thread's timeout has ended, does not.
    signs = ("gloo", "Application timeout caused pair closure")
    return isinstance(error, torch.distributed.DistError) or any(s in str(error) for s in signs)


def share(n: int, whole: int = 1) -> slice:
    """Return which rows of a batch of n images are this process's: neighbours, as many for each.

    Args:
        n: images in the batch of all processes.
        whole: size of groups of neighbours that must not be torn apart, such as those of the
            minibatch standard deviation.

    Raises:
        ValueError: the batch cannot be shared so.
    """
    count = processes()
    if count > 1 and n % (count * whole):
        raise ValueError(
            f"a batch of {n} images, in groups of {whole}, cannot be shared alike by {count} "
            f"processes; at most {max(1, n // whole)} can"
        )
    rows = n // count
    return slice(rank() * rows, (rank() + 1) * rows)


def drawn(random: Callable[..., torch.Tensor], rows: int, *shape: int) -> torch.Tensor:
    """Return this process's (rows, *shape) of random(N, *shape), N = rows · processes().

    Every process draws for the whole batch, on the CPU: all random generators stay alike, and the
    rows of all processes together are what one process would have drawn.
    """
    n = rows * processes()
    return random(n, *shape)[share(n)].to(device())


def parallel(network: nn.Module) -> nn.Module:
    """Return the network such that `backward` leaves the mean gradient of all processes.

    PyTorch's `DistributedDataParallel`. It may be called several times before one backward, and a
    gradient penalty may differentiate its output by its input, as long as all calls of a step use
    the same parameters: each parameter's gradient is then complete, and sent, once. Parameters
    that no process used, such as those of later stages, keep their gradient None.
    """
    if processes() == 1:
        return network
    return nn.parallel.DistributedDataParallel(network, find_unused_parameters=True)


def averaged(values: Mapping[str, float | torch.Tensor]) -> dict[str, float | torch.Tensor]:
    """Return the mean of each value over all processes, so that all report, and stop at, one."""
    if processes() == 1:
        return dict(values)
    mean = torch.stack([torch.as_tensor(v, dtype=torch.float64).detach() for v in values.values()])
    torch.distributed.all_reduce(mean)
    return dict(zip(values, (mean / processes()).tolist(), strict=True))
