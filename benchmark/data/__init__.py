"""Data sets by name: importing this package fills `DATASETS` and `TRANSFORMS`."""

from benchmark.data.official.cars196 import Cars196
from benchmark.data.official.cub200 import Cub200
from benchmark.data.official.market1501 import Market1501
from benchmark.data.official.msmt17 import Msmt17
from benchmark.data.own.image_folder import ImageFolder
from benchmark.data.own.reid_folder import ReidFolder
from benchmark.data.photographs.transforms import Reid, RetrievalCrop
from benchmark.data.rendered.typefaces import Typefaces
from benchmark.data.rendered.typefaces_reid import TypefacesReid

__all__ = [
    "Cars196",
    "Cub200",
    "ImageFolder",
    "Market1501",
    "Msmt17",
    "Reid",
    "ReidFolder",
    "RetrievalCrop",
    "Typefaces",
    "TypefacesReid",
]
