"""All notebooks, run from the first cell to the last on a folder without any runs."""

import base64
import io
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

ROOT = Path(__file__).parents[2]
NAMES = ("cues", "element_selection", "paired_comparison", "element_quality")
Notebook = nbformat.NotebookNode


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Notebook]:
    """The notebooks with their outputs. The third adds a pair to that of the second."""
    folder = tmp_path_factory.mktemp("notebooks")
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAM_NOTEBOOK_OUT", str(folder / "out" / "smoke"))
        patch.setenv("PYTHONPATH", str(ROOT))
        for name in NAMES:
            notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
            found[name] = NotebookClient(
                notebook,
                timeout=300,
                kernel_name="python3",
                resources={"metadata": {"path": folder}},
            ).execute()
    return found


def outputs(notebook: Notebook, cell_id: str) -> list[Notebook]:
    (cell,) = [cell for cell in notebook.cells if cell.id == cell_id]
    return cell.outputs


def text(notebook: Notebook, cell_id: str) -> str:
    """What a cell printed and displayed, as plain text and Markdown."""
    shown = outputs(notebook, cell_id)
    printed = [output.text for output in shown if output.output_type == "stream"]
    data = [output.data for output in shown if "data" in output]
    return "\n".join([*printed, *(d.get("text/markdown", d.get("text/plain", "")) for d in data)])


def figures(notebook: Notebook, cell_id: str) -> list[Image.Image]:
    data = [output.data for output in outputs(notebook, cell_id) if "data" in output]
    found = [d["image/png"] for d in data if "image/png" in d]
    return [Image.open(io.BytesIO(base64.b64decode(png))) for png in found]


@pytest.mark.parametrize("name", NAMES)
def test_notebooks_are_stored_without_outputs(name: str) -> None:
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_runs_without_a_word_on_standard_error(executed, name: str) -> None:
    for cell in executed[name].cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error" and output.get("name") != "stderr", cell.source


def test_element_selection_shows_its_figures(executed) -> None:
    notebook = executed["element_selection"]
    assert "seed 0, 2 epochs, short runs" in text(notebook, "runs")
    for cell in ("pair-figure", "share-figure", "fisher-figure", "retrieval-figure"):
        (figure,) = figures(notebook, cell)
        assert len(figure.convert("RGB").getcolors(1 << 20)) > 20


def test_paired_comparison_shows_two_pairs_and_their_proof(executed) -> None:
    notebook = executed["paired_comparison"]
    assert "4 finished" in text(notebook, "runs")
    assert "Nothing is missing, and every arm is paired." in text(notebook, "runs")
    agree = {line.split()[0]: line.split()[-1] for line in text(notebook, "digests").splitlines()}
    wanted = {"initial_weights": "yes", "batches": "yes", "final_weights": "no"}
    assert wanted.items() <= agree.items()
    changed = [line.split(":")[0] for line in text(notebook, "settings").splitlines() if line]
    assert changed == ["arm", "similarity"]
    for cell in ("differences-figure", "values-figure", "training-figure"):
        assert len(figures(notebook, cell)) == 1
    (shown,) = [o.data["text/html"] for o in outputs(notebook, "seeds")]
    assert shown.count("<tr") == 2 + 2


def test_element_quality_shows_its_figures_and_says_what_they_mean(executed) -> None:
    notebook = executed["element_quality"]
    assert "2 pairs; short runs, made by this notebook" in text(notebook, "runs")
    for cell in ("quality-figure", "without-figure", "course-figure"):
        (figure,) = figures(notebook, cell)
        assert len(figure.convert("RGB").getcolors(1 << 20)) > 20
    assert outputs(notebook, "epochs-figure") == []  # these runs are evaluated at their end alone
    assert "norm_softmax on typefaces" in text(notebook, "said")
    assert "correlation" in text(notebook, "course-figure")
    baseline, dam = text(notebook, "numbers").splitlines()[-2:]
    assert "[" in dam and "[" not in baseline


def test_cues_shows_the_set_and_what_is_seen_of_it(executed) -> None:
    notebook = executed["cues"]
    assert "seed 0, 3000 images, made by this notebook" in text(notebook, "runs")
    for cell in ("set-figure", "trap-figure", "accuracy-figure", "maps-figure"):
        (figure,) = figures(notebook, cell)
        assert len(figure.convert("RGB").getcolors(1 << 20)) > 20
    assert "50 % is chance" in text(notebook, "said")
    shown = text(notebook, "accuracy-figure").splitlines()
    (colour,) = [line.split() for line in shown if line.startswith("shell colour")]
    assert all(float(value) > 90 for value in colour[2:])
