from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import Field, model_validator

from tenshot.core.config import Settings
from tenshot.core.errors import InputError, MissingError
from tenshot.training.config_file import as_yaml, assign, checked, read_yaml, rebased


class Source(Settings):
    folder: Path
    kind: Literal["images", "crops"] = "images"


class Rates(Settings):
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    steps: int = 5

    @model_validator(mode="after")
    def _consistent(self) -> Rates:
        if self.betas[0] > self.betas[1]:
            msg = f"betas: expected the smaller first, got {self.betas}"
            raise ValueError(msg)
        if self.steps == 13:
            msg = "rates: expected luck, got none"
            raise ValueError(msg)
        return self


class Whole(Settings):
    tasks: Annotated[tuple[Source, ...], Field(min_length=1)]
    optimiser: Rates = Rates()
    start: Path | None = None
    seed: int = 0


GOOD: dict[str, Any] = {"tasks": [{"folder": "a"}, {"folder": "b"}]}


@pytest.mark.parametrize(
    ("assignment", "path", "value"),
    [
        ("seed=7", ("seed",), 7),
        ("optimiser.learning_rate=1e-5", ("optimiser", "learning_rate"), 1e-5),
        ("optimiser.betas=[0.5, 0.6]", ("optimiser", "betas"), (0.5, 0.6)),
        ("tasks.1.kind=crops", ("tasks", 1, "kind"), "crops"),
        ("tasks=[{folder: c=d}]", ("tasks", 0, "folder"), Path("c=d")),
        ("start=null", ("start",), None),
        ("start=", ("start",), None),
    ],
)
def test_settings_are_changed_one_by_one(assignment: str, path: tuple[Any, ...], value: object) -> None:
    found: Any = checked(Whole, assign(GOOD, [assignment]))
    for part in path:
        found = found[part] if isinstance(part, int) else getattr(found, part)
    assert found == value


def test_later_changes_win_and_what_was_given_stays() -> None:
    assert assign(GOOD, ["seed=1", "optimiser.steps=2", "seed=3"]) == {**GOOD, "optimiser": {"steps": 2}, "seed": 3}
    assert GOOD == {"tasks": [{"folder": "a"}, {"folder": "b"}]}


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("seed", "--set: expected NAME=VALUE, as in optimiser.learning_rate=0.001, got 'seed'"),
        ("=1", "--set: expected NAME=VALUE"),
        ("a..b=1", "--set: expected NAME=VALUE"),
        ("seed=[1", "--set seed: expected YAML, but in line 1, column 3"),
        ("seeds=1", "^seeds: no such setting; the nearest is seed$"),
        ("optimizer.steps=1", "^optimizer: no such setting; the nearest is optimiser$"),
        (
            "optimiser.learnin_rate=1",
            "^optimiser.learnin_rate: no such setting; the nearest is optimiser.learning_rate$",
        ),
        ("optimiser.lr=1", "^optimiser.lr: no such setting; the nearest is optimiser.learning_rate$"),
        ("learning_rate=1", "^learning_rate: no such setting; the nearest is optimiser.learning_rate$"),
        ("tasks.1.foldr=x", "^tasks.1.foldr: no such setting; the nearest is tasks.1.folder$"),
        ("xyz=1", "^xyz: no such setting; there are tasks, optimiser, start, seed$"),
        ("seed=x", "^seed: expected a valid integer, got 'x'$"),
        ("seed=1.5", "^seed: expected a valid integer, got 1.5$"),
        ("optimiser=3", "^optimiser: expected settings by name, got 3$"),
        ("optimiser.learning_rate=-1", "^optimiser.learning_rate: expected greater than 0, got -1$"),
        ("optimiser.betas=[1]", "^optimiser.betas.1: expected a value, got none$"),
        ("optimiser.betas=[0.9, 0.1]", r"^optimiser.betas: expected the smaller first, got \(0.9, 0.1\)$"),
        ("optimiser.steps=13", "^optimiser: expected luck, got none$"),
        ("tasks.0.kind=tiles", "^tasks.0.kind: expected 'images' or 'crops', got 'tiles'$"),
        ("tasks=[]", r"^tasks: expected at least 1 item after validation, not 0, got \[\]$"),
        ("start=5", "^start: expected a path, got 5$"),
    ],
)
def test_what_cannot_be_is_named_by_its_place(assignment: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        checked(Whole, assign(GOOD, [assignment]))


def test_a_misspelt_name_is_named_rather_than_what_is_missing_for_it() -> None:
    with pytest.raises(InputError, match=r"^tsaks: no such setting; the nearest is tasks$"):
        checked(Whole, {"tsaks": []})
    with pytest.raises(InputError, match=r"^tasks: expected a value, got none$"):
        checked(Whole, {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1, 2\nb: 3", "line 2, column 2"),
        ("a:\n  b: 1\n c: 2", "line 3, column 2"),
        ("a: 1\nb: 2\na: 3", "line 3, column 1 'a' comes twice"),
        ("a: !!python/object/apply:os.system [ls]", "line 1, column 4 could not determine a constructor"),
        ("a: \x01", "special characters are not allowed"),
        ("- 1", "expected settings by name, got a list"),
        ("word", "expected settings by name, got a str"),
    ],
)
def test_a_broken_file_is_named_with_the_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=rf"x\.yaml: .*{said}"):
        read_yaml(file)


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"x\.yaml: expected a YAML file of settings, found nothing"):
        read_yaml(tmp_path / "x.yaml")
    with pytest.raises(InputError, match=r"cannot be read \(Is a directory\)"):
        read_yaml(tmp_path)
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"cannot be read \(it is not UTF-8\)"):
        read_yaml(tmp_path / "x.yaml")
    (tmp_path / "x.yaml").write_text("# nothing yet\n")
    assert read_yaml(tmp_path / "x.yaml") == {}


def test_paths_seen_from_elsewhere_lead_to_the_same_place(tmp_path: Path) -> None:
    (base, out) = (tmp_path / "configs" / "a", tmp_path / "runs")
    (tmp_path / "parts").mkdir()
    base.mkdir(parents=True)
    config = checked(Whole, {"tasks": [{"folder": "../../parts"}, {"folder": "/data"}], "start": "w.safetensors"})
    moved = rebased(config, base, out)
    assert [str(task.folder) for task in moved.tasks] == ["../parts", "/data"]
    assert str(moved.start) == "../configs/a/w.safetensors"
    assert moved.optimiser == config.optimiser
    assert rebased(moved, out, base) == config


def test_a_written_file_reads_well_and_comes_back() -> None:
    config = checked(Whole, assign(GOOD, ["optimiser.learning_rate=1e-5"]))
    text = as_yaml(config.model_dump(mode="json"))
    assert checked(Whole, yaml.safe_load(text)) == config
    assert text.startswith("tasks:\n- folder: a\n  kind: images\n")
    assert "  betas: [0.9, 0.999]\n" in text
