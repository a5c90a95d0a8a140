"""What guidance does to the shipped flow: agreement, coverage, FID-course of 5,000 samples.

    python benchmarks/guidance.py   # 8 minutes of one thread; writes course_lib/records/

Lesson 09a shows the record.
"""

import json

from equal_seconds import N, figures

from course_lib import zoo

WEIGHTS = (1.0, 1.5, 2.0, 3.0, 4.0)


def main() -> None:
    model, weights = zoo.load("flow-fashion"), {}
    for weight in WEIGHTS:
        weights[f"{weight:g}"] = figures(model, {"guidance": weight})
        print(f"guidance {weight:g}: {weights[f'{weight:g}']}", flush=True)
    record = {"command": "python benchmarks/guidance.py", "samples": N, "weights": weights}
    text = json.dumps(record, indent=2) + "\n"
    (zoo.RECORDS / "flow-guidance.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
