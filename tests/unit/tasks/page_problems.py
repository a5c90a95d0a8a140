"""What is wrong with a page of tasks, each with the number of its line."""

import ast
import re
from collections.abc import Callable, Iterator

from course_lib.tasks import edits
from course_lib.tasks.kinds import FunctionTask, Prediction, Task
from course_lib.tasks.lesson import Lesson
from course_lib.tasks.pages import Section


def problems(lesson: Lesson) -> list[str]:
    """Return a sentence for each line of a page that is of no use."""
    found = []
    for task in lesson.tasks():
        section = lesson.sections[task.name]
        looks = [_hints]
        if isinstance(task, FunctionTask):
            looks.append(_rows)
        if isinstance(task, Prediction):
            looks.append(_questions)
        for look in looks:
            said = look(task, section)
            found += [f"{lesson.file.name}, line {line}: {problem}" for line, problem in said]
    return found


def _rows(task: FunctionTask, section: Section) -> Iterator[tuple[int, str]]:
    mistakes = task.mistakes
    assert isinstance(mistakes, edits.Mistakes)
    for edit in section.also_right:
        if not mistakes.ways[0].edited(edit):
            yield edit.line, "this edits nothing"
    for edit in section.mistakes:
        wrong = [answer.bare for answer in mistakes.of(edit)]
        if not wrong:
            yield edit.line, f"this edits nothing, or is no Python: {edit.old} {edit.new}"
        results = [task(answer) for answer in wrong]
        if any(result.outcome == "right" for result in results):
            yield edit.line, f"this is right: {edit.new}"
        elif wrong and not any(edit.said in result.message for result in results):
            yield edit.line, f"no answer brings this up: {edit.said} Said is: {results[0].message}"


def _questions(task: Prediction, section: Section) -> Iterator[tuple[int, str]]:
    for question in section.questions:
        if re.search(rf"(?<![\w.]){re.escape(str(question.answer))}(?![\w])", question.hint, re.I):
            yield question.line, f"the hint is the answer, {question.answer}"
        if len(question.hint) < 10:
            yield question.line, "there is no hint"
        for line, (wrong, said) in question.mistakes.items():
            if not said or said not in task({**task.expected, question.text: wrong}).message:
                yield line, f"no answer brings this up: {said}"


def _hints(task: Task, section: Section) -> Iterator[tuple[int, str]]:
    if len(section.hints) != (2 if isinstance(task, Prediction) else 3):
        yield (
            section.line,
            "a task has three hints; a prediction has two, and one for each question",
        )
    for line, hint in [*section.hints.items()][:1]:
        if "?" not in hint:
            yield line, "the first hint asks"
    answer = getattr(task, "answer", None)
    for line, hint in section.hints.items():
        if answer is not None and _is_code(hint, answer):
            yield line, "the hint is the code"


def _squeezed(text: str) -> str:
    return re.sub(r"[\s`]", "", text).replace("−", "-").replace("·", "*")


def _is_code(hint: str, answer: Callable) -> bool:
    """Return whether a hint has the value of each statement of a solution."""
    nodes = ast.walk(ast.parse(edits.source(answer)))
    values = [
        node.value
        for node in nodes
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Return | ast.Expr) and node.value
    ]
    texts = [_squeezed(ast.unparse(value)) for value in values]
    return all(text in _squeezed(hint) for text in texts if len(text) > 5)
