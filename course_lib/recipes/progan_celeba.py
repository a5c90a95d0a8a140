"""ProGAN on photographs of faces, at 64×64 and 128×128, for machines with more than two cores.

The photographs are not in the course: see `data.celeba`. Neither recipe has been trained to its
end here; each is the paper's schedule at a quarter of its channels. To share the work among four
GPUs (each process holds all photographs, at all sizes: 2 GB):

    torchrun --nproc-per-node 4 -m course_lib train progan-celeba-128
"""

from dataclasses import dataclass, field

from course_lib import data
from course_lib.recipes.progan_personas import ProGANPersonas


def paper_stages(count: int) -> list[dict[str, int]]:
    """Return the paper's schedule up to 128×128: 800,000 images a phase, in batches of 16.

    Karras et al. 2018, appendix A.1.
    """
    return [
        {"fade": 800_000 if stage else 0, "stabilise": 800_000, "batch": 16}
        for stage in range(count)
    ]


@dataclass(frozen=True)
class ProGANCelebA(ProGANPersonas):
    """The recipe of `ProGANPersonas`, on photographs; a card tells no figures: no judge fits.

    Attributes:
        root: the folder that holds `celeba/`.
        count: photographs to learn from, as many as CelebA-HQ has; they are held in memory.
    """

    name: str = "progan-celeba"
    arguments: dict = field(
        default_factory=lambda: {"z_dim": 128, "channels": [128, 128, 128, 128, 64]}
    )
    data = "CelebA, training split, aligned and cropped to 128×128 (the first 30,000)"
    licence = "BSD-3-Clause; data: CelebA, for research that is not commercial"
    stages: list[dict[str, int]] = field(default_factory=lambda: paper_stages(5))
    root: str = "datasets"
    count: int = 30_000

    def images(self):
        size = 4 << len(self.stages) - 1
        return data.celeba(self.root, "train", size, self.count)[0]

    def figures(self, model):
        return {}


RECIPES = {
    recipe.name: recipe
    for recipe in (
        ProGANCelebA(),
        ProGANCelebA(
            name="progan-celeba-128",
            arguments={"z_dim": 128, "channels": [128, 128, 128, 128, 64, 32]},
            stages=paper_stages(6),
        ),
    )
}
