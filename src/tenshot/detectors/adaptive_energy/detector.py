"""An extractor with settings: the object that adapts."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch

from tenshot.core.config import DetectorConfig, ExtractorConfig, validated
from tenshot.core.errors import InputError, SupportError
from tenshot.data.frames import to_tensor
from tenshot.detectors.adaptive_energy.adapted import Adapted
from tenshot.detectors.adaptive_energy.learning import extract, learn, own_framing, select_photos
from tenshot.detectors.adaptive_energy.path import ScoringPath
from tenshot.detectors.adaptive_energy.task import Task
from tenshot.detectors.photos import as_sequence, decode, take_photos
from tenshot.features import build_extractor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from torch import Tensor

    from tenshot.detectors.adaptive_energy.selection import Choice
    from tenshot.detectors.photos import Source
    from tenshot.features import Extractor

    Progress = Callable[[int, int], None]

__all__ = ["Detector"]

DEFAULT_FALSE_ALARM_RATE = 0.05
HALF = 0.5


class Detector:
    """A frozen extractor with settings. Immutable; one detector serves any number of tasks and threads.

    Example:
        >>> detector = Detector.from_pretrained("resnet10")
        >>> detector.extractor.spec.name
        'resnet10'
    """

    def __init__(self, extractor: Extractor, config: DetectorConfig) -> None:
        self.extractor = extractor
        self.config = config

    @classmethod
    def from_pretrained(
        cls,
        name: str | None = None,
        *,
        weights: str | Path | None = None,
        adapter: str | Path | None = None,
        config: DetectorConfig | None = None,
        device: str = "cpu",
    ) -> Detector:
        """Builds a detector.

        Args:
            name: ``efficientnet_lite0`` (default), ``tenshot_resnet10``, ``resnet10`` or any timm network; overrides
                the one in ``config``.
            weights: local safetensors file; overrides the one in ``config``.
            adapter: ``none``, ``episodic`` for the one shipped beside the extractor, or a local safetensors file;
                overrides the one in ``config``.
            config: all settings.
            device: torch device to run on.

        Raises:
            ExtractorError: unknown name, layers that do not exist, weights of another network, an adapter of another
                extractor.
            MissingError: weights or an adapter that are neither here nor to be had.
            InputError: a device that is not there.
        """
        config = config or DetectorConfig()
        wanted = {"name": name, "weights": weights, "adapter": adapter}
        changes = {setting: value for setting, value in wanted.items() if value is not None}
        extractor = validated(ExtractorConfig, config.extractor.model_dump() | changes)
        config = config.model_copy(update={"extractor": extractor})
        return cls(build_extractor(config.extractor, device=device), config)

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that decides what it computes, in plain types, without the folder that weights came from."""
        plain = self.config.model_dump(mode="json")
        plain["extractor"] = asdict(self.extractor.spec) | {"neighbourhood": self.config.extractor.neighbourhood}
        return plain

    # A caller's inference mode would make a dictionary that no gradient map can be taken through.
    @torch.inference_mode(mode=False)
    @torch.no_grad()
    def adapt(
        self,
        images: Source | Iterable[Source],
        *,
        roi: Source | None = None,
        false_alarm_rate: float = DEFAULT_FALSE_ALARM_RATE,
        select: int | None = None,
        skip_broken: bool = False,
        progress: Progress | None = None,
    ) -> Adapted:
        """Learns what is normal from a few images. No training; one forward pass each.

        Args:
            images: normal images, one or more; ten is a good number. Whatever ``Adapted.predict`` takes.
            roi: a mask, stretched over every photo: bright where it matters, dark elsewhere.
            false_alarm_rate: the share of normal images that may be flagged, in (0, 1).
            select: adapt to only that many of the images, the most representative ones (see ``Adapted.choices``).
            skip_broken: leave out images that cannot be used (see ``Adapted.left_out``) instead of raising.
            progress: called with (done, total) after every image.

        Returns:
            A new object; the detector is unchanged.

        Raises:
            SupportError: for no images, images that cannot teach anything, or grey and colour mixed.
            InputError: for a rate outside (0, 1).
        """
        if not 0 < false_alarm_rate < 1:
            msg = f"false_alarm_rate: expected a number between 0 and 1, got {false_alarm_rate}"
            raise InputError(msg)
        region = None if roi is None else _read_region(roi)
        embedding = ScoringPath(self.extractor, self.config)
        given = as_sequence(images)
        photos, left_out = take_photos(
            given, choose=own_framing(self.extractor, self.config), roi=region, skip_broken=skip_broken
        )
        if not photos:
            msg = f"normal images: expected at least one usable image, got none of {len(given)}"
            raise SupportError(msg)
        choices: tuple[Choice, ...] = ()
        if select is not None:
            photos, choices = select_photos(embedding, photos, select, progress=progress)
        shots = extract(embedding, photos, progress=None if choices else progress)
        empty = Task(self.config, photos[0].framing, region, false_alarm_rate, (), (), ())
        return Adapted(*learn(self.extractor, empty, shots), left_out=left_out, choices=choices)


def _read_region(source: Source) -> Tensor:
    """A region of interest as ``(1, h, w)`` float32, 1 inside (at least half as bright as white) and 0 outside.

    Raises:
        InputError: if nothing is inside.
    """
    image = decode(source)
    region = (to_tensor(image).mean(dim=0, keepdim=True) >= HALF).float()
    if not region.any():
        msg = f"region of interest {image.name}: expected a mask that is bright where it matters, got an all-dark image"
        raise InputError(msg)
    return region
