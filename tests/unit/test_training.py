"""The loop, the moving average, and checkpoints that resume to the bit."""

import copy
import os
import signal
import threading
import time

import pytest
import torch
from torch import nn

from course_lib import data
from course_lib.training import (
    EMA,
    History,
    evaluating,
    fit,
    load_checkpoint,
    save_checkpoint,
    seed_everything,
    start,
    steps,
)


def test_fit_reports_each_step_in_order():
    calls = []
    history = fit(lambda i: calls.append(i) or {"loss": i / 2}, 5, progress=False)
    assert calls == [0, 1, 2, 3, 4] and history["loss"] == [0, 0.5, 1, 1.5, 2]
    assert history.steps == 5 and not history.interrupted and history.seconds > 0
    assert history.recent(2) == {"loss": 1.75}


def test_fit_takes_tensors_and_counts_images():
    history = fit(
        lambda i: {"loss": torch.ones(1, requires_grad=True)}, 3, batch=64, progress=False
    )
    assert history["loss"] == [1.0, 1.0, 1.0]
    assert history.images_per_second == pytest.approx(3 * 64 / history.seconds)


class Recorder:
    def __init__(self):
        self.updates, self.finished = [], 0

    def update(self, history):
        self.updates.append(history.steps)

    def finish(self, history):
        self.finished += 1


def test_start_keeps_fewer_kernels_only_where_it_is_asked_to(monkeypatch):
    name = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
    monkeypatch.setenv(name, "7")  # what stands there comes back after the test
    start(seed=0)
    assert os.environ[name] == "7"
    start(seed=0, kernels=64)
    assert os.environ[name] == "64"


def test_the_progress_bar_is_redrawn_once_a_second_at_most(capsys):
    history = fit(lambda i: time.sleep(0.005) or {"loss": 1.0}, 300, every=1000)
    redrawn = capsys.readouterr().err.count("/300")
    assert 2 <= redrawn <= history.seconds + 2  # and at the beginning and the end


def test_the_bar_of_a_resumed_training_goes_on_where_it_stopped(capsys):
    list(steps(8, start=5))
    assert "5/8" in (said := capsys.readouterr().err) and "0/8" not in said


def test_fit_shows_and_calls_back_every_so_often_and_at_the_end():
    show, called = Recorder(), []
    fit(
        lambda i: {"loss": 0.0},
        7,
        every=3,
        show=show,
        callbacks=(lambda i, history: called.append(i),),
        progress=False,
    )
    assert show.updates == [3, 6, 7] and show.finished == 1 and called == [2, 5, 6]


def test_an_interruption_keeps_the_last_complete_step():
    def step(i):
        if i == 3:
            raise KeyboardInterrupt
        return {"loss": float(i)}

    show = Recorder()
    history = fit(step, 10, show=show, progress=False)
    assert history.interrupted and history["loss"] == [0, 1, 2] and show.finished == 1


@pytest.fixture(autouse=True)
def interruptions():
    """Let Python handle interruptions, also where the tests run as a shell's background job."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def stop_button():
    os.kill(os.getpid(), signal.SIGINT)


def test_the_stop_button_ends_the_loop_after_its_step():
    whole = []
    loop = steps(10, progress=False)
    for i in loop:
        if i == 3:
            stop_button()
        whole.append(i)
    assert whole == [0, 1, 2, 3] and loop.interrupted
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert list(loop) == list(range(10)) and not loop.interrupted  # run again, it goes to its end


def test_a_second_press_interrupts_at_once():
    loop = steps(10, progress=False)
    with pytest.raises(KeyboardInterrupt):
        for _ in loop:
            stop_button()
            stop_button()
    assert loop.interrupted
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_loops_inside_each_other_both_end():
    done = []
    for i in steps(5, progress=False):
        for j in steps(5, progress=False):
            done.append((i, j))
            if (i, j) == (1, 2):
                stop_button()
    assert done[-1] == (1, 2)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):
        for _ in steps(5, progress=False):
            for _ in steps(5, progress=False):
                stop_button()
                stop_button()


def test_pressed_during_the_last_picture_the_history_is_not_lost():
    class Slow(Recorder):
        def finish(self, history):
            stop_button()
            super().finish(history)

    show = Slow()
    assert fit(lambda i: {"loss": 1.0}, 3, show=show, progress=False).steps == 3
    assert show.finished == 1


def test_pressed_in_the_last_step_nothing_is_missing():
    loop = steps(4, start=2, progress=False)
    seen = [stop_button() if i == 3 else i for i in loop]
    assert len(seen) == 2 and not loop.interrupted


def test_the_stop_button_is_given_back_after_a_break_and_an_error():
    for _ in steps(10, progress=False):
        break
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(ZeroDivisionError):
        fit(lambda i: 1 / 0, 3, progress=False)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_steps_in_another_thread_leave_the_stop_button_alone():
    seen = []
    thread = threading.Thread(target=lambda: seen.extend(steps(3, progress=False)))
    thread.start()
    thread.join()
    assert seen == [0, 1, 2]


def test_a_stopped_fit_shows_and_calls_back_once_more():
    def step(i):
        if i == 4:
            stop_button()
        return {"loss": float(i)}

    show, called = Recorder(), []
    history = fit(
        step, 10, every=3, show=show, callbacks=(lambda i, _: called.append(i),), progress=False
    )
    assert history.interrupted and history.steps == 5
    assert called == [2, 4] and show.updates == [3, 5] and show.finished == 1


def test_fit_can_fix_the_threads():
    before, used = torch.get_num_threads(), []
    try:
        for number in (1, 2):
            fit(
                lambda i: used.append(torch.get_num_threads()) or {"loss": 0.0},
                2,
                threads=number,
                progress=False,
            )
    finally:
        torch.set_num_threads(before)
    assert used == [1, 1, 2, 2]


def test_the_bar_says_what_was_chosen_and_why(capsys, monkeypatch):
    monkeypatch.setattr("course_lib.training.Chooser.__str__", lambda self: "1 of 2 threads: why")
    fit(lambda i: time.sleep(0.3) or {"loss": 1.0}, 8, every=1)
    assert "loss 1.00, 1 of 2 threads: why" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_loss_that_is_not_finite_stops_the_training_and_names_the_step(value):
    with pytest.raises(FloatingPointError, match=r"step 2: loss_d is no longer a finite number"):
        fit(lambda i: {"loss_d": float(value) if i == 2 else 1.0, "loss_g": 1.0}, 5, progress=False)


@pytest.mark.parametrize(
    "arguments", [{"steps": 0}, {"steps": 5, "every": 0}, {"steps": 5, "threads": 0}]
)
def test_fit_refuses_nonsense(arguments):
    with pytest.raises(ValueError, match="positive"):
        fit(lambda i: {}, progress=False, **arguments)


def test_history_prints_its_last_means():
    history = History()
    history.add({"loss": 1.0})
    history.add({"loss": torch.tensor(2.0)})
    assert repr(history) == "History(2 steps; last means: loss 1.500)"


def test_evaluating_restores_every_mode_even_after_an_error():
    model = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout())
    model[1].eval()
    with pytest.raises(RuntimeError, match="inside"), evaluating(model):
        assert not model.training and not model[0].training
        assert not torch.is_grad_enabled()
        raise RuntimeError("inside")
    assert model.training and model[0].training and not model[1].training
    assert torch.is_grad_enabled()


def test_ema_averages_weights_and_copies_buffers():
    model = nn.BatchNorm1d(1)
    ema = EMA(model, decay=0.5)
    for _ in range(100):  # past the ramp
        ema.update(model)
    with torch.no_grad():
        model.weight.fill_(3.0)
    model.running_mean.fill_(7.0)
    ema.update(model)
    assert ema.model.weight.item() == pytest.approx(2.0)  # halfway from 1 to 3
    assert ema.model.running_mean.item() == 7.0
    assert not any(weight.requires_grad for weight in ema.model.parameters())


def test_ema_forgets_its_random_start():
    model = nn.Linear(1, 1, bias=False)
    ema = EMA(model, decay=0.999)
    with torch.no_grad():
        model.weight.fill_(5.0)
    start, left = ema.model.weight.item(), 1.0
    for t in range(50):
        ema.update(model)
        left *= (1 + t) / (10 + t)
        assert ema.model.weight.item() == pytest.approx(5 + left * (start - 5), abs=1e-5)
    with pytest.raises(ValueError, match=r"decay is in \[0, 1\), not 1"):
        EMA(model, decay=1)


class Toy:
    """A small GAN-like training with everything that has a state."""

    def __init__(self):
        seed_everything(0)
        self.model = nn.Sequential(
            nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 1)
        )
        self.optimiser = torch.optim.Adam(self.model.parameters(), 1e-2, fused=True)
        self.schedule = torch.optim.lr_scheduler.StepLR(self.optimiser, 3)
        self.ema = EMA(self.model, 0.9)
        self.batches = data.batches(torch.arange(400.0).view(100, 4) / 400, size=16)
        self.parts = {
            name: getattr(self, name)
            for name in ("model", "optimiser", "schedule", "ema", "batches")
        }

    def step(self, i):
        loss = (self.model(next(self.batches)) - torch.randn(16, 1)).square().mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.schedule.step()
        self.ema.update(self.model)
        return {"loss": loss}


def test_a_checkpoint_resumes_to_the_bit(tmp_path):
    straight = Toy()
    first = fit(straight.step, 12, threads=1, progress=False)
    interrupted = Toy()
    fit(interrupted.step, 5, threads=1, progress=False)
    save_checkpoint(tmp_path / "checkpoint.safetensors", 5, interrupted.parts)

    resumed = Toy()
    seed_everything(99)
    start = load_checkpoint(tmp_path / "checkpoint.safetensors", resumed.parts)
    rest = fit(resumed.step, 12, start=start, threads=1, progress=False)
    assert start == 5 and rest["loss"] == first["loss"][5:]
    for a, b in zip(
        [*straight.model.state_dict().values(), *straight.ema.model.state_dict().values()],
        [*resumed.model.state_dict().values(), *resumed.ema.model.state_dict().values()],
        strict=True,
    ):
        assert torch.equal(a, b)


def test_a_checkpoint_of_other_parts_is_refused(tmp_path):
    toy = Toy()
    save_checkpoint(tmp_path / "c.safetensors", 1, {"model": toy.model})
    with pytest.raises(KeyError, match=r"holds \['model'\], not \['ema'\]"):
        load_checkpoint(tmp_path / "c.safetensors", {"ema": toy.ema})
    with pytest.raises(KeyError, match=r"holds \['model'\], not \[\]"):
        load_checkpoint(tmp_path / "c.safetensors", {})


def test_an_interrupted_write_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    toy, path = Toy(), tmp_path / "c.safetensors"
    save_checkpoint(path, 1, {"model": toy.model})
    before = copy.deepcopy(path.read_bytes())
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(path, 2, {"model": toy.model})
    assert path.read_bytes() == before
