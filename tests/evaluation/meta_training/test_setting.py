from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tenshot.core.errors import InputError
from tenshot.evaluation.meta_training.setting import changed, configured, parse_source, recorded

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenshot.training.settings import TrainingConfig


@pytest.mark.parametrize(
    ("text", "kind", "folder"),
    [
        ("a/b", "images", Path("a/b")),
        ("crops:a/b", "crops", Path("a/b")),
        ("classes:a", "classes", Path("a")),
        ("odd:name", "images", Path("odd:name")),
        ("products", "products", None),
        ("products:a", "products", Path("a")),
    ],
)
def test_a_source_is_a_kind_and_a_folder(text: str, kind: str, folder: Path | None) -> None:
    source = parse_source(text)
    assert (source.kind, source.folder) == (kind, folder)


@pytest.mark.parametrize("text", ["", "crops:"])
def test_pictures_want_a_folder(text: str) -> None:
    with pytest.raises(InputError, match=rf"^source of tasks: expected FOLDER, .* got {text!r}$"):
        parse_source(text)


def test_held_out_products_are_others() -> None:
    assert parse_source("products", held_out=True).seed != parse_source("products").seed
    assert parse_source("a", held_out=True) == parse_source("a")


def test_what_is_watched_is_not_learned_from() -> None:
    watch = [parse_source(text) for text in ("data/parts/bolt", "elsewhere/nut", "data")]
    config = configured([parse_source("data"), parse_source("products:data")], watch, usual={})
    assert [source.exclude for source in config.tasks] == [("parts/bolt",), ()]
    assert config.validation == tuple(watch)


def test_settings_are_changed_by_their_dotted_names(tiny: Callable[..., TrainingConfig]) -> None:
    config = tiny()
    assert changed(config, ["losses.eta0=0", "seed=7"]) == config.model_copy(
        update={"seed": 7, "losses": config.losses.model_copy(update={"eta0": 0.0})}
    )
    with pytest.raises(InputError, match=r"^losses\.eta7: no such setting"):
        changed(config, ["losses.eta7=0"])


def test_one_changed_setting_leaves_its_section_as_it_was() -> None:
    config = configured([parse_source("a")], [], usual={}, changes=["coding.lambda_min=0.1"])
    assert (config.coding.method, config.coding.shrinkage, config.coding.lambda_min) == ("full", "sigshrink", 0.1)


def test_a_record_names_folders_and_not_where_they_lie(tmp_path: Path) -> None:
    config = configured([parse_source(f"crops:{tmp_path / 'cloth'}")], [], usual={})
    record = recorded(config)
    assert record["tasks"][0]["folder"] == "cloth"
    assert str(tmp_path) not in json.dumps(record)
