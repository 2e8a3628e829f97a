from __future__ import annotations

from typing import get_args

from tenshot.cli import options
from tenshot.cli.options import DetectorOptions, SupportOptions
from tenshot.core.config import CodingConfig, DetectorConfig, DictionaryConfig, ScoringConfig
from tenshot.detectors.adaptive_energy.detector import DEFAULT_FALSE_ALARM_RATE


def test_the_words_of_options_are_those_of_the_settings() -> None:
    pairs = [
        (options.Coding, CodingConfig.model_fields["method"]),
        (options.Augment, DictionaryConfig.model_fields["augment"]),
        (options.MapKind, ScoringConfig.model_fields["map"]),
        (options.ScoreKind, ScoringConfig.model_fields["score"]),
    ]
    for words, field in pairs:
        assert get_args(words) == get_args(field.annotation)


def test_the_defaults_that_help_names_are_those_of_the_settings() -> None:
    config = DetectorConfig()
    assert DetectorOptions().extractor == config.extractor.name
    assert SupportOptions().false_alarm_rate == DEFAULT_FALSE_ALARM_RATE
    named = {
        "coding": config.coding.method,
        "receptive_field": config.coding.receptive_field,
        "map": config.scoring.map,
        "score": config.scoring.score,
    }
    for field, default in named.items():
        [option] = DetectorOptions.__annotations__[field].__metadata__
        assert f"default: {default}[/dim]" in option.help
    [option] = SupportOptions.__annotations__["augment"].__metadata__
    assert f"default: {config.dictionary.augment}[/dim]" in option.help
