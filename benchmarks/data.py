"""How long the embedded data take to decode, and how fast batches come.

python benchmarks/data.py
"""

import time

from course_lib import data


def seconds(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    for name, load in (("fashion", data.fashion), ("personas", data.personas)):
        for split in ("train", "test"):
            best = min(seconds(lambda load=load, split=split: load(split)) for _ in range(3))
            print(f"{name:9} {split:6} decoded in {best:.2f} s (best of 3; limit 3 s)")
    images, labels = data.fashion("train")
    batches = data.batches(images, labels, size=64)
    took = seconds(lambda: [next(batches) for _ in range(batches.per_epoch)])
    print(f"an epoch of {batches.per_epoch} batches of 64: {took:.2f} s")


if __name__ == "__main__":
    main()
