"""Data sets by name: importing this package fills the registry `DATASETS`."""

from benchmark.data.typefaces import Typefaces
from benchmark.data.typefaces_reid import TypefacesReid

__all__ = ["Typefaces", "TypefacesReid"]
