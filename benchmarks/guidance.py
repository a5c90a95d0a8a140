"""What guidance and steps do to the shipped flow: agreement, coverage, FID-course of 5,000 samples.

    python benchmarks/guidance.py   # 15 minutes of one thread; writes course_lib/records/

Lesson 09a shows the record.
"""

import json

from equal_seconds import N, figures

from course_lib import zoo

WEIGHTS = (1.0, 1.5, 2.0, 3.0, 4.0)
STEPS = (1, 2, 4, 8, 16)


def main() -> None:
    model, table = zoo.load("flow-fashion"), {"weights": {}, "steps": {}}
    for weight in WEIGHTS:
        table["weights"][f"{weight:g}"] = figures(model, {"guidance": weight})
        print(f"guidance {weight:g}: {table['weights'][f'{weight:g}']}", flush=True)
    for steps in STEPS:
        table["steps"][str(steps)] = figures(model, {"steps": steps})
        print(f"{steps} steps: {table['steps'][str(steps)]}", flush=True)
    record = {"command": "python benchmarks/guidance.py", "samples": N, **table}
    text = json.dumps(record, indent=2) + "\n"
    (zoo.RECORDS / "flow-guidance.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
