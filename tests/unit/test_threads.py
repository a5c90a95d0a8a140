"""The number of threads follows the load: on machines made up here, with a clock of their own."""

import re
from pathlib import Path

import pytest
import torch

from course_lib import machine, sampling, threads
from course_lib.threads import Chooser

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def forgetting(monkeypatch):
    """Begin as in a new process, on two cores, and leave PyTorch's number as it was."""
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "_chosen", 1)
    monkeypatch.setattr(machine, "cores", lambda: 2)
    yield
    torch.set_num_threads(before)


class Machine:
    """Steps take as long as `speeds` says: threads -> steps per second."""

    def __init__(self, speeds: dict[int, float], cores: float = 2, others: float = 0):
        self.speeds, self.cores, self.others = speeds, cores, others
        self.now = self.idle = 0.0
        self.used: dict[int, float] = {}  # threads -> seconds

    def chooser(self, **options) -> Chooser:
        return Chooser(clock=lambda: self.now, idle=lambda: self.idle, **options)

    def step(self, extra: float = 0.0) -> None:
        count = torch.get_num_threads()
        seconds = 1 / self.speeds[count] + extra
        self.now += seconds
        self.idle += max(0.0, self.cores - self.others - count) * seconds
        self.used[count] = self.used.get(count, 0.0) + seconds

    def run(self, chooser: Chooser, seconds: float, extra=lambda i: 0.0) -> float:
        """Return the steps per second over so many seconds."""
        began, steps = self.now, 0
        while self.now - began < seconds:
            self.step(extra(steps))
            chooser.tick()
            steps += 1
        return steps / (self.now - began)


QUIET, BUSY = {1: 46.0, 2: 62.0}, {1: 46.0, 2: 17.0}


def test_two_threads_where_nothing_else_runs():
    quiet = Machine(QUIET)
    chooser = quiet.chooser()
    assert quiet.run(chooser, 60) > 0.97 * 62
    assert str(chooser) == "2 of 2 threads"


def test_one_thread_beside_a_busy_program():
    busy = Machine(BUSY, others=1)
    chooser = busy.chooser()
    assert busy.run(chooser, 60) > 0.97 * 46
    assert str(chooser) == "1 of 2 threads: the machine is busy"


def test_beside_a_busy_program_more_threads_are_hardly_ever_tried():
    # Several programs beside it: 0.6 steps per second with two threads, as was once seen.
    crowded = Machine({1: 20.0, 2: 0.6}, others=4)
    assert crowded.run(crowded.chooser(), 60) > 0.99 * 20
    assert set(crowded.used) == {1}


def test_a_hopeless_trial_ends_at_once():
    # In a container the host has idle cores, but this one is not granted them.
    crowded = Machine({1: 20.0, 2: 2.0})
    chooser = Chooser(clock=lambda: crowded.now, idle=lambda: crowded.now)
    assert crowded.run(chooser, 60) > 0.9 * 20
    assert 0 < crowded.used[2] < 6


def test_a_network_too_small_for_two_threads_gets_one_and_the_reason_is_true():
    small = Machine({1: 1000.0, 2: 900.0})
    chooser = small.chooser()
    assert small.run(chooser, 60) > 0.99 * 1000
    assert str(chooser) == "1 of 2 threads: more are not faster here"


def test_the_choice_follows_the_load_within_two_seconds():
    machine_ = Machine(QUIET)
    chooser = machine_.chooser()
    machine_.run(chooser, 20)
    for speeds, others, best in ((BUSY, 1, 1), (QUIET, 0, 2), (BUSY, 1, 1), (QUIET, 0, 2)):
        machine_.speeds, machine_.others = speeds, others
        machine_.run(chooser, 2)
        assert chooser.best == best
        assert machine_.run(chooser, 30) > 0.97 * speeds[best]


def test_the_choice_follows_where_idle_cores_cannot_be_seen():
    # In a container the host's cores are busy and idle as they like.
    hidden = Machine(BUSY)
    chooser = Chooser(clock=lambda: hidden.now, idle=lambda: 0.0)
    hidden.run(chooser, 10)
    hidden.speeds = QUIET
    hidden.run(chooser, 60)
    assert chooser.best == 2


@pytest.mark.parametrize(
    ("cores", "speeds", "best"),
    [
        (8, {1: 10.0, 2: 18.0, 4: 30.0, 8: 20.0}, 4),
        (8, {1: 10.0, 2: 18.0, 4: 30.0, 8: 50.0}, 8),
        (6, {1: 10.0, 2: 18.0, 4: 30.0, 6: 40.0}, 6),
        (3, {1: 10.0, 2: 8.0, 3: 7.0}, 1),
    ],
)
def test_many_cores(cores, speeds, best, monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: cores)
    many = Machine(speeds, cores=cores)
    chooser = many.chooser()
    many.run(chooser, 8)
    assert chooser.best == best
    assert many.run(chooser, 120) > 0.95 * speeds[best]


def test_from_many_threads_down_to_few(monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 8)
    many = Machine({1: 10.0, 2: 18.0, 4: 30.0, 8: 50.0}, cores=8)
    chooser = many.chooser()
    many.run(chooser, 10)
    many.speeds, many.others = {1: 10.0, 2: 8.0, 4: 3.0, 8: 1.0}, 8
    many.run(chooser, 30)
    assert chooser.best == 1


def test_pictures_do_not_mislead():
    quiet = Machine(QUIET)
    chooser = quiet.chooser()
    quiet.run(chooser, 60, extra=lambda i: 1.0 if i % 20 == 0 else 0.0)
    assert chooser.best == 2


def test_trials_that_change_nothing_become_rare_and_never_end():
    chooser = threads.Chooser(clock=lambda: 0.0, idle=lambda: 0.0)
    waits = [chooser._decide(False, 0.0, 0.0) or chooser.wait for _ in range(9)]
    assert waits == [4, 8, 16, 32, 64, 64, 64, 64, 64]


def test_slow_steps_are_judged_too():
    slow = Machine({1: 1.0, 2: 1.4})
    chooser = slow.chooser()
    slow.run(chooser, 25)
    assert chooser.best == 2


def test_the_next_loop_begins_with_what_was_chosen_last():
    quiet = Machine(QUIET)
    quiet.run(quiet.chooser(), 3)
    assert torch.get_num_threads() == 2 and quiet.chooser().best == 2
    torch.set_num_threads(1)
    threads.begin()
    assert torch.get_num_threads() == 2


def test_a_fixed_number_never_changes(monkeypatch):
    quiet = Machine(QUIET)
    chooser = quiet.chooser(threads=1)
    quiet.run(chooser, 20)
    assert set(quiet.used) == {1} and str(chooser) == ""
    chooser = quiet.chooser(threads=2)
    torch.set_num_threads(1)  # something in the step did that
    chooser.tick()
    assert torch.get_num_threads() == 2 and str(chooser) == "2 threads, fixed"
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    quiet.used.clear()
    quiet.run(quiet.chooser(), 20)
    assert set(quiet.used) == {1}


def test_one_granted_core_is_one_thread_and_nothing_to_say(monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 1)
    binder = Machine({1: 20.0}, cores=1)
    chooser = binder.chooser()
    binder.run(chooser, 20)
    assert str(chooser) == "" and set(binder.used) == {1}


@pytest.mark.parametrize(
    ("said", "number"),
    [("3", 3), (" 2 ", 2), ("4,2", 4), ("0", 1), ("many", None), ("²", None), ("", None)],
)
def test_what_omp_num_threads_asks_for(said, number, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert threads.fixed() == number
    assert threads.most() == (number or 2)


def test_one_thread_holds_for_loops_inside_of_it_and_is_given_back():
    torch.set_num_threads(2)
    with threads.one_thread():
        inside = Machine(QUIET)
        inside.run(inside.chooser(), 5)
        with threads.one_thread():
            pass
        assert torch.get_num_threads() == 1 and threads.fixed() == 1
    assert set(inside.used) == {1}
    assert torch.get_num_threads() == 2 and threads.fixed() is None
    with pytest.raises(ValueError, match="inside"), threads.one_thread():
        raise ValueError("inside")
    assert torch.get_num_threads() == 2 and threads.fixed() is None


def test_a_loop_inside_of_a_step_does_not_decide_for_it():
    quiet = Machine(QUIET)
    chooser = quiet.chooser()
    quiet.run(chooser, 3)
    torch.set_num_threads(1)
    quiet.step()
    chooser.tick()
    assert torch.get_num_threads() == 2


def test_tuned_yields_what_it_is_given():
    assert list(threads.tuned(x * x for x in range(5))) == [0, 1, 4, 9, 16]


@pytest.mark.parametrize("steps", range(1, 60))
def test_after_a_loop_of_any_length_the_chosen_number_is_left(steps):
    # A loop may end in the middle of a trial.
    slow = Machine({1: 46.0, 2: 6.0})
    for _ in threads.tuned(range(steps), Chooser(clock=lambda: slow.now, idle=lambda: slow.now)):
        slow.step()
    assert torch.get_num_threads() == threads._chosen == 1


def test_after_a_break_too():
    slow = Machine({1: 46.0, 2: 6.0})
    for _ in threads.tuned(range(60), Chooser(clock=lambda: slow.now, idle=lambda: slow.now)):
        slow.step()
        if torch.get_num_threads() == 2:
            break
    assert slow.used and torch.get_num_threads() == 1


def test_a_loop_with_a_fixed_number_fixes_those_inside_of_it():
    for _ in threads.tuned(range(2), Chooser(threads=2)):
        for _ in threads.tuned(range(3), Chooser(threads=1)):
            assert torch.get_num_threads() == 2 and threads.fixed() == 2
        with threads.one_thread():
            assert torch.get_num_threads() == 1 and threads.fixed() == 1
        assert torch.get_num_threads() == 2
    assert threads.fixed() is None and torch.get_num_threads() == 1


def test_programs_of_low_priority_count_as_idle_unless_this_is_one(monkeypatch):
    times = type("Times", (), {"idle": 5.0, "iowait": 1.0, "nice": 2.0, "user": 9.0})
    monkeypatch.setattr("psutil.cpu_times", lambda: times)
    monkeypatch.setattr("os.nice", lambda change: 0, raising=False)
    assert threads.idle_seconds() == 8.0
    monkeypatch.setattr("os.nice", lambda change: 19, raising=False)
    assert threads.idle_seconds() == 6.0
    monkeypatch.delattr("os.nice")  # Windows, where there are fewer fields as well
    monkeypatch.delattr(times, "iowait")
    monkeypatch.delattr(times, "nice")
    assert threads.idle_seconds() == 5.0


def test_sampling_and_judges_choose_too(monkeypatch):
    ticks = []
    monkeypatch.setattr(Chooser, "tick", lambda self: ticks.append(1))
    sampling.in_batches(torch.nn.Linear(2, 1), torch.zeros(10, 2), batch=2)
    assert len(ticks) == 5


def test_one_place_sets_threads():
    places = [*ROOT.glob("course_lib/**/*.py"), *ROOT.glob("notebooks/*.ipynb")]
    places += ROOT.glob("exercises/**/*.ipynb")
    setting = [p.name for p in places if re.search(r"set_num_threads\(", p.read_text("utf-8"))]
    assert setting == ["threads.py"]


def test_of_nested_numbers_the_last_one_goes_first(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with threads.held(1), threads.held(2):
        with threads.held(1):
            assert threads.fixed() == 1
        assert threads.fixed() == 2
    assert threads.fixed() is None
