from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import save_file

from tenshot.core.errors import ExtractorError, MissingError
from tenshot.features import ResNet10Extractor
from tenshot.features.adapter import Adapter
from tenshot.features.adapter_file import adapted_by, adapter_facts

if TYPE_CHECKING:
    from pathlib import Path

    from tenshot.features import Extractor


@pytest.fixture(scope="module")
def inner() -> ResNet10Extractor:
    return ResNet10Extractor(layers=(0, 2))


def save(file: Path, inner: Extractor, **facts: str) -> Path:
    adapter = Adapter(inner.spec.channels, rank=1, seed=3)
    with torch.no_grad():
        adapter.up[0].fill_(0.1)
        adapter.log_balance.copy_(torch.tensor([0.3, -0.2]))
    told = adapter_facts(inner.spec, recipe="small") | facts
    save_file(adapter.tensors(), file, metadata={name: text for name, text in told.items() if text})
    return file


def test_it_is_read_as_it_was_written(inner: Extractor, tmp_path: Path) -> None:
    extractor = adapted_by(save(tmp_path / "a.safetensors", inner), inner)
    assert extractor.spec.adapter == "small"
    assert extractor.spec.balance[0] / extractor.spec.balance[1] == pytest.approx(torch.tensor(0.5).exp().item())
    assert extractor.spec == adapted_by(tmp_path / "a.safetensors", inner).spec
    assert extractor.inner is inner


def test_half_precision_is_read_too(inner: Extractor, tmp_path: Path) -> None:
    tensors = {name: tensor.half() for name, tensor in Adapter(inner.spec.channels).tensors().items()}
    save_file(tensors, tmp_path / "half.safetensors", metadata=adapter_facts(inner.spec, recipe="half"))
    adapted = adapted_by(tmp_path / "half.safetensors", inner)
    assert adapted(torch.rand(1, 3, 64, 64))[0].dtype == torch.float32


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"extractor": "resnet18"}, "trained on an extractor with name resnet18, got resnet10 with name resnet10"),
        ({"layers": "[0, 1]"}, r"trained on an extractor with layers \[0, 1\], got resnet10 with layers \[0, 2\]"),
        (
            {"weights": "ab" * 32},
            r"trained on an extractor with weights abababababab, got resnet10 with weights \w{12}$",
        ),
        ({"recipe": ""}, "expected metadata extractor, layers, weights, recipe, recipe is missing"),
        ({"layers": "", "weights": ""}, "layers, weights is missing"),
    ],
)
def test_what_does_not_fit_is_said(inner: Extractor, tmp_path: Path, facts: dict[str, str], message: str) -> None:
    file = save(tmp_path / "a.safetensors", inner, **facts)
    with pytest.raises(ExtractorError, match=f"adapter {file}: .*{message}"):
        adapted_by(file, inner)


def test_files_of_something_else_are_refused(inner: Extractor, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"adapter .*: expected none, episodic or a safetensors file, found a f"):
        adapted_by(tmp_path, inner)
    (tmp_path / "text").write_text("no tensors")
    with pytest.raises(ExtractorError, match=r"adapter .*text: expected a safetensors file, got something else"):
        adapted_by(tmp_path / "text", inner)
    facts = adapter_facts(inner.spec, recipe="r")
    save_file({"a": torch.ones(2)}, tmp_path / "other", metadata=facts)
    with pytest.raises(ExtractorError, match=r"adapter .*other: expected scale\.i, balance and maybe"):
        adapted_by(tmp_path / "other", inner)
    save_file(Adapter((32, 64)).tensors(), tmp_path / "narrow", metadata=facts)
    with pytest.raises(ExtractorError, match=r"adapter .*narrow: expected channels \(32, 128\), got \(32, 64\)"):
        adapted_by(tmp_path / "narrow", inner)
