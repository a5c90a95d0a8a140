"""The tasks of one lesson, put together from its page and its solutions."""

from collections.abc import Callable, Sequence

from course_lib.tasks import pages
from course_lib.tasks.comparing import Case
from course_lib.tasks.edits import Mistakes
from course_lib.tasks.kinds import FunctionTask, Later, Prediction, Task, Trial


class Lesson:
    """Takes the solutions of a lesson, each as the task that its page has under the same name.

    A section with a table of questions is a task by itself: a prediction.
    """

    def __init__(self, number: str):
        self.number, self.file = number, pages.path(number)
        self.sections = pages.read(self.file)
        self._solved: dict[str, Task] = {}
        for section in self.sections.values():
            if section.questions:
                self._solved[section.name] = self._prediction(section)

    def task(
        self,
        cases: Callable[[], Sequence[Case]],
        other_cases: Callable[[], Sequence[Case]] | None = None,
        then: str = "",
        around: Callable[[Callable], Callable] | None = None,
    ) -> Callable[[Callable], Callable]:
        """Decorate a solution that is compared on inputs: see `FunctionTask`.

        Args:
            then: names a function of `trials`, "images.comes_as_bytes".
            around: makes of the solution one that takes the other inputs as well.
        """

        def add(answer: Callable) -> Callable:
            section = self.sections[answer.__name__]
            mistakes = Mistakes(answer, section, around)
            made = FunctionTask(
                **self._said(section),
                answer=answer,
                cases=cases,
                mistakes=mistakes,
                also_right=mistakes.also_right,
                other_cases=other_cases,
                then=Later(then) if then else None,
            )
            self._solved[section.name] = made
            return answer

        return add

    def trial(
        self,
        trial: str,
        arguments: int | None = None,
        compared: bool = False,
        name: str | None = None,
    ) -> Callable[[Callable], Callable]:
        """Decorate a solution that is tried out: see `Trial`.

        Args:
            trial: names a function of `trials`, "steps.step_of_d"; it is called with an answer, and
                with the solution where the two are compared.
            arguments: how many the answer takes; None where it is no function.
            compared: whether they are.
            name: of the task, where it is not that of the solution.
        """

        def add(answer: Callable) -> Callable:
            self._solved[name or answer.__name__] = Trial(
                **self._said(self.sections[name or answer.__name__]),
                answer=answer,
                trial=Later(trial, *[answer] * compared),
                arguments=arguments,
            )
            return answer

        return add

    def tasks(self) -> list[Task]:
        """Return the tasks in the order of the page.

        Raises:
            ValueError: a section has neither questions nor a solution.
        """
        for section in self.sections.values():
            if section.name not in self._solved:
                raise ValueError(
                    f"{self.file.name}, line {section.line}: {section.name} has no solution in "
                    f"lesson_{self.number}.py, and no questions."
                )
        return [self._solved[name] for name in self.sections]

    def _said(self, section: pages.Section) -> dict:
        return dict(
            name=section.name,
            lesson=self.number,
            why=section.why,
            hints=tuple(section.hints.values()),
            explanation=section.explanation,
        )

    def _prediction(self, section: pages.Section) -> Prediction:
        return Prediction(
            **self._said(section),
            expected={question.text: question.answer for question in section.questions},
            last_hints={question.text: question.hint for question in section.questions},
            mistakes=[
                (question.text, wrong, said)
                for question in section.questions
                for wrong, said in question.mistakes.values()
            ],
            tolerance=section.tolerance,
        )
