"""Any network of the package timm, of convolutions or of tokens."""

from difflib import get_close_matches
from typing import Any

from torch import Tensor

from benchmark.errors import UserError
from benchmark.models.backbones.photo import Normalisation, PhotoBackbone
from benchmark.models.weights import load_weights
from benchmark.paths import expanded
from benchmark.registry import BACKBONES

DOWNLOADED = "timm"


@BACKBONES.register_module(name="timm")
class TimmNetwork(PhotoBackbone):
    """The network that timm calls `name`, such as vit_small_patch16_224.dino or convnext_tiny.

    Images are normalised by the mean and standard deviation of timm's configuration. `weights` is
    "timm" (downloaded by timm once, into its own cache), the path of a state dictionary with timm's
    names, or None for random weights. The map has a single place, which holds the feature that timm
    would classify. Many networks of tokens take images of one size alone, which timm's names end
    with. Raises UserError for an unknown name, and for images of another size.
    """

    def __init__(
        self, name: str, weights: str | None = DOWNLOADED, freeze_batch_norm: bool = False
    ) -> None:
        # Imported here: timm takes a second to load, and other backbones don't need it.
        import timm

        if not timm.is_model(name):
            known = get_close_matches(name.split(".")[0], timm.list_models(), n=3, cutoff=0)
            raise UserError(
                f"backbone.name: timm {timm.__version__} has no network {name!r}. The nearest are "
                f"{', '.join(known)}"
            )
        try:
            network: Any = timm.create_model(name, pretrained=weights == DOWNLOADED, num_classes=0)
        except Exception as error:  # of a download, of many kinds
            raise UserError(
                f"backbone.weights: timm can't make {name} with its weights "
                f"({' '.join(str(error).split())}). Put their file somewhere and give "
                "backbone.weights=PATH, or null for random weights."
            ) from error
        settings = network.pretrained_cfg
        super().__init__(freeze_batch_norm, Normalisation(settings["mean"], settings["std"]))
        if weights not in (None, DOWNLOADED):
            assert weights is not None
            load_weights(
                network,
                expanded(weights),
                head=str(settings.get("classifier") or "head"),
                remedy=f"Take a file with the names of timm's {name}.",
            )
        self.size = settings["input_size"][1]
        self.network = network
        # The number of elements that a classifier would stand behind.
        self.out_features = int(getattr(network, "head_hidden_size", network.num_features))

    def feature_map(self, images: Tensor) -> Tensor:
        """Maps [n, out_features, 1, 1]."""
        try:
            maps = self.network.forward_features(images)
        except AssertionError as error:
            raise UserError(
                f"backbone: {type(self.network).__name__} takes images of {self.size} px, not of "
                f"{images.shape[-2]} x {images.shape[-1]}: set transform.size={self.size}"
            ) from error
        feature: Tensor = self.network.forward_head(maps, pre_logits=True)
        return feature[..., None, None]
