"""Where tasks come from, as settings."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic resolves annotations at run time
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tenshot.core.config import Settings

__all__ = ["TaskSource"]

Share = Annotated[float, Field(gt=0, le=1)]


class TaskSource(Settings):
    """A folder of tasks, or tasks out of nothing.

    Attributes:
        folder: relative to the configuration, or absolute; ``None`` for products without any pictures.
        kind: ``images``: every sub-folder is a task, its images are normal; of one in MVTec AD's layout those of
            ``train/good`` are, and a folder that is itself in that layout is one task. ``classes``: the same of a
            classification set, where every image below a sub-folder counts. ``crops``: every image below the folder is
            a task of its own, whose frames are crops of it. ``products``: synthetic products, whose surfaces are taken
            from the images below the folder, or invented without one; they may be shown with flaws.
        exclude: names of tasks that are left out, or of folders of them; a task is called by its path below the folder.
        only: names of the tasks that are taken, or of folders of them; empty for all.
        limit: the most tasks that are taken, drawn by chance but always the same ones; ``None`` for all. The number of
            products, a thousand unless it is given.
        seed: of products: another one gives others.
        minimum: tasks with fewer images are passed over; ``None`` to refuse tasks of which no episode can be made.
        crop: least and largest side of a crop, as a share of the image's shorter side; drawn for an episode.
            Support and query come from different halves of the image as long as a crop is no longer than a half.
        weight: chance of the source relative to others; ``None`` for its number of tasks.
    """

    folder: Path | None = None
    kind: Literal["images", "classes", "crops", "products"] = "images"
    exclude: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    limit: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    minimum: Annotated[int, Field(ge=1)] | None = None
    crop: tuple[Share, Share] = (0.3, 0.5)
    weight: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _has_pictures(self) -> Self:
        if self.folder is None and self.kind != "products":
            msg = f"folder: expected one for tasks of kind {self.kind}, got none; only products need no pictures"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.crop[0] > self.crop[1]:
            msg = f"crop: expected the smaller share first, got {self.crop[0]}, {self.crop[1]}"
            raise ValueError(msg)
        return self
