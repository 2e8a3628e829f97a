"""Made-up results of a whole benchmark, for everything that shows them."""

from __future__ import annotations

import numpy as np
import pytest

from tenshot.evaluation.benchmark.schema import (
    METRICS,
    Cell,
    Cost,
    DetectorInfo,
    Extreme,
    Made,
    Protocol,
    Results,
    SetInfo,
)

SHOTS, SEEDS = (1, 2, 5, 10), (0, 1, 2, 3, 4)
CONDITIONS = ("plain", "rotate:query", "rotate:both", "contaminate:10", "blur:2")
MVTEC = "MVTec AD, Bergmann et al. 2019, CC BY-NC-SA 4.0; images of at most 320 pixels."
SETS = {"bottle": MVTEC, "pill": MVTEC, "capsule": MVTEC, "transistor": MVTEC, "magnetic_tile": "Huang et al. 2018."}
WITHOUT_MASKS = {"transistor", "solar_cells"}
DETECTORS = {
    "nearest": ("shots", 0.86, "nearest neighbour in pretrained features"),
    "adaptive": ("shots", 0.89, "sparse codes over the support, pretrained features"),
    "gaussian": ("shots", 0.83, "one Gaussian a position"),
    "paper": ("tasks", 0.78, "the paper's network, trained on other products"),
    "paper untrained": ("tasks", 0.72, "the paper's network as it was initialised"),
    "student": ("all", 0.95, "a student of pretrained features, trained on all normal images"),
}
WORSE = {"plain": 0.0, "rotate:query": 0.08, "rotate:both": 0.02, "contaminate:10": 0.04, "blur:2": 0.03}


def _cell(each: str, detector: str, *, shots: int | None, seed: int, condition: str) -> Cell:
    places = [[*SETS, "solar_cells"].index(each), [*DETECTORS].index(detector)]
    random = np.random.default_rng([*places, shots or 0, seed, CONDITIONS.index(condition)])
    kind, level, _ = DETECTORS[detector]
    level += 0.03 * np.log2((shots or 10) / 10) * (kind != "all") - 0.03 * places[0] + 0.03 - WORSE[condition]
    masks = each not in WITHOUT_MASKS
    figures = {
        metric: None
        if metric in {"pixel_auroc", "pixel_ap", "aupro", "miou"} and not masks
        else float(np.clip(level - 0.05 * index + random.normal(0, 0.012), 0, 1))
        for index, metric in enumerate(METRICS)
    }
    return Cell(
        set=each,
        detector=detector,
        shots=shots,
        seed=seed,
        condition=condition,
        **figures,
        false_alarms=float(np.clip(random.normal(0.06, 0.03), 0, 1)),
        detections=float(np.clip(level - 0.1 + random.normal(0, 0.02), 0, 1)),
        separation=1.5,
        threshold=1.0,
        extremes=(Extreme(image="test/broken/000.png", kind="found", score=3.0),),
    )


def _cells() -> list[Cell]:
    cells = []
    for each in [*SETS, "solar_cells"]:
        for detector, (kind, _, _) in DETECTORS.items():
            for shots in (None,) if kind == "all" else SHOTS:
                for condition in CONDITIONS:
                    if condition != "plain" and (shots != 10 or detector == "gaussian"):
                        continue
                    cells += [_cell(each, detector, shots=shots, seed=seed, condition=condition) for seed in SEEDS]
    return cells


def _set(index: int, name: str, about: str) -> SetInfo:
    masks = name not in WITHOUT_MASKS
    return SetInfo(
        name=name,
        about=about,
        train=209 + index,
        test_good=20 + index,
        test_bad=63 - index,
        has_masks=masks,
        lacks="" if masks else "pixel metrics: not every anomalous image has a mask",
        digest=f"{index}{'ab' * 40}"[:64],
        support={str(seed): tuple(f"train/good/{seed}{shot:02}.png" for shot in range(10)) for seed in SEEDS},
    )


@pytest.fixture(scope="session")
def made_up() -> Results:
    """Six products, two of them without masks; six detectors of all kinds; four numbers of shots, five seeds."""
    about = {**SETS, "solar_cells": ""}
    return Results(
        made=Made(
            command="tenshot benchmark bottle pill --detector nearest --detector adaptive --shots 1,2,5,10 --seeds 5",
            commit="0123456789abcdef+",
            machine={"processor": "made up", "cores": 2, "memory_gib": 8.0, "system": "Linux", "python": "3.11.9"},
            versions={"tenshot": "0.1.0", "torch": "2.9.1", "timm": "1.0.22", "scikit-learn": None},
        ),
        protocol=Protocol(shots=SHOTS, seeds=SEEDS, map_size=256, false_alarm_rate=0.05, conditions=CONDITIONS),
        sets=tuple(_set(index, *pair) for index, pair in enumerate(about.items())),
        detectors=tuple(
            DetectorInfo(name=name, title=title, kind=kind, settings={"seed": 0}, code=f"{index}{'cd' * 40}"[:64])
            for index, (name, (kind, _, title)) in enumerate(DETECTORS.items())
        ),
        cells=tuple(_cells()),
        costs=tuple(
            Cost(
                detector=name,
                set=each,
                shots=None if kind == "all" else 10,
                threads=1,
                adapt_seconds=1.5 * 2**index,
                image_milliseconds=12.0 * 2**index,
                peak_mib=400.0 + 90 * index,
                train_seconds=310.0 if name == "paper" else None,
            )
            for index, (name, (kind, _, _)) in enumerate(DETECTORS.items())
            for each in ("bottle", "pill")
        ),
    )
