"""An engine by its name."""

from benchmark.errors import UserError
from benchmark.suite.engines.engine import Engine
from benchmark.suite.engines.local import Local, default_workers, grouped, loaders, visible_gpus
from benchmark.suite.engines.ray import Ray
from benchmark.suite.engines.remote import check_options, whole_number
from benchmark.suite.engines.slurm import Slurm
from benchmark.suite.plan import PlannedRun

LOCAL_OPTIONS = {"processes": "how many share each batch of a run, on GPUs one each (default 1)"}


def choose_engine(
    name: str, options: str | None, runs: list[PlannedRun], workers: int | None
) -> Engine:
    """The engine `name`, with `options` such as "partition=gpu,time=120".

    `workers` are processes of this machine, which belong to the engine `local` alone.
    """
    given = _parsed(options or "")
    gpu = any(run.config.device == "cuda" for run in runs)
    if name == "local":
        check_options(name, given, LOCAL_OPTIONS)
        processes = max(1, whole_number(given, "processes", 1))
        gpus = grouped(visible_gpus(), processes) if gpu else []
        workers = workers or max(1, default_workers(runs) // processes)
        each = loaders((run.config for run in runs), workers * processes)
        return Local(workers, gpus, loaders=each, processes=processes)
    if workers is not None:
        raise UserError(
            f"--workers belongs to --engine local; --engine {name} has --engine-options"
        )
    return Slurm(given, gpu=gpu) if name == "slurm" else Ray(given, gpu=gpu)


def _parsed(text: str) -> dict[str, str]:
    """Options by name. Raises UserError for anything but key=value, with commas between."""
    options = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not key or not equals or not value:
            raise UserError(
                f"--engine-options {part!r} is no key=value, such as partition=gpu,time=120"
            )
        if key in options:
            raise UserError(f"--engine-options: {key} is given twice")
        options[key] = value
    return options
