from __future__ import annotations

import pytest

from tenshot.core.config import DetectorConfig, ExtractorConfig
from tenshot.core.errors import InputError
from tenshot.evaluation.solvers import SOLVERS, configure


@pytest.mark.parametrize("name", SOLVERS)
def test_solvers_differ_in_coder_and_compression_alone(name: str) -> None:
    base = DetectorConfig(extractor=ExtractorConfig(name="resnet10"), image_size=64)
    config = configure(name, base)
    assert DetectorConfig.model_validate(config.model_dump()) == config
    for same in ("extractor", "image_size", "tile", "scoring"):
        assert getattr(config, same) == getattr(base, same)
    assert config.coding.normalise == base.coding.normalise
    assert (config == base) is (name == "default")


def test_an_unknown_solver_is_refused() -> None:
    with pytest.raises(InputError, match=r"expected one of default, active, .*, got 'best'"):
        configure("best", DetectorConfig())
