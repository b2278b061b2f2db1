"""The command embed."""

import argparse
from pathlib import Path

from rich.console import Console

from benchmark.commands.output import print_note
from benchmark.commands.parser import Commands, refuse_overrides
from benchmark.errors import UserError
from benchmark.paths import expanded
from benchmark.printable import printable

FORMATS = (".npz", ".parquet")


def add_parser(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("embed", help="embed one's own images by the network of a run")
    parser.add_argument(
        "--run", required=True, metavar="ID", help="a run's folder, or its id below ./out"
    )
    parser.add_argument(
        "--images", type=expanded, required=True, help="a folder of images, with those below it"
    )
    parser.add_argument(
        "--out", type=expanded, required=True, metavar="FILE", help="features.npz or .parquet"
    )
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.set_defaults(function=_embed)


def _embed(options: argparse.Namespace, console: Console) -> int:
    refuse_overrides(options)
    if options.out.suffix not in FORMATS:
        raise UserError(f"--out {options.out}: write a file that ends in {' or '.join(FORMATS)}")
    from benchmark.suite.embedding import embed_folder, write_features

    names, features = embed_folder(_folder(options.run), options.images, options.device)
    write_features(options.out, names, features)
    print_note(f"{features.shape[1]} elements of unit length where the run compares cosines")
    console.print(f"{len(names)} images: {printable(str(options.out))}", soft_wrap=True)
    return 0


def _folder(run: str) -> Path:
    """The folder of a run, given as a path or by its id below ./out."""
    folder = expanded(run)
    if (folder / "config.json").is_file():
        return folder
    found = sorted(Path("out").glob(f"*/runs/{run}")) if run.isalnum() else []
    if len(found) != 1:
        raise UserError(
            f"--run {run}: there {'are several such runs' if found else 'is no such run'} below "
            "./out. Give the run's folder, DIR/runs/ID."
        )
    return found[0]
