"""Data sets by name: importing this package fills `DATASETS` and `TRANSFORMS`."""

from benchmark.data.cars196 import Cars196
from benchmark.data.cub200 import Cub200
from benchmark.data.image_folder import ImageFolder
from benchmark.data.market1501 import Market1501
from benchmark.data.msmt17 import Msmt17
from benchmark.data.reid_folder import ReidFolder
from benchmark.data.transforms import Reid, RetrievalCrop
from benchmark.data.typefaces import Typefaces
from benchmark.data.typefaces_reid import TypefacesReid

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
