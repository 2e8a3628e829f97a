"""Real defects that weights are chosen by: labelled pictures that nothing is learned from and no result is of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch

from tenshot.core.errors import InputError
from tenshot.data.folders import read_category
from tenshot.data.frames import resized, to_tensor
from tenshot.data.images import read_image
from tenshot.data.splitting import SPLIT_SEED, draw
from tenshot.training.detecting import chance_above, detector_dictionary, image_scores, residual_norms
from tenshot.training.watching import MERIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from torch import Tensor

    from tenshot.core.config import CodingConfig
    from tenshot.data.folders import Source
    from tenshot.training.lesson_settings import RealSettings

    See = Callable[[Tensor], Tensor]

__all__ = ["RealDefects"]

BATCH = 8
LEVELS = 255


class _Product(NamedTuple):
    """Pictures of a product: normal ones to adapt with; others to judge, and whether each is anomalous."""

    name: str
    normal: tuple[Path, ...]
    judged: tuple[Path, ...]
    anomalous: tuple[bool, ...]


class RealDefects:
    """Products with defects; their pictures are read at the first look.

    Args:
        settings: which products, and how they are judged.
        base: what relative folders are relative to.
        image_size: side in pixels of the squares that pictures are squeezed into.
        coding: constants of the detector's own solver, ``local``.
        keep: what is kept of frames ``(B, 3, s, s)`` from look to look, a row each: frozen features that an adapter
            goes on from, where there are such; ``None`` for the frames themselves.

    Raises:
        MissingError: a folder that is not there.
        InputError: one without both normal and defective pictures to judge, with fewer normal ones to adapt with than
            shots, or two of one name.
    """

    def __init__(
        self,
        settings: RealSettings,
        *,
        base: Path,
        image_size: int,
        coding: CodingConfig,
        keep: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.settings = settings
        self.coding = coding.model_copy(update={"method": "local"})
        self._size = (image_size, image_size)
        self._keep = keep
        self._held: dict[Path, Tensor] = {}
        self._products = [_listed(base / folder, settings) for folder in settings.folders]
        names = [product.name for product in self._products]
        if len(set(names)) < len(names):
            msg = f"real_validation.folders: expected names that differ, got {', '.join(names)}"
            raise InputError(msg)

    @torch.no_grad()
    def judge(self, see: See) -> dict[str, float]:
        """Image AUROC by features as they are now, means over draws.

        Args:
            see: from what is kept of some pictures to what the coder sees of them, ``(B, P, d)``.

        Returns:
            ``real_<product>_<K>`` for every product and K, and ``real``, the mean over all of them.

        Raises:
            MissingError: a picture that is not there any more.
            ImageError: one that cannot be read.
        """
        found: dict[str, float] = {}
        for product in self._products:
            found |= self._judged(product, see)
        return {**found, MERIT.removeprefix("valid_"): sum(found.values()) / len(found)} if found else {}

    def _judged(self, product: _Product, see: See) -> dict[str, float]:
        settings = self.settings
        shots = [count for count in settings.shots for _ in range(settings.draws)]
        dictionaries = []
        for number, count in enumerate(shots):
            support = see(self._rows(draw(product.normal, count, number % settings.draws)))
            dictionaries.append(detector_dictionary(support, coding=self.coding))
        scores: list[list[Tensor]] = [[] for _ in dictionaries]
        for start in range(0, len(product.judged), BATCH):
            z = see(self._rows(product.judged[start : start + BATCH]))
            for each, dictionary in zip(scores, dictionaries, strict=True):
                each.append(image_scores(residual_norms(z, dictionary, coding=self.coding)).cpu())
        anomalous = torch.tensor(product.anomalous)
        ranked = [chance_above(row[anomalous], row[~anomalous]) for row in map(torch.cat, scores)]
        means = torch.stack(ranked).view(len(settings.shots), settings.draws).mean(dim=1).tolist()
        return {f"real_{product.name}_{count}": mean for count, mean in zip(settings.shots, means, strict=True)}

    def _rows(self, files: Sequence[Path]) -> Tensor:
        """What is kept of pictures, those read before from memory; frames as floats."""
        for file in files:
            if file not in self._held:
                frame = resized(to_tensor(read_image(file)), self._size)
                self._held[file] = self._keep(frame[None])[0] if self._keep else (frame * LEVELS).round().byte()
        rows = torch.stack([self._held[file] for file in files])
        return rows if self._keep else rows.float() / LEVELS


def _listed(folder: Path, settings: RealSettings) -> _Product:
    category = read_category(folder, masks="optional")
    test = category.test if settings.limit is None else draw(category.test, settings.limit, SPLIT_SEED)
    anomalous = tuple(each.is_anomalous for each in test)
    if len(category.train_good) < max(settings.shots):
        msg = f"{folder}: expected at least {max(settings.shots)} images in train/good, got {len(category.train_good)}"
        raise InputError(msg)
    if all(anomalous) or not any(anomalous):
        kind = "anomalous" if all(anomalous) else "normal"
        msg = f"{folder}: expected normal and anomalous images in test to tell apart, got {len(test)} {kind} ones"
        raise InputError(msg)
    return _Product(category.name, _files(category.train_good), _files(each.source for each in test), anomalous)


def _files(sources: Iterable[Source]) -> tuple[Path, ...]:
    return tuple(source for source in sources if isinstance(source, Path))
