"""Lesson 08's pages: sources of images, contact sheets, posters, and a portrait in a style."""

import math

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from torch.nn.functional import interpolate

from course_lib import data, explorers, features, latent, zoo
from course_lib.models import dcgan
from course_lib.sampling import latents
from course_lib.studio import provenance, sheets
from course_lib.studio.sources import Source, Work

CAPTIONS = ["a smiling person with a pink bob", "a bald man with a beard in a red shirt"]
GIVEN = {
    "dcgan-fashion": {},
    "progan-personas": {},
    "vae16-fashion": {},
    "cgan-fashion": {"label": [3, 7]},
    "stackgan-personas": {"caption": CAPTIONS},
}


@pytest.fixture(scope="module")
def sources():
    return {name: Source(name, **given) for name, given in GIVEN.items()}


@pytest.fixture(scope="module")
def progan(sources):
    return sources["progan-personas"]


def array(image):
    return np.asarray(image.convert("RGB")).astype(int)


def sample(name, generator, index, seed):
    if name == "cgan-fashion":
        return generator.sample(labels=GIVEN[name]["label"][index : index + 1], seed=seed)
    if name == "stackgan-personas":
        return generator.sample(captions=CAPTIONS[index : index + 1], seed=seed)
    return generator.sample(1, seed=seed)


@pytest.mark.parametrize("name", GIVEN)
def test_a_source_draws_what_sample_draws(sources, name):
    source = sources[name]
    images = source.images(source.latents([5, 6]))
    for index, seed in enumerate((5, 6)):
        expected = sample(name, source.generator, index, seed)[0]
        torch.testing.assert_close(images[index], expected, atol=1e-3, rtol=0)
    assert not torch.equal(images[0], images[1])


def test_labels_and_captions_come_in_turn(sources):
    for name in ("cgan-fashion", "stackgan-personas"):
        source = sources[name]
        one = source.images(source.latents([4, 4, 4]))
        torch.testing.assert_close(one[0], one[2], atol=1e-3, rtol=0)
        assert not torch.allclose(one[0], one[1], atol=0.1)
    assert [sources["cgan-fashion"].words(i) for i in range(3)] == ["dress", "sneaker", "dress"]
    assert sources["stackgan-personas"].words(1) == CAPTIONS[1]
    assert sources["progan-personas"].words(1) == ""


def test_a_source_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="cgan-fashion needs a label: label="):
        Source("cgan-fashion")
    with pytest.raises(ValueError, match="stackgan-personas needs a caption"):
        Source("stackgan-personas")
    with pytest.raises(ValueError, match="progan-personas takes no caption"):
        Source("progan-personas", caption="a person")
    with pytest.raises(ValueError, match="labels are 0 to 9, got 1 to 10"):
        Source("cgan-fashion", label=[1, 10])
    with pytest.raises(ValueError, match="fashion-cnn generates nothing"):
        Source("fashion-cnn")
    with pytest.raises(KeyError, match="no model is called"):
        Source("no-such-model")
    with pytest.raises(ValueError, match="at least one seed"):
        Source("dcgan-fashion").latents([])
    with pytest.raises(ValueError, match=r"z has shape \(N, 64\)"):
        Source("progan-personas").images(torch.zeros(2, 5))


def test_a_generator_of_your_own_needs_no_zoo(tmp_path):
    torch.manual_seed(0)
    mine = Source("my own", dcgan.Generator(8, 2))
    path = sheets.contact_sheet(mine, range(4), columns=2, width=300).save(tmp_path / "a.png")
    facts = provenance.read(path)
    assert facts["model"] == "my own" and "sha256" not in facts and facts["seeds"] == [0, 1, 2, 3]


@pytest.mark.slow
@pytest.mark.parametrize("name", GIVEN)
def test_every_generator_fills_a_sheet_and_both_posters(sources, name, tmp_path):
    source = sources[name]
    works = [
        sheets.contact_sheet(source, range(6), columns=3, title="Six", width=420),
        sheets.poster(source, 1, columns=3, rows=2, width=420),
        sheets.poster(source, 1, layout="slices", columns=5, rows=2, width=420, share=0.5),
    ]
    for index, work in enumerate(works):
        assert work.image.size == (420, round(420 * math.sqrt(2))) and work.image.mode == "RGB"
        assert array(work.image)[100:300, 60:360].std() > 20
        path = work.save(tmp_path / f"{index}.png")
        assert array(Image.open(path)).tolist() == array(work.image).tolist()
        facts = provenance.read(path)
        assert facts == work.facts
        assert (facts["generated"], facts["model"]) == (True, name)
        assert facts["sha256"] == zoo.card(name)["sha256"]
        assert facts.get("captions", []) == source.captions
        assert facts.get("labels", []) == source.labels


CREDIT = (
    "Personas by Draftbit (https://personas.draftbit.com/), "
    "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/), modified"
)


@pytest.mark.parametrize(
    "comment", ["", "{", "[1]", "1", '{"model": "x"}', '{"generated": 1}', "made elsewhere"]
)
def test_what_others_wrote_is_not_taken_for_the_courses_facts(comment, tmp_path):
    Image.new("L", (8, 8)).save(tmp_path / "a.gif", comment=comment.encode())
    assert provenance.read(tmp_path / "a.gif") is None


def test_a_file_holds_the_whole_credit_and_keeps_the_licences_apart(progan, tmp_path):
    work = sheets.contact_sheet(progan, range(2), columns=2, width=420)
    path = work.save(tmp_path / "a.png")
    assert CREDIT.encode() in path.read_bytes()
    facts = provenance.read(path)
    assert facts["credit"] == CREDIT and facts["model_licence"] == "BSD-3-Clause"
    assert "licence" not in facts  # which one would that be?
    assert facts["torch"] == torch.__version__
    assert sheets.credit(facts) == f"Generated by progan-personas · data: {CREDIT}"


def test_every_model_of_the_zoo_has_its_credit():
    for name in zoo.names():
        facts, card = provenance.facts(name), zoo.card(name)
        assert facts["model_licence"] == card["licence"].split(";")[0] == "BSD-3-Clause"
        source = card["licence"].partition("; data: ")[2]
        if "Draftbit" in source:
            assert facts["credit"] == CREDIT, name
        elif "Zalando" in source:
            assert facts["credit"] == "Fashion-MNIST by Zalando Research, MIT licence", name
        else:  # what the course made itself
            assert "the course" in source and facts["credit"] == source, name
    mine = provenance.facts("my own", 3)
    assert "credit" not in mine and sheets.credit(mine) == "Generated by my own"


@pytest.mark.parametrize("width", [300, 420])
def test_the_credit_at_the_foot_is_never_cut(progan, width, monkeypatch):
    written, plain = [], ImageDraw.ImageDraw.text

    def text(self, xy, words, *rest, **options):
        written.append((xy, words, rest[1]))
        return plain(self, xy, words, *rest, **options)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    margin = round(0.07 * width)
    for make in (
        lambda: sheets.contact_sheet(progan, range(40), columns=4, width=width),
        lambda: sheets.poster(progan, 1, columns=2, rows=4, width=width, title="Tall"),
    ):
        written.clear()
        sheet = make().image
        foot = [line for line in written if line[0][1] > sheet.height - 2 * margin]
        foot = [line for line in sorted(foot, key=lambda line: line[0][1]) if line[0][0] == margin]
        said = " ".join(words for _, words, _ in foot if "seed" not in words and words != "Tall")
        assert said == f"Generated by progan-personas · data: {CREDIT}"
        for (x, y), words, font in foot:
            assert y < sheet.height and x + font.getlength(words) <= width - margin


def test_the_images_stand_where_they_belong(progan):
    width, columns = 640, 4
    margin, gap = round(0.07 * width), round(0.014 * width)
    side = (width - 2 * margin - (columns - 1) * gap) // columns
    work = sheets.contact_sheet(progan, range(8), columns=columns, width=width, filter="pixels")
    images = progan.images(progan.latents(range(8)))
    for column in range(columns):
        expected = sheets.resampled(images[column], side, side, "pixels")
        x = margin + column * (side + gap)
        found = work.image.crop((x, margin, x + side, margin + side))
        assert (array(found) == array(expected)).all()
    # Under the first row of images there is writing, and between the images there is none.
    below = array(work.image)[margin + side : margin + side + 20]
    assert below[:, margin : margin + side].min() < 200
    assert (array(work.image)[:margin] == 255).all()
    assert (
        (array(work.image)[margin : margin + side, margin + side : margin + side + gap]).min()
        == 255
    )


def test_words_titles_and_own_images(progan):
    images = progan.images(progan.latents([1, 2]))
    plain = sheets.contact_sheet(progan, images=images, columns=2, width=420)
    named = sheets.contact_sheet(progan, images=images, words=["Ada", "Bo"], columns=2, width=420)
    titled = sheets.contact_sheet(progan, images=images, columns=2, width=420, title="Two")
    assert "seeds" not in plain.facts
    different = (array(plain.image) != array(named.image)).any(axis=2)
    side = (420 - 2 * 29 - 6) // 2
    assert different.any() and not different[: 29 + side].any()  # only the words under them
    assert (array(plain.image)[:29] == 255).all() and array(titled.image)[:29].min() < 100
    seeded = sheets.contact_sheet(progan, [1, 2], columns=2, width=420)
    assert (array(seeded.image)[29 : 29 + side] == array(plain.image)[29 : 29 + side]).all()


def test_long_words_and_titles_stay_on_the_page(sources):
    words = " ".join(CAPTIONS * 3)
    source = sources["stackgan-personas"]
    work = sheets.contact_sheet(
        source, range(4), words=4 * [words], columns=4, title=5 * words, width=500
    )
    margin = round(0.07 * 500)
    pixels = array(work.image)
    assert (pixels[:, : margin - 1] == 255).all() and (pixels[:, 500 - margin + 2 :] == 255).all()
    many = sheets.contact_sheet(source, range(60), words=60 * [words], columns=4, width=500)
    assert many.image.height > 500 * 1.5  # it grows and cuts nothing off
    assert (array(many.image)[-5:] == 255).all()


def test_the_same_seed_gives_the_same_bytes(progan, tmp_path):
    for name, make in (
        ("a", lambda seed: sheets.contact_sheet(progan, [seed, 9], columns=2, width=300)),
        ("b", lambda seed: sheets.poster(progan, seed, columns=3, rows=2, width=300)),
    ):
        first, again, other = (
            make(seed).save(tmp_path / f"{name}{i}.png").read_bytes()
            for i, seed in enumerate((3, 3, 4))
        )
        assert first == again != other


def test_a_walk_begins_at_the_seed_and_closes(progan):
    z = sheets.walk(progan, 5, 12)
    start = latent.on_sphere(latents(1, progan.size, 5))[0]
    torch.testing.assert_close(z[0], start)
    torch.testing.assert_close(z.norm(dim=1), torch.full((12,), math.sqrt(progan.size)))
    steps = (z.roll(-1, 0) - z).norm(dim=1)
    torch.testing.assert_close(steps, steps[:1].expand(12))  # the seam is a step like the others
    half = sheets.walk(progan, 5, 6, share=0.5)
    torch.testing.assert_close(half, z[:6])
    with pytest.raises(ValueError, match="2 frames or more, not 1"):
        sheets.walk(progan, 0, 1)
    with pytest.raises(ValueError, match="share is above 0 and at most 1, not 0"):
        sheets.walk(progan, 0, 5, share=0)


def test_a_poster_of_own_latents_and_its_slices(progan):
    z = progan.latents([1, 2, 3, 4])
    images = progan.images(z)
    work = sheets.poster(progan, z=z, columns=2, rows=2, width=600, filter="pixels")
    inner, margin = 600 - 2 * 42, 42
    side = inner // 2
    high = margin + 2 * side + margin
    top = margin + (work.image.height - high) // 3
    for index, image in enumerate(images):
        x, y = margin + index % 2 * side, top + index // 2 * side
        expected = sheets.resampled(image, side, side, "pixels")
        assert (array(work.image.crop((x, y, x + side, y + side))) == array(expected)).all()
    assert work.facts["seed"] is None
    sliced = sheets.poster(
        progan, z=z, layout="slices", columns=2, rows=2, width=600, filter="pixels"
    )
    whole = array(sliced.image)[top : top + inner, margin : margin + inner]
    for index, image in enumerate(images):
        expected = array(sheets.resampled(image, inner, inner, "pixels"))
        middle = slice(inner * index // 4 + 9, inner * (index + 1) // 4 - 9)
        assert (whole[:, middle] == expected[:, middle]).all()


def test_smooth_enlargement_is_steep_and_has_no_halo():
    edge = torch.full((1, 32, 32), -0.6)
    edge[:, :, 16:] = 0.6
    low, high = 51, 204
    large = array(sheets.resampled(edge, 256, 256))[128, :, 0]
    plain = array(provenance.picture(edge).convert("RGB").resize((256, 256), 1))[128, :, 0]
    assert abs(plain.min() - low) > 5  # Lanczos alone overshoots
    assert abs(large.min() - low) <= 3 and abs(large.max() - high) <= 3

    def width(row):
        return ((row > low + 10) & (row < high - 10)).sum()

    assert width(large) < 0.7 * width(plain)
    ramp = torch.linspace(-1, 1, 32).expand(1, 32, 32)  # where there is no edge nothing is steep
    assert np.abs(np.diff(array(sheets.resampled(ramp, 256, 256))[128, :, 0])).max() <= 4


def test_pages_refuse_what_does_not_fit(progan):
    images = progan.images(progan.latents([1, 2]))
    for match, call in {
        "seeds or images, one of them": lambda: sheets.contact_sheet(progan),
        "one of them": lambda: sheets.contact_sheet(progan, [1], images=images),
        "columns are 1 to 2": lambda: sheets.contact_sheet(progan, [1, 2], columns=3),
        "300 to 5,000 pixels": lambda: sheets.contact_sheet(progan, [1], columns=1, width=99),
        "filter is one of smooth, pixels": lambda: sheets.contact_sheet(
            progan, [1], columns=1, filter="x"
        ),
        "words for each of 2 images, got 1": lambda: sheets.contact_sheet(
            progan, [1, 2], words=["a"], columns=2
        ),
        "1 to 400 images": lambda: sheets.contact_sheet(progan, images=images[:, :2], columns=1),
        "layout is one of grid, slices": lambda: sheets.poster(progan, layout="spiral"),
        "columns times rows are 1 to 400": lambda: sheets.poster(progan, columns=21, rows=20),
        "6 × 7 frames are needed, got 3": lambda: sheets.poster(
            progan, z=progan.latents([1, 2, 3])
        ),
        "no pattern is called": lambda: sheets.stylised(progan, pattern="fog"),
        "weights are 0 or more": lambda: sheets.stylised(progan, style_weight=-1),
        r"content has shape \(N, 3": lambda: sheets.stylised("dcgan-fashion"),
        "size is 160 to 3,000": lambda: sheets.stylised(progan, size=64),
    }.items():
        with pytest.raises(ValueError, match=match):
            call()
    with pytest.raises(ValueError, match=r"saved as \.png, not a\.jpg"):
        sheets.contact_sheet(progan, [1], columns=1, width=300).save("a.jpg")


@pytest.mark.slow
def test_a_portrait_takes_on_the_style_and_stays_itself(progan, tmp_path):
    side, border = sheets.STAGES[-1][0], sheets.BORDER
    work = sheets.stylised(progan, 1, "mosaic", size=side)
    assert work.image.size == (side, side)
    facts = provenance.read(work.save(tmp_path / "styled.png"))
    assert (facts["seed"], facts["pattern"], facts["features"]) == (1, "mosaic", "personas-cnn")

    def framed(image):  # as the picture is: without the border, at the same size
        inner = interpolate(image, size=(side, side), mode="bicubic")[
            ..., border:-border, border:-border
        ]
        return interpolate(inner, size=(side, side), mode="bicubic").clamp(-1, 1)

    images = [
        torch.from_numpy(array(work.image)).permute(2, 0, 1)[None].float() / 127.5 - 1,
        *(framed(progan.images(progan.latents([seed]))) for seed in (1, 3)),
        framed(data.to_float(data.patterns("mosaic", side))),
    ]
    reader = zoo.load("personas-cnn")
    with torch.no_grad():
        found, face, someone, style = (
            features.layer_activations(reader, image, [*features.STYLE_LAYERS]) for image in images
        )
    # Far nearer to the pattern's style than the portrait was: 0.12 of its distance was measured at
    # the default weight, and 0.06 at twice the weight, where the face is lost (1.06 below) …
    assert features.style_loss(found, style) < 0.15 * features.style_loss(face, style)
    # … and in what is where, nearer to this portrait than to the pattern or to someone else.
    content = {
        name: float(features.content_loss(found["relu3_2"], wanted["relu3_2"]))
        for name, wanted in (("face", face), ("someone", someone), ("style", style))
    }
    assert content["face"] < 0.85 * min(content["someone"], content["style"])


def test_a_work_has_a_small_copy(progan):
    work = sheets.contact_sheet(progan, [1, 2], columns=2, width=600)
    assert work.preview(300)[:4] == b"\x89PNG" and work.preview(300, "jpeg")[:2] == b"\xff\xd8"
    clear = Work(Image.new("RGBA", (20, 10), "#FF000000"), {})
    assert clear.preview(10)[:4] == b"\x89PNG"
    with pytest.raises(ValueError, match="alt text"):
        work.show(alt=" ")


@pytest.fixture
def explorer(sources, tmp_path):
    chosen = {name: sources[name] for name in ("progan-personas", "cgan-fashion")}
    return explorers.pages(chosen, title="Title", folder=tmp_path / "made")


def test_a_poster_says_how_much_of_the_circle_it_shows(explorer):
    explorer.kind.value = "poster, frames in a grid"
    explorer.share.value = 0.25
    assert "30 frames, 25% of the circle through seed 0." in explorer.text.value


def test_the_explorer_saves_on_the_button_alone(explorer, tmp_path):
    explorer.columns.value, explorer.rows.value = 3, 3
    explorer.kind.value = "poster, one picture of slices"
    explorer.kind.value = "contact sheet"
    explorer.seed.value = 7
    assert not (tmp_path / "made").exists()
    button = next(c for c in explorer.controls if getattr(c, "description", "").startswith("Save"))
    button.click()
    path = tmp_path / "made" / "contact-sheet-001.png"
    assert f"saved as {path}" in explorer.saved.value
    assert Image.open(path).size == (1240, 1754)
    assert provenance.read(path)["seeds"] == list(range(7, 16))
    button.click()
    again = path.with_name("contact-sheet-002.png")
    assert again.read_bytes() == path.read_bytes()
    explorer.kind.value = "poster, frames in a grid"
    explorer.share.value = 0.5
    button.click()
    facts = provenance.read(path.with_name("poster-001.png"))
    assert (facts["seed"], facts["share"], facts["layout"]) == (7, 0.5, "grid")
    assert len(list(path.parent.iterdir())) == 3


def test_an_explorer_needs_a_source():
    with pytest.raises(ValueError, match="at least one source"):
        explorers.pages({})
