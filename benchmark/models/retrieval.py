"""The model that is trained: backbone, embedding, loss."""

from typing import Any

from mmengine.model import BaseModel
from torch import Tensor, nn

from benchmark.losses import PairLoss, ProxyLoss


class RetrievalModel(BaseModel):
    """A backbone with `out_features`, a linear embedding to `dim` elements, and a loss module.

    The loss holds the proxies, so that they are parameters of the model like any other.
    """

    loss: ProxyLoss | PairLoss

    def __init__(self, backbone: nn.Module, dim: int, loss: ProxyLoss | PairLoss) -> None:
        super().__init__()
        self.backbone = backbone
        self.embedding = nn.Linear(int(backbone.out_features), dim)  # type: ignore[arg-type]
        self.loss = loss

    def forward(self, images: Tensor, labels: Tensor | None = None, mode: str = "tensor") -> Any:
        """Features [n, dim], not normalised; with `mode` "loss", {"loss": scalar}."""
        features = self.embedding(self.backbone(images))
        if mode == "tensor":
            return features
        return {"loss": self.loss(features, labels)}
