"""Any timm network as a frozen extractor."""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING, Any

import torch

from tenshot.core.errors import ExtractorError
from tenshot.features.base import Extractor, ExtractorSpec, state_digest
from tenshot.features.lean_timm import import_timm
from tenshot.features.names import LITE0, OWN
from tenshot.features.weights import from_file, from_hub, lite0_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from torch import Tensor, nn

__all__ = ["TimmExtractor"]

TIMM_NAMES = {LITE0: "tf_efficientnet_lite0"}
CONVOLUTIONAL_REACH = (4, 8, 16)


class TimmExtractor(Extractor):
    """A network of timm, tapped at some of its layers.

    Default layers: for a pyramid, those of stride 4, 8 and 16; for a plain transformer, four blocks around its middle
    (the last blocks have forgotten where things are).

    Args:
        name: ``efficientnet_lite0`` (weights from a package, no network needed) or any name timm knows.
        layers: indices into timm's ``feature_info``; ``None`` for the default.
        weights: a local safetensors file in timm's layout; ``None`` for timm's published weights.

    Raises:
        ExtractorError: unknown name, layers that do not exist, weights of another network.
        MissingError: no such weights here, and no network to fetch them.
    """

    def __init__(self, name: str, *, layers: Sequence[int] | None = None, weights: Path | None = None) -> None:
        network_name = TIMM_NAMES.get(name, name)
        info = _feature_info(network_name)
        # timm gives its maps in its own order, each once.
        chosen = tuple(sorted(set(layers))) if layers else _default_layers(info)
        if not all(0 <= layer < len(info) for layer in chosen):
            msg = f"layers of {name}: allowed are 0 to {len(info) - 1}, got {', '.join(map(str, chosen))}"
            raise ExtractorError(msg)
        network = _create(network_name, out_indices=chosen)
        inner: nn.Module = getattr(network, "model", network)
        config = _pretrained_config(network_name)
        _load(inner, _weights(name, network_name, config, weights), name=name)
        super().__init__(mean=config["mean"], std=config["std"])
        self.network = network
        self._freeze()
        self.spec = ExtractorSpec(
            name=name,
            layers=chosen,
            channels=tuple(info[i]["num_chs"] for i in chosen),
            strides=tuple(info[i]["reduction"] for i in chosen),
            mean=tuple(config["mean"]),
            std=tuple(config["std"]),
            multiple=max(info[i]["reduction"] for i in chosen),
            weights=state_digest(inner.state_dict()),
            image_size=_image_size(inner, info, config),
            # Attention has mixed places already.
            neighbourhood=1 if _is_plain(info) else 3,
        )

    def _maps(self, normalised: Tensor) -> list[Tensor]:
        try:
            maps = list(self.network(normalised))
        except (AssertionError, RuntimeError) as error:
            height, width = normalised.shape[-2:]
            msg = f"extractor {self.spec.name}: cannot take images of {height}x{width} pixels ({error})"
            raise ExtractorError(msg) from error
        channels_last = getattr(self.network, "output_fmt", None) == "NHWC"
        return [each.permute(0, 3, 1, 2) for each in maps] if channels_last else maps


def _create(name: str, *, features_only: bool = True, **options: Any) -> nn.Module:  # noqa: ANN401 - timm's own options
    timm = import_timm()
    if not timm.is_model(name):
        similar = ", ".join(difflib.get_close_matches(name, [*OWN, *timm.list_models()]))
        hint = f" (did you mean {similar}?)" if similar else ""
        msg = f"extractor {name!r}: expected {', '.join(OWN)} or a timm network{hint}"
        raise ExtractorError(msg)
    build = functools.partial(timm.create_model, name, pretrained=False, features_only=features_only, **options)
    try:
        # Layers draw random values that the weights replace: leave the caller's generator as it was.
        with torch.random.fork_rng(devices=[]):
            return _of_any_size(build)
    except (RuntimeError, TypeError, AssertionError, NotImplementedError) as error:
        msg = f"extractor {name!r}: timm cannot give its intermediate features ({error})"
        raise ExtractorError(msg) from error


def _of_any_size(build: Callable[..., nn.Module]) -> nn.Module:
    try:
        # Plain transformers take sizes other than the one they were trained at if asked to; names do not tell which.
        return build(dynamic_img_size=True)
    except TypeError:
        return build()


def _feature_info(name: str) -> list[dict[str, Any]]:
    # Built for real: on the meta device, initialising weights loads the compiler (see lean_timm).
    # All layers: asked otherwise, timm describes only those it would tap by itself, of a transformer the last three.
    return [dict(entry) for entry in _create(name).feature_info.info]  # type: ignore[union-attr]


def _is_plain(info: Sequence[Mapping[str, Any]]) -> bool:
    return len({entry["reduction"] for entry in info}) == 1


def _image_size(network: nn.Module, info: Sequence[Mapping[str, Any]], config: Mapping[str, Any]) -> int:
    if config.get("fixed_input_size") and not getattr(network, "dynamic_img_size", False):
        return int(config["input_size"][-1])
    return 448 if _is_plain(info) else 256


def _default_layers(info: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
    if _is_plain(info):
        middle = len(info) // 2
        return tuple(range(max(middle - 2, 0), min(middle + 2, len(info))))
    near = tuple(i for i, entry in enumerate(info) if entry["reduction"] in CONVOLUTIONAL_REACH)
    return near or tuple(range(min(3, len(info))))


def _pretrained_config(name: str) -> dict[str, Any]:
    config = import_timm().get_pretrained_cfg(name)
    return vars(config) if config else {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}


def _weights(name: str, network_name: str, config: Mapping[str, Any], file: Path | None) -> dict[str, Tensor]:
    if file is not None:
        return from_file(file)
    if name == LITE0:
        return lite0_weights(list(_create(network_name, features_only=False).state_dict()))
    return from_hub(name, config.get("hf_hub_id"))


def _load(network: nn.Module, state: Mapping[str, Tensor], *, name: str) -> None:
    # Some of timm's feature wrappers flatten names (stages.0.x -> stages_0.x).
    by_flat_name = {key.replace(".", "_"): tensor for key, tensor in state.items()}
    wanted = {key: by_flat_name.get(key.replace(".", "_")) for key in network.state_dict()}
    missing = [key for key, tensor in wanted.items() if tensor is None]
    if missing:
        msg = f"weights of {name}: expected {len(wanted)} tensors, {len(missing)} are missing, {missing[0]} first"
        raise ExtractorError(msg)
    try:
        network.load_state_dict(wanted)
    except RuntimeError as error:
        msg = f"weights of {name}: tensors of another shape ({str(error).splitlines()[-1].strip()})"
        raise ExtractorError(msg) from error
