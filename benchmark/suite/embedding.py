"""A user's own images embedded by the network of a finished run."""

import io
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from benchmark.data.photographs.decoders import PILLOW, checked_decoder
from benchmark.data.photographs.files import FileImages
from benchmark.data.photographs.listing import is_image
from benchmark.data.photographs.transforms import PhotoTransform
from benchmark.durable import write_bytes
from benchmark.errors import UserError
from benchmark.evaluation.embed import embed
from benchmark.models.backbones.frozen import FROZEN
from benchmark.models.initial import WEIGHTS
from benchmark.registry import TRANSFORMS, build
from benchmark.suite.store.runs import read_run
from benchmark.training.building import build_model

BATCH = 64


def embed_folder(
    run: Path, images: Path, device: str = "cpu"
) -> tuple[list[str], npt.NDArray[np.float32]]:
    """Names, relative to `images` and sorted, and features [N, D] of all images below it.

    They are embedded as the run's evaluation does it; features are of unit length where the run
    compares them by cosine. Raises UserError for a run that isn't finished or takes no
    photographs, and for a folder without images.
    """
    stored = read_run(run)
    classes = stored.dataset.train_classes
    if stored.state != "finished" or classes is None:
        raise UserError(f"{run} isn't finished, so that it has no weights. Finish it with 'run'.")
    transform = build(TRANSFORMS, stored.config.transform, "transform")
    if not isinstance(transform, PhotoTransform):
        raise UserError(
            f"{run} was trained on {stored.dataset.name}, whose network takes no photographs. "
            "Choose a run on photographs, such as one of --suite own."
        )
    if stored.config.backbone.type == FROZEN:
        raise UserError(
            f"{run} was trained on frozen features, and its weights lack the network that made "
            "them. Choose a run whose network was trained."
        )
    names = image_names(images)
    if not names:
        raise UserError(f"--images {images}: there are no images in it or below it.")
    model = build_model(stored.config, classes)
    model.load_state_dict(load_file(run / WEIGHTS))
    decoder = stored.config.dataset.options.get("decoder", PILLOW)
    files = FileImages(images, names, transform, checked_decoder(decoder))
    features = embed(model.to(device), files, batch_size=BATCH, device=device)
    if model.loss.metric == "cosine":
        features = F.normalize(features)
    return names, features.to("cpu", torch.float32).numpy()


def image_names(folder: Path) -> list[str]:
    """The images in `folder` and below it, as sorted paths relative to it."""
    found: list[str] = []
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    elif is_image(entry):
                        found.append(Path(entry.path).relative_to(folder).as_posix())
        except OSError as error:
            raise UserError(
                f"--images {here}: {error.strerror}. Give a folder that may be read."
            ) from error
    return sorted(found)


def write_features(path: Path, names: list[str], features: npt.NDArray[np.float32]) -> None:
    """Write `name` and `features` [N, D] as .npz, or as columns of a .parquet file; atomically."""
    content = io.BytesIO()
    if path.suffix == ".npz":
        np.savez(content, name=np.array(names, dtype=np.str_), features=features)
    else:
        table = pd.DataFrame(features, columns=[f"element_{k}" for k in range(features.shape[1])])
        table.insert(0, "name", names)
        try:
            table.to_parquet(content, index=False)
        except ImportError as error:
            raise UserError(
                "a .parquet file needs pyarrow: pip install pyarrow, or write a .npz file"
            ) from error
    write_bytes(path, content.getvalue())
