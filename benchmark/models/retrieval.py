"""The model that is trained: backbone, pooling, embedding, neck, loss."""

from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from benchmark.dam.classes import RunningMeans
from benchmark.losses import JointLoss, PairLoss, ProxyLoss
from benchmark.models.joined import gathered
from benchmark.run_config import Neck, Pooling

PLACES = ("image", "feature_map", "embedding")


def pool(feature_map: Tensor, pooling: Pooling) -> Tensor:
    """Features [n, channels] of maps [n, channels, h, w]: mean, maximum, or the sum of both."""
    if pooling == "max":
        return feature_map.amax((2, 3))
    mean = feature_map.mean((2, 3))
    return mean if pooling == "avg" else mean + feature_map.amax((2, 3))


class RetrievalModel(BaseModel):
    """Images to features, and features to the loss.

    The backbone's map is pooled, embedded by a linear layer with `dim` outputs (None: no such
    layer), and passed through the neck: with "bn" a batch norm without shift, whose input goes to
    the pair part of a joint loss (Luo et al., Bag of Tricks and a Strong Baseline for Deep Person
    Re-identification, CVPRW 2019). Rivals of DAM are attached where they act.
    The loss holds the proxies, so that they are parameters of the model like any others. Where
    `training_dtype` is set, all before the loss is computed in it while the model trains.
    """

    def __init__(
        self,
        backbone: nn.Module,
        dim: int | None,
        loss: ProxyLoss | PairLoss | JointLoss,
        *,
        pooling: Pooling = "avg",
        neck: Neck | None = None,
    ) -> None:
        super().__init__(data_preprocessor={"type": "BaseDataPreprocessor", "non_blocking": True})
        self.training_dtype: torch.dtype | None = None
        self.backbone = backbone
        channels: int = backbone.out_features  # type: ignore[assignment]
        self.embedding = nn.Identity() if dim is None else nn.Linear(channels, dim)
        self.neck: nn.Module = nn.Identity()
        if neck == "bn":
            self.neck = nn.BatchNorm1d(channels if dim is None else dim)
            self.neck.bias.requires_grad_(False)
        self.loss = loss
        self.pooling = pooling
        self.rivals = nn.ModuleDict({place: nn.Sequential() for place in PLACES})

    @property
    def added_by_arm(self) -> tuple[str, ...]:
        """How the names of weights and buffers begin that an arm adds and its baseline lacks.

        They are those of rivals and of the running means of DAM.
        """
        means = [name for name, part in self.named_modules() if isinstance(part, RunningMeans)]
        return ("rivals.", *(f"{name}." for name in means))

    def attach(self, rival: nn.Module) -> None:
        """Apply `rival` at its `place`: to the image, the feature map or the embedding."""
        place = self.rivals[str(rival.place)]
        assert isinstance(place, nn.Sequential)
        place.append(rival.train(self.training))

    def forward(self, images: Tensor, labels: Tensor | None = None, mode: str = "tensor") -> Any:
        """Features [n, dim], not normalised; with `mode` "loss", {"loss": scalar}.

        If several processes share a batch, the loss is that of the whole batch.
        """
        lower = self.training and self.training_dtype is not None
        with torch.autocast(images.device.type, self.training_dtype, enabled=lower):
            feature_map = self.backbone(self.rivals["image"](images))
            pooled = pool(self.rivals["feature_map"](feature_map), self.pooling)
            embedded = self.rivals["embedding"](self.embedding(pooled))
            features = self.neck(embedded)
        if mode == "tensor":
            return features
        assert labels is not None
        features, labels = gathered(features), gathered(labels)
        if isinstance(self.loss, JointLoss):
            return {"loss": self.loss(features, labels, gathered(embedded))}
        return {"loss": self.loss(features, labels)}
