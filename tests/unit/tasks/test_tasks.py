"""The checks take every right answer, name the usual mistakes, and survive whatever comes."""

import dataclasses
import datetime
import inspect
import linecache
import random
import re
import signal
import subprocess
import sys
import threading
import time

import answers
import numpy as np
import pytest
import torch
from answers_07 import Probable

from course_lib import check, output, tasks
from course_lib.tasks import comparing, results, running
from course_lib.tasks.kinds import FunctionTask, Prediction, Trial

TASKS, ANSWERS = tasks.every(), answers.load()
FUNCTIONS = [name for name, task in TASKS.items() if isinstance(task, FunctionTask)]
# A number with gradients, a tensor, an integer, two conventions, and a network among the inputs:
# what they return and raise is read by the same lines for all.
ONE_OF_EACH_KIND = ["kl_normal", "slerp", "receptive_field", "conv2d", "gradient_penalty"]
PROMISED = {
    "optimal_discriminator": ["p", "q"],
    "js_divergence": ["p", "q", "dx"],
    "total_variation": ["p", "q", "dx"],
    "conv2d": ["image", "kernel", "padding", "stride"],
    "receptive_field": ["layers"],
    "gram_matrix": ["features"],
    "frechet_distance": ["mu1", "cov1", "mu2", "cov2"],
    "kl_normal": ["mu", "logvar"],
    "reparameterise": ["mu", "logvar", "eps"],
    "discriminator_loss": ["real_logits", "fake_logits"],
    "generator_loss": ["fake_logits"],
    "slerp": ["z0", "z1", "t"],
    "matching_loss": ["real_right", "real_wrong", "fake_right"],
    "conditioning_augmentation": ["mu", "logsigma", "eps"],
    "pixel_norm": ["x"],
    "minibatch_std": ["x", "group"],
    "equalised_linear": ["x", "weight", "bias", "gain"],
    "fade_in": ["old_rgb", "new_rgb", "fade"],
    "gradient_penalty": ["critic", "real", "fake", "eps"],
    "critic_loss": ["generator", "critic", "real", "z", "stage", "fade"],
    "alone": ["vectors"],
}


@pytest.fixture(autouse=True)
def forget():
    results.session.clear()
    yield
    results.session.clear()


def written(source: str, name: str):
    """Return a function from its source, which the checks can read, as in a notebook."""
    file = f"<cell {hash(source)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    scope = {"torch": torch, "time": time, "sys": sys}
    exec(compile(source, file, "exec"), scope)
    return scope[name]


def test_the_promised_names_take_the_promised_arguments():
    for name, parameters in PROMISED.items():
        assert [*inspect.signature(TASKS[name].answer).parameters] == parameters


def test_every_task_has_answers_to_be_tested_with():
    """The rule: CONTRIBUTING.md, "Add a task"."""
    assert set(ANSWERS) == set(TASKS)
    for name, given in ANSWERS.items():
        needed = 1 if isinstance(TASKS[name], Prediction) else 3
        assert len(given.right) >= needed and len(given.wrong) >= needed, name


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_solution_passes(name):
    result = TASKS[name](TASKS[name].answer)
    assert (result.outcome, result.message) == ("right", TASKS[name].why)


SKELETONS = [
    "...",
    "pass",
    "raise NotImplementedError",
    "raise NotImplementedError('write me')",
    "value = ...\n    return value",
    "value = ...\n    return 2 * value",
    "value = ...\n    return 0.0",
    "return torch.zeros(3, 4) @ ...",
]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_skeleton_is_not_attempted(name):
    parameters = ", ".join(inspect.signature(TASKS[name].answer).parameters)
    for body in SKELETONS:
        skeleton = written(f"def {name}({parameters}):\n    {body}\n", name)
        result = TASKS[name](skeleton)
        assert result.outcome == "not attempted", body
        assert name in result.message and "hint()" in result.message


@pytest.mark.parametrize(
    ("name", "answer"), [(name, right) for name in ANSWERS for right in ANSWERS[name].right]
)
def test_right_answers_pass_however_they_are_written(name, answer):
    """The rule: docs/style.md, "Checks"."""
    result = TASKS[name](answer)
    assert result.outcome == "right", result.message


@pytest.mark.parametrize(
    ("name", "answer", "named"),
    [(name, answer, named) for name in ANSWERS for answer, named in ANSWERS[name].wrong],
)
def test_wrong_answers_are_caught(name, answer, named):
    result = TASKS[name](answer)
    assert result.outcome in ("wrong", "error"), result
    assert re.search(named, result.message), result.message


@pytest.mark.parametrize("seed", range(60))
def test_bounded_scores_are_named_whatever_the_weights(seed):
    """One image in 150 lies where even a steep sigmoid is neither 0 nor 1."""
    torch.manual_seed(seed)
    result = TASKS["gp_critic"](Probable())
    assert "scores have bounds" in result.message


def test_most_wrong_answers_are_named(record_property, capsys):
    """The rule: docs/style.md, "Checks"."""
    wrong = [named for given in ANSWERS.values() for _, named in given.wrong]
    by_name = sum(bool(named) for named in wrong)
    record_property("wrong answers", len(wrong))
    record_property("caught by name", by_name)
    with capsys.disabled():
        print(f"\n{len(wrong)} wrong answers; {by_name} must be caught by name, all of them caught")
    assert by_name >= 0.97 * len(wrong)


def test_wrong_says_what_was_expected_what_came_and_where():
    message = check.receptive_field(lambda layers: 5).message
    assert re.search(r"layers = \[\(3, 1\)\]: expected 3, came 5", message)
    message = check.pixel_norm(lambda x: x[:, :1]).message
    assert re.search(r"expected a tensor of shape \(2, 4, 3, 5\), came \(2, 1, 3, 5\)", message)
    message = check.fade_in(lambda old, new, fade: old * 1.5).message
    assert re.search(r"fade = 0\.3, float32: expected .+ at \[0, 0, 0, 0\], came ", message)


def test_gradients_that_cancel_in_a_sum_are_told_apart():
    case = comparing.Case((torch.arange(12.0).view(3, 4),), gradients=(0,))
    right, wrong = (
        comparing.attempt(answer, case)
        for answer in (lambda x: x.softmax(1), lambda x: x.softmax(1).detach() + 0 * x)
    )
    assert comparing.gradients_agree(wrong, right, 1e-4) == [False]


def test_a_gradient_that_should_not_be_is_told():
    def leaking(generator, critic, real, z, stage, fade):
        right = TASKS["critic_loss"].answer(generator, critic, real, z, stage, fade)
        return right + 0.01 * (generator.new.sum() - generator.new.sum().detach())

    message = check.critic_loss(leaking).message
    assert re.search(r"value is right.+none is to reach generator, and one does", message)


def test_factors_and_signs_are_named_though_no_mistake_is_known():
    right = TASKS["gram_matrix"].answer
    assert "3.5 times" in check.gram_matrix(lambda f: 3.5 * right(f)).message
    assert "sign" in check.gram_matrix(lambda f: -right(f)).message


BAD = [
    (0, "int, not a function"),
    ("js_divergence", "str, not a function"),
    (torch.zeros(3), "Tensor, not a function"),
    (float("nan"), "float, not a function"),
    ([len], "list, not a function"),
    (torch.nn.Linear, "class"),
    (lambda: 1, "called with"),
    (lambda a, b, c, d, e, f, g: 1, "called with"),
]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_no_such_function_gets_a_sentence(name):
    for answer, said in BAD:
        if said == "called with" and len(PROMISED.get(name, "abc")) == 1:
            continue
        result = TASKS[name](answer)
        assert result.outcome in ("wrong", "error") and said in result.message


@pytest.mark.parametrize("answer", [None, ...])
def test_nothing_is_not_attempted(answer):
    for task in TASKS.values():
        result = task(answer)
        assert result.outcome == "not attempted" and task.name in result.message


class Hostile:
    """An object that fails whatever is asked of it."""

    def __getattribute__(self, name):
        raise RuntimeError("leave me alone")


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def raising(error):
    def answer(*inputs):
        raise error

    return answer


RETURNS = [
    float("nan"),
    float("inf"),
    "text",
    b"bytes",
    {},
    set(),
    [],
    (1, "a"),
    (torch.zeros(2), torch.zeros(2)),
    torch.zeros(0),
    torch.full((2, 3), torch.nan),
    torch.zeros(3, device="meta"),
    torch.zeros(2, 2, dtype=torch.complex64) + 1j,
    torch.eye(3).to_sparse(),
    torch.ones(3, dtype=torch.bool),
    torch.zeros(1, 2, 3, 4, 5),
    np.array(["a"]),
    np.zeros((2, 2)),
    np.float64("nan"),
    object(),
    Hostile(),
    len,
    iter([]),
    10**400,
    1 + 2j,
]


@pytest.mark.parametrize("name", ONE_OF_EACH_KIND)
def test_whatever_is_returned_gets_a_sentence(name):
    for returned in RETURNS:
        result = TASKS[name](lambda *inputs, returned=returned: returned)
        assert result.outcome in ("wrong", "error"), result
        assert 10 < len(result.message) < 700


ERRORS = [
    ValueError("no"),
    ZeroDivisionError(),
    SystemExit(3),
    KeyboardInterrupt(),
    GeneratorExit(),
    StopIteration(),
    RecursionError("deep"),
    MemoryError(),
    Unprintable(),
    BaseException("base"),
]


@pytest.mark.parametrize("name", ONE_OF_EACH_KIND)
def test_whatever_is_raised_gets_a_sentence(name):
    for error in ERRORS:
        result = TASKS[name](raising(error))
        assert result.outcome == "error"
        assert type(error).__name__ in result.message


def test_an_error_shows_the_students_own_line_and_no_frames():
    source = (
        "def inner(x):\n"
        "    return torch.linalg.inv(x.sum(dim=(2, 3)))\n\n"
        "def pixel_norm(x):\n"
        "    scale = inner(x)\n"
        "    return x / scale\n"
    )
    message = check.pixel_norm(written(source, "pixel_norm")).message
    assert message.startswith("Line 2, in inner: return torch.linalg.inv(x.sum(dim=(2, 3)))\n")
    assert "Traceback" not in message and ".py" not in message
    assert len(message.splitlines()) <= 4


def test_an_endless_recursion_is_one_line():
    message = check.pixel_norm(written("def f(x):\n    return f(x)\n", "f")).message
    assert message.startswith("Line 2, in f: return f(x)\nRecursionError")


LOOPS = {
    "python": "while True:\n        pass",
    "sleep": "time.sleep(60)",
    "stubborn": """while True:
        try:
            time.sleep(0.01)
        except:
            pass""",
    "tensors": "while True:\n        x = x * 1",
}


@pytest.mark.parametrize("loop", LOOPS)
def test_an_endless_answer_is_stopped(loop, monkeypatch):
    monkeypatch.setattr(running, "LIMIT", 0.3)
    before = signal.getsignal(signal.SIGALRM)
    began = time.monotonic()
    result = check.pixel_norm(written(f"def f(x):\n    {LOOPS[loop]}\n", "f"))
    assert time.monotonic() - began < 3
    assert result.outcome == "error" and "stopped after 0.3 s" in result.message
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


@pytest.mark.parametrize("loop", ["python", "sleep"])
def test_an_endless_answer_is_stopped_outside_the_main_thread(loop, monkeypatch):
    monkeypatch.setattr(running, "LIMIT", 0.3)
    found, before = [], {*threading.enumerate()}
    answer = written(f"def f(x):\n    {LOOPS[loop].replace('60', '1')}\n", "f")
    thread = threading.Thread(target=lambda: found.append(check.pixel_norm(answer)))
    thread.start()
    thread.join(5)
    assert found[0].outcome == "error" and "stopped after 0.3 s" in found[0].message
    assert check.pixel_norm(TASKS["pixel_norm"].answer).outcome == "right"
    for left in {*threading.enumerate()} - before:
        left.join(5)  # at its end it restores the state of its beginning, amid a later test


def test_checks_work_outside_the_main_thread():
    found = []
    right = TASKS["gradient_penalty"].answer
    thread = threading.Thread(target=lambda: found.append(check.gradient_penalty(right)))
    thread.start()
    thread.join()
    assert found[0].outcome == "right"


def test_the_limit_is_twenty_seconds_and_another_alarm_is_kept():
    assert running.LIMIT == 20
    rung, slept = [], []

    def slow(x):
        if not slept:
            slept.append(time.sleep(0.3))
        return TASKS["pixel_norm"].answer(x)

    before = signal.signal(signal.SIGALRM, lambda number, frame: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 1.0)
        check.pixel_norm(slow)
        left, _ = signal.getitimer(signal.ITIMER_REAL)
        assert 0 < left < 0.7, "the time that the check took counts"
        time.sleep(left + 0.1)
        assert rung == [1]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def state():
    return (
        random.getstate(),
        [part.tolist() if isinstance(part, np.ndarray) else part for part in np.random.get_state()],
        torch.get_rng_state().tolist(),
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.backends.cudnn.deterministic,
        torch.backends.cudnn.benchmark,
        torch.get_float32_matmul_precision(),
        torch.is_anomaly_enabled(),
        sys.getrecursionlimit(),
        np.geterr(),
    )


def meddling(x):
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_num_threads(torch.get_num_threads() + 1)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.deterministic = True
    torch.set_float32_matmul_precision("medium")
    torch.autograd.set_detect_anomaly(True)
    sys.setrecursionlimit(4321)
    np.seterr(all="raise")
    return TASKS["pixel_norm"].answer(x)


def test_no_state_is_left_behind():
    before = state()
    for task in TASKS.values():
        if isinstance(task, FunctionTask):
            task(task.answer)
            task(lambda *inputs: torch.rand(3))
    check.pixel_norm(meddling)
    check.pixel_norm(raising(SystemExit()))
    assert state() == before


def test_the_students_own_modes_change_no_verdict():
    task = TASKS["kl_normal"]
    with torch.no_grad():
        assert task(task.answer).outcome == "right"
        assert not torch.is_grad_enabled()
    with torch.inference_mode():
        assert task(task.answer).outcome == "right"
        assert torch.is_inference_mode_enabled()
    torch.set_default_dtype(torch.float64)
    try:
        assert task(task.answer).outcome == "right"
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_inputs_are_copies(name):
    """An answer that spoils what it is given spoils nothing for the next call."""
    right = TASKS[name].answer

    def spoiling(*inputs):
        value = right(*inputs)
        if isinstance(value, torch.Tensor) and value.requires_grad:
            return value  # its backward pass still needs them
        for one in inputs:
            if isinstance(one, torch.Tensor):
                one.fill_(torch.nan if one.dtype != torch.uint8 else 0)
            elif isinstance(one, list):
                one.clear()
        return value

    assert TASKS[name](spoiling).outcome == "right"
    assert TASKS[name](right).outcome == "right"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_cases_cover_sizes_and_both_dtypes(name):
    with running.kept_state():
        cases, again = TASKS[name].cases(), TASKS[name].cases()
    tensors = [one for case in cases for one in case.inputs if isinstance(one, torch.Tensor)]
    twins = [one for case in again for one in case.inputs if isinstance(one, torch.Tensor)]
    assert all(torch.equal(a, b) for a, b in zip(tensors, twins, strict=True)), "seeded"
    if any(one.dtype != torch.uint8 for one in tensors):  # bytes have one dtype
        floats = {one.dtype for one in tensors if one.is_floating_point()}  # labels are int64
        assert floats == {torch.float32, torch.float64}
    assert len({str([getattr(i, "shape", i) for i in case.inputs]) for case in cases}) >= 3


@pytest.mark.parametrize("name", FUNCTIONS)
def test_answers_come_within_a_second(name):
    task = TASKS[name]
    began = time.process_time()  # not the time that other processes take
    task(lambda *inputs: 3.21 * task.answer(*inputs) + 0.77)  # compared with all mistakes and pairs
    assert time.process_time() - began < 1


@pytest.mark.parametrize("name", ["train_discriminator", "conditional_step"])
def test_steps_are_tried_with_no_optimiser_of_torch(name, monkeypatch):
    """The first one imports modules for seconds, out of the limit of the student's answer."""

    def refuse(self, *arguments, **more):
        raise AssertionError("an optimiser of torch.optim")

    monkeypatch.setattr(torch.optim.Optimizer, "__init__", refuse)
    result = TASKS[name](TASKS[name].answer)
    assert result.outcome == "right", result.message


def test_a_factor_is_claimed_only_where_it_is_everywhere():
    """At ±100 a clamp gives a fraction; elsewhere the answer is right."""
    message = check.generator_loss(
        lambda a: torch.nn.functional.softplus(-a.clamp(-30, 30)).mean()
    ).message
    assert "100" in message and "times" not in message


def test_another_shape_is_claimed_only_where_the_numbers_are_right_everywhere():
    """A batch of one kernel has no other row; larger ones have."""

    def of_the_first(w):
        w0, w1, w2 = w[0]
        return torch.stack([w2, w1 + w2, w0 + w1, w0])

    assert "numbers are right" not in check.upsampling_kernel(of_the_first).message


@pytest.mark.parametrize("name", ["kl_normal", "slerp", "conv2d"])
def test_an_answer_that_is_a_wrong_number_first_and_a_text_later_gets_a_verdict(name):
    task, calls = TASKS[name], iter(range(10**6))
    result = task(lambda *xs: 3 * task.answer(*xs) + 1 if next(calls) % 3 == 0 else "a text")
    assert result.outcome != "right" and result.message


def test_numbers_that_differ_are_shown_to_differ():
    a, b = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.00004])
    wanted, came = re.search(
        r"expected (.+) at .+, came (.+)", comparing.contrast(b, a, 1e-6)
    ).groups()
    assert wanted != came


def test_a_layers_own_line_is_not_taken_for_the_students():
    message = check.gp_critic(torch.nn.Sequential(torch.nn.Linear(5, 1))).message
    assert "RuntimeError" in message and "Line" not in message


def test_losses_must_stay_finite_at_100():
    naive = check.generator_loss(lambda a: -torch.log(torch.sigmoid(a)).mean())
    assert naive.outcome == "wrong" and "100" in naive.message


@pytest.mark.parametrize("name", [*TASKS])
def test_hints_come_in_three_steps(name):
    notes = [getattr(check, name).hint() for _ in range(4)]
    assert [note.title for note in notes[:3]] == [f"Hint {k} of 3." for k in (1, 2, 3)]
    assert len({note.text for note in notes}) == 3 and notes[3] == notes[2]
    assert notes[0].text.count("?") >= 1, "the first one asks"


@pytest.mark.parametrize("name", [*TASKS])
def test_solutions_show_source_and_explanation(name):
    note = getattr(check, name).solution()
    assert note.code and len(note.text) > 40
    if isinstance(TASKS[name], FunctionTask):
        scope = {"torch": torch, "math": __import__("math"), "F": torch.nn.functional}
        # What is shown can be pasted into a cell, where the lesson's other answers stand.
        others = [task for task in TASKS.values() if task.lesson == TASKS[name].lesson]
        scope |= {task.name: task.answer for task in others if hasattr(task, "answer")}
        del scope[name]
        exec(note.code, scope)
        assert TASKS[name](scope[name]).outcome == "right"


def test_messages_do_not_belittle():
    """The rule: docs/style.md, "Words"."""
    texts = [part for task in TASKS.values() for part in (task.why, task.explanation, *task.hints)]
    for task in TASKS.values():
        texts += [mistake[-1] for mistake in getattr(task, "mistakes", [])]
    belittling = re.compile(r"\b(?:simply|just|obviously)\b", re.IGNORECASE)
    assert [text for text in texts if belittling.search(text)] == []


def test_what_is_shown_is_escaped_and_says_its_outcome():
    result = check.pixel_norm(written("def f(x):\n    return '<b>' < x\n", "f"))
    html = result._repr_html_()
    assert "&lt;b&gt;" in html and "'<b>'" not in html
    assert "error" in html and "error" in repr(result)
    for shown, places in (
        (results.Result("<i>", "wrong", "<i>"), 2),
        (results.Note("<i>", "<i>", "<i>"), 3),
        (results.Summary({"<i>": ("right", 1, 1)}), 1),
    ):
        html = shown._repr_html_()
        assert html.count("&lt;i&gt;") == places and "<i>" not in html
    for outcome in ("not attempted", "error", "wrong", "right"):
        shown = results.Result("task", outcome, "said")
        assert outcome in shown._repr_html_() and outcome in repr(shown)
        text = re.sub(r"<[^>]+>", "", shown._repr_html_())
        assert outcome in text, "in words, not only in colour"


def test_the_summary_is_a_table_in_words(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "Nothing was checked" in repr(check.summary())
    right = TASKS["pixel_norm"].answer
    check.pixel_norm(None)
    check.pixel_norm(right)
    check.fade_in(lambda old, new, fade: old)
    check.fade_in.hint()
    summary = check.summary()
    assert summary.rows == {"pixel_norm": ("right", 2, 0), "fade_in": ("wrong", 1, 1)}
    assert summary.text == "1 of 2 right."
    html = summary._repr_html_()
    assert html.count("<tr>") == 3 and 'scope="row"' in html and "<caption>" in html
    assert "wrong" in html and "pixel_norm" in repr(summary)
    whole = check.summary("07")
    assert whole.rows["gradient_penalty"] == ("not checked yet", 0, 0)
    assert {*whole.rows} == {name for name, task in TASKS.items() if task.lesson == "07"}
    with pytest.raises(ValueError, match="lesson '99'"):
        check.summary("99")


def test_what_is_solved_is_kept_for_the_next_session_until_it_is_forgotten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check.pixel_norm(TASKS["pixel_norm"].answer)
    check.fade_in(lambda old, new, fade: old)
    assert check.summary("07").text.startswith("1 of ")
    results.session.clear()  # tomorrow
    rows = check.summary("07").rows
    assert rows["pixel_norm"] == ("right, earlier", 0, 0)
    assert rows["fade_in"] == ("not checked yet", 0, 0)
    assert check.summary("07").text.startswith("1 of ")
    check.hand_in("07")
    assert "<p>1 of " in (tmp_path / "summary-07.html").read_text(encoding="utf-8")
    check.pixel_norm(lambda x: x)  # today it goes wrong, and yesterday's success stays
    assert check.summary("07").rows["pixel_norm"][0] == "wrong"
    assert "pixel_norm" in (tmp_path / "progress.json").read_text()
    for damaged in ("", "[1]", "{"):
        (tmp_path / "progress.json").write_text(damaged)
        results.session.clear()
        assert check.summary("07").text.startswith("0 of ")
    check.pixel_norm(TASKS["pixel_norm"].answer)
    check.summary()
    check.forget()
    assert check.summary("07").rows["pixel_norm"] == ("not checked yet", 0, 0)


def test_a_task_keeps_the_day_on_which_it_was_first_solved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "progress.json").write_text('{"pixel_norm": "2001-02-03"}')
    for name in ("pixel_norm", "fade_in"):
        TASKS[name](TASKS[name].answer)
    check.hand_in("07")
    page = (tmp_path / "summary-07.html").read_text(encoding="utf-8")
    for name, day in (("pixel_norm", "2001-02-03"), ("fade_in", datetime.date.today().isoformat())):
        assert re.search(f">{name}</th>.*<td>{day}</td></tr>", page)


def test_a_page_is_handed_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check.pixel_norm(TASKS["pixel_norm"].answer)
    check.fade_in.hint()
    assert "summary-07.html" in repr(check.hand_in("07", "<Ada> & Co"))
    page = (tmp_path / "summary-07.html").read_text(encoding="utf-8")
    assert "Exercises 07: &lt;Ada&gt; &amp; Co" in page and "<Ada>" not in page
    tasks_of_07 = [name for name, task in TASKS.items() if task.lesson == "07"]
    assert f"1 of {len(tasks_of_07)} tasks right" in page
    assert all(f">{name}</th>" in page for name in tasks_of_07)
    today = datetime.date.today().isoformat()
    assert f">pixel_norm</th><td>right</td><td>1</td><td>0</td><td>{today}</td>" in page
    assert ">fade_in</th><td>not checked yet</td><td>0</td><td>1</td><td></td>" in page


def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("summary-07.html", "progress.json.partial"):
        (tmp_path / name).mkdir()  # root may write everywhere, but no file in a folder's place
    check.pixel_norm(TASKS["pixel_norm"].answer)
    assert "right" in check.summary("07").rows["pixel_norm"][0]
    note = repr(check.hand_in("07"))
    assert "Not written." in note and str(tmp_path) in note and "Save elsewhere" in note
    monkeypatch.setenv(output.SETTING, str(tmp_path / "own"))
    assert check.summary("07").rows["pixel_norm"][0] == "right"
    assert (tmp_path / "own" / "progress.json").exists()
    assert f"is in {tmp_path / 'own'}" in repr(check.hand_in("07"))


def test_a_wrong_name_is_helped():
    with pytest.raises(AttributeError, match=r"gradient_penalty"):
        check.gradient_penalti  # noqa: B018
    assert "slerp" in dir(check)
    assert "slerp(z0, z1, t)" in repr(check.slerp)


def test_the_door_opens_without_pytorch():
    script = "import sys, course_lib; from course_lib import check; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def prediction():
    return Prediction(
        name="sizes",
        why="Sizes.",
        hints=("What?", "b", "c"),
        explanation="e",
        expected={"size": 14, "who": "D", "shape": (2, 3), "loss": 0.693},
        mistakes=[("size", 7, "That is after the next layer."), ("who", "g", "G must learn.")],
    )


def test_predictions():
    task = prediction()
    good = {"size": 14, "who": "d", "shape": (2, 3), "loss": 0.6931}
    assert task(good).outcome == "right"
    assert task({**good, "size": torch.tensor(14), "shape": [2, 3]}).outcome == "right"
    assert task(None).outcome == task({**good, "who": ...}).outcome == "not attempted"
    assert "who" in task({**good, "who": ...}).message
    assert task({}).outcome == "not attempted"
    assert task(14).outcome == "wrong"
    wrong = task({**good, "size": 7, "who": 3, "loss": float("nan")})
    assert wrong.outcome == "wrong" and "after the next layer" in wrong.message
    assert "1 of 4 are right" in wrong.message and "0.69" not in wrong.message
    assert "without quotation marks" in task({**good, "size": "14"}).message
    assert "One number" in task({**good, "size": (14, 14)}).message
    assert "none of the words" in task({**good, "who": "nobody"}).message
    assert "think again" in task({**good, "size": 15}).message
    for bad in (Hostile(), "x", [1], torch.zeros(2, device="meta"), {}, (2, "a"), 1j):
        assert task(dict.fromkeys(good, bad)).outcome == "wrong"


def test_a_truth_is_no_number_and_a_number_no_truth():
    task = dataclasses.replace(prediction(), expected={"size": 1, "grows": True}, mistakes=())
    assert task({"size": 1, "grows": True}).outcome == "right"
    for size, grows in ((True, True), (1, 1), (1, "True"), ("1", True)):
        assert task({"size": size, "grows": grows}).outcome == "wrong", (size, grows)


def test_trials(monkeypatch):
    def trial(answer):
        return "" if answer(1) == 2 else "It does not add one."

    def solution(n):
        return n + 1

    task = Trial("add", "Why.", ("What?", "b", "c"), "e", solution, trial, arguments=1)
    assert task(solution).outcome == "right"
    assert task(lambda n: n).message == "It does not add one."
    assert task(written("def f(n):\n    return n + ...\n", "f")).outcome == "not attempted"
    assert task(written("def f(n):\n    x = ...\n    return 0\n", "f")).outcome == "not attempted"
    assert task(raising(NotImplementedError())).outcome == "not attempted"
    assert "ValueError: no" in task(raising(ValueError("no"))).message
    assert task(3).outcome == "wrong" and task(lambda: 1).outcome == "error"
    monkeypatch.setattr(running, "LIMIT", 0.2)
    assert "stopped" in task(written("def f(n):\n    while True: pass\n", "f")).message


def test_what_pytorch_lacks_is_an_error_and_no_skeleton():
    """It raises NotImplementedError too; a skeleton's own line says `raise`."""
    body = "torch.nn.functional.pad(torch.zeros(1, 1, 2, 2), (1, 1), mode='circular')"
    result = check.pixel_norm(written(f"def f(x):\n    return {body}\n", "f"))
    assert result.outcome == "error" and "NotImplementedError" in result.message
    result = check.tiles(written(f"def f(layer, image):\n    return {body}\n", "f"))
    assert result.outcome == "error" and "NotImplementedError" in result.message


def test_a_gap_is_told_from_an_index():
    index = written("def f(x):\n    return x[..., 0] + x[(..., 1)]\n", "f")
    assert not running.has_gap(index)
    assert running.has_gap(written("def f(x):\n    return x + ...\n", "f"))
    assert not running.has_gap(len) and not running.has_gap(3)


def test_tolerances_tell_rounding_from_mistakes():
    a = torch.tensor([1.0, 2.0, 0.0])
    assert comparing.agree(a + 1e-6, a, comparing.TOLERANCE[torch.float32])
    assert not comparing.agree(a * 1.01, a, comparing.TOLERANCE[torch.float32])
    assert not comparing.agree(a + torch.nan, a, 1.0)
    assert comparing.agree(a / 0, a / 0, 1e-4), "a known mistake may give infinity or NaN"
    assert comparing.agree(torch.tensor([3.0]), torch.tensor(3.0), 1e-4)
    assert not comparing.agree(torch.zeros(2, 1), torch.zeros(1, 2), 1e-4), "no broadcasting"
