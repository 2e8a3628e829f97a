from __future__ import annotations

from pathlib import Path

import pytest

from tenshot.core.config import ExtractorConfig
from tenshot.core.errors import ExtractorError, MissingError
from tenshot.features import build_extractor, shipped
from tenshot.features.shipped import FOLDER, adapter_of, files_of, shipped_weights

ADAPTERS = sorted(file.stem.removesuffix("-adapter") for file in FOLDER.glob("*-adapter.safetensors"))
CARDS = Path(__file__).resolve().parents[2] / "docs" / "models"
MEGABYTE = 1_000_000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Adapters of two extractors, as far as names go."""
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    for name in ("resnet18", "efficientnet_lite0"):
        (tmp_path / f"{name}-adapter.safetensors").touch()
    return tmp_path


def test_an_adapter_lies_beside_its_extractor(folder: Path, tmp_path: Path) -> None:
    assert adapter_of(ExtractorConfig(name="resnet18", adapter="episodic")) == folder / "resnet18-adapter.safetensors"
    assert adapter_of(ExtractorConfig(name="resnet18", adapter="none")) is None
    assert adapter_of(ExtractorConfig(adapter=tmp_path / "mine")) == tmp_path / "mine"
    with pytest.raises(ExtractorError, match=r"has one \(efficientnet_lite0, resnet18\), got resnet10"):
        adapter_of(ExtractorConfig(name="resnet10", adapter="episodic"))


@pytest.mark.usefixtures("folder")
def test_one_that_is_there_by_default_waits_for_its_own_layers_and_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    assert adapter_of(ExtractorConfig(name="resnet18")) is None
    monkeypatch.setattr(shipped, "ADAPTED_BY_DEFAULT", {"resnet18"})
    assert adapter_of(ExtractorConfig(name="resnet18")) is not None
    assert adapter_of(ExtractorConfig(name="resnet18", adapter="none")) is None
    assert adapter_of(ExtractorConfig(name="resnet18", layers=(1,))) is None
    assert adapter_of(ExtractorConfig(name="resnet18", weights=Path("w"))) is None
    assert adapter_of(ExtractorConfig(name="efficientnet_lite0")) is None


def test_the_files_that_decide_are_named(folder: Path, tmp_path: Path) -> None:
    for name in ("mine", "tenshot_resnet10.safetensors"):
        (tmp_path / name).touch()
    adapter, ours = folder / "efficientnet_lite0-adapter.safetensors", folder / "tenshot_resnet10.safetensors"
    assert files_of(ExtractorConfig()) == ()
    assert files_of(ExtractorConfig(adapter="episodic")) == (adapter,)
    assert files_of(ExtractorConfig(weights=tmp_path / "mine", adapter="episodic")) == (tmp_path / "mine", adapter)
    assert files_of(ExtractorConfig(name="tenshot_resnet10")) == (ours,)
    assert files_of(ExtractorConfig(name="tenshot_resnet10_untrained")) == (ours,)
    assert files_of(ExtractorConfig(name="resnet10")) == ()
    with pytest.raises(MissingError, match=r"weights .*gone: expected a safetensors file, found nothing"):
        files_of(ExtractorConfig(name="resnet10", weights=tmp_path / "gone"))
    with pytest.raises(MissingError, match=r"adapter .*gone: expected none, episodic or a safetensors file, found"):
        files_of(ExtractorConfig(name="resnet10", adapter=tmp_path / "gone"))


def test_everything_shipped_has_a_card_and_is_small() -> None:
    files = sorted(FOLDER.iterdir())
    assert shipped_weights("tenshot_resnet10") in files
    assert all(file.suffix == ".safetensors" for file in files)
    assert all(file.stat().st_size < 10 * MEGABYTE for file in files)
    assert [file.name for file in files if not (CARDS / f"{file.stem}.md").is_file()] == []


@pytest.mark.parametrize("name", ADAPTERS)
def test_every_shipped_adapter_fits_what_it_lies_beside(name: str) -> None:
    spec = build_extractor(ExtractorConfig(name=name, adapter="episodic")).spec
    assert spec.name == name
    assert spec.adapter
