"""What StackGAN loses without each of its parts: trains the ablations of lesson 06, by its recipes.

    python benchmarks/stackgan.py [--only "Stage I"] [--write]

Each run is short (1,500 steps; minutes) and starts from the same seed. Prints the figures of
`metrics.personas_report`; `--write` stores them in course_lib/records/stackgan-ablations.json,
which the lesson reads. Runs of Stage II need Stage I in the zoo.
"""

import argparse
import json

from course_lib import training, zoo
from course_lib.recipes.stackgan_personas import ABLATIONS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=ABLATIONS)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    path = zoo.RECORDS / "stackgan-ablations.json"
    runs = json.loads(path.read_text(encoding="utf-8"))["runs"] if path.exists() else {}
    for name in options.only or ABLATIONS:
        recipe = ABLATIONS[name]
        training.start(recipe.seed)
        work = recipe.begin()
        history = training.fit(work.step, recipe.steps, batch=recipe.batch, progress=False)
        runs[name] = {"steps": recipe.steps, "batch": recipe.batch, **recipe.figures(work.model)}
        last = {key: round(value, 3) for key, value in history.recent(200).items()}
        print(f"{name}: {history.seconds:.0f} s, {last}, {runs[name]}", flush=True)
        if options.write:
            ordered = {name: runs[name] for name in ABLATIONS if name in runs}
            record = {"command": "python benchmarks/stackgan.py --write", "runs": ordered}
            path.parent.mkdir(exist_ok=True)
            text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
