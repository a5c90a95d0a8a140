"""Calling a student's function: no state left behind, no endless loop, no forest of frames."""

import ast
import contextlib
import ctypes
import inspect
import linecache
import random
import signal
import sys
import sysconfig
import textwrap
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from course_lib.threads import use

Made = TypeVar("Made")

LIMIT = 20.0  # seconds that all calls of one check may take together
_TASKS = Path(__file__).parent
_LIBRARY = _TASKS.parent


class TookTooLong(BaseException):
    """Raised inside an answer that does not end; no `except Exception` swallows it."""


@contextlib.contextmanager
def kept_state() -> Iterator[None]:
    """Run the block in PyTorch's ordinary modes, then restore generators, modes and settings."""
    python, numpy = random.getstate(), np.random.get_state()
    cpu = torch.get_rng_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    threads, recursion = torch.get_num_threads(), sys.getrecursionlimit()
    precision = torch.get_float32_matmul_precision()
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    cudnn = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    anomaly, anomaly_nan = torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()
    grad, numpy_errors = torch.is_grad_enabled(), np.geterr()
    try:
        with torch.inference_mode(False), warnings.catch_warnings():
            # The check probes at extreme inputs; what PyTorch warns of there helps nobody.
            warnings.simplefilter("ignore")
            torch.set_grad_enabled(True)
            torch.set_default_dtype(torch.float32)
            if device.type != "cpu":
                torch.set_default_device("cpu")
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(cpu)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)
        torch.set_default_dtype(dtype)
        # "cpu" is what PyTorch reports where no default was ever set; None takes the mode away.
        torch.set_default_device(None if device.type == "cpu" else device)
        use(threads)
        sys.setrecursionlimit(recursion)
        if torch.get_float32_matmul_precision() != precision:
            torch.set_float32_matmul_precision(precision)
        now = torch.are_deterministic_algorithms_enabled()
        now_warns = torch.is_deterministic_algorithms_warn_only_enabled()
        if (now, now_warns) != (deterministic, warn_only):  # the call itself loads a compiler
            torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = cudnn
        torch.autograd.set_detect_anomaly(anomaly, anomaly_nan)
        torch.set_grad_enabled(grad)
        np.seterr(**numpy_errors)


def within_limit(work: Callable[[], Made]) -> Made:
    """Return work(), or raise TookTooLong once it has run for LIMIT seconds.

    In the main thread an alarm of the operating system stops it, and whatever alarm was set before
    is restored. Elsewhere, and on Windows, `work` runs in a thread of its own, which is told to
    stop and is left alone where it does not listen (within a long call of a library in C).
    """
    alarms = hasattr(signal, "setitimer")
    if alarms and threading.current_thread() is threading.main_thread():
        return _with_alarm(work)
    return _in_a_thread(work)


def _with_alarm(work: Callable[[], Made]) -> Made:
    def again(frame, event, argument):
        if event == "line":
            raise TookTooLong
        return None if event == "call" else again

    def stop(number, frame):
        # A bare `except:` in the answer's loop swallows the first one; a trace of the answer's
        # frames raises the second one in the body of that `except`, out of its reach.
        inside = False
        while frame is not None and Path(frame.f_code.co_filename).parent != _TASKS:
            frame.f_trace, inside, frame = again, True, frame.f_back
        if inside:
            sys.settrace(again)
        raise TookTooLong

    trace = sys.gettrace()
    before = signal.signal(signal.SIGALRM, stop)
    began = time.monotonic()
    delay, interval = signal.setitimer(signal.ITIMER_REAL, LIMIT, 0.1)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.settrace(trace)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)
        if delay:
            left = max(delay - (time.monotonic() - began), 1e-3)
            signal.setitimer(signal.ITIMER_REAL, left, interval)


def _in_a_thread(work: Callable[[], Made]) -> Made:
    box = {}

    def target():
        try:
            box["value"] = work()
        except BaseException as error:
            box["error"] = error

    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    thread.join(LIMIT)
    if thread.is_alive():
        assert thread.ident is not None  # it has been started
        identity = ctypes.c_ulong(thread.ident)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(identity, ctypes.py_object(TookTooLong))
        raise TookTooLong
    if "error" in box:
        raise box["error"]
    return box["value"]


def source_of(function: Callable) -> str:
    """Return the source of a function or of a module's forward, or "" where there is none."""
    target = type(function).forward if isinstance(function, torch.nn.Module) else function
    try:
        return textwrap.dedent(inspect.getsource(inspect.unwrap(target)))
    except (OSError, TypeError, ValueError, AttributeError):
        return ""


def has_gap(function: Callable) -> bool:
    """Return whether `...` still stands where an expression belongs; x[..., 0] is no gap."""
    try:
        tree = ast.parse(source_of(function))
    except SyntaxError:  # a lambda inside a call, cut out of its line
        return False
    subscripts = [node.slice for node in ast.walk(tree) if isinstance(node, ast.Subscript)]
    inside = {id(node) for index in subscripts for node in ast.walk(index)}
    return any(
        isinstance(node, ast.Constant) and node.value is ... and id(node) not in inside
        for node in ast.walk(tree)
    )


def left_open(error: NotImplementedError) -> bool:
    """Return whether a line raised the error that says `raise`, as a skeleton's does.

    PyTorch raises it from C as well, where an operation lacks what it was asked for. Where the line
    is not known, it is taken for a skeleton's.
    """
    (frame,) = traceback.extract_tb(error.__traceback__, limit=-1)
    return not frame.line or "raise" in frame.line


def describe_error(error: BaseException, function: Callable) -> str:
    """Return the student's own line and the error, in two short lines of text."""
    kind, text = type(error).__name__, ""
    with contextlib.suppress(Exception):
        text = str(error).strip()
    text = textwrap.shorten(text.splitlines()[0], 300) if text else ""
    said = f"{kind}: {text}" if text else kind
    frame = _own_frame(error, function)
    if frame is None:
        return said
    line = linecache.getline(frame.filename, frame.lineno or 0).strip() or frame.line or ""
    where = f"Line {frame.lineno}, in {frame.name}"
    return f"{where}: {line}\n{said}" if line else f"{where}.\n{said}"


def _own_frame(error: BaseException, function: Callable) -> traceback.FrameSummary | None:
    """Return the innermost frame of the student's own code, or None where there is none."""
    target = type(function).forward if isinstance(function, torch.nn.Module) else function
    code = getattr(inspect.unwrap(target) if callable(target) else target, "__code__", None)
    # walk_tb reads no source; a recursion's thousand frames cost nothing.
    frames = traceback.StackSummary.extract(
        traceback.walk_tb(error.__traceback__), lookup_lines=False
    )
    own = [frame for frame in frames if not _is_foreign(frame.filename)]
    if code and not _is_foreign(code.co_filename):  # a layer's forward is PyTorch's own
        own = [frame for frame in frames if frame.filename == code.co_filename] or own
    return own[-1] if own else None


def _is_foreign(filename: str) -> bool:
    if filename.startswith("<frozen"):
        return True
    folders = {sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib")}
    path = Path(filename)
    return any(path.is_relative_to(folder) for folder in (*folders, _LIBRARY))
