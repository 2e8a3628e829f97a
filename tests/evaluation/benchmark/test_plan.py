from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tenshot.data.folders import GOOD, Category, LabelledImage
from tenshot.evaluation.benchmark.plan import Judge, Key, Request, Teach, all_keys, judge_jobs, teach_job, teach_jobs
from tenshot.evaluation.benchmark.subjects import Subject


def category(name: str, *, test: int = 10, masks: bool = True) -> Category:
    good = tuple(Path(f"{name}/good/{index}.png") for index in range(20))
    mask = Path("mask.png") if masks else None
    bad = tuple(LabelledImage(Path(f"{name}/bad/{index}.png"), mask, "bad") for index in range(test - 1))
    return Category(name, good, (LabelledImage(good[0], None, GOOD), *bad))


def request(*names: str, **changes: Any) -> Request:
    whole = Request(("sets",), None, tuple(map(Subject, names)), shots=(1, 4), seeds=(0, 1, 2))
    return replace(whole, **changes)


def test_every_combination_is_a_cell_in_order() -> None:
    keys = all_keys(request("adaptive", "nearest", conditions=("plain", "blur:1")), [category("a"), category("b")])
    assert len(set(keys)) == len(keys) == 2 * 2 * 2 * 2 * 3
    assert keys[0] == Key("a", "adaptive", 1, 0, "plain")
    assert keys[3] == Key("a", "adaptive", 1, 0, "blur:1")
    assert keys[-1] == Key("b", "nearest", 4, 2, "blur:1")


def test_who_learns_from_all_images_is_measured_once_a_seed() -> None:
    keys = all_keys(request("ae_mse", conditions=("plain", "blur:1")), [category("a")])
    assert keys == tuple(Key("a", "ae_mse", None, seed, "plain") for seed in range(3))


def test_jobs_cover_every_cell_once_and_share_one_product_and_condition() -> None:
    categories = {name: category(name) for name in "ab"}
    wanted = request("adaptive", "ae_mse", "nearest", conditions=("plain", "blur:1"), seeds=tuple(range(15)))
    keys = all_keys(wanted, categories.values())
    jobs = list(judge_jobs(keys, categories))
    assert sorted(key for job in jobs for key in job.keys if key.shots) == sorted(key for key in keys if key.shots)
    assert {key for job in jobs for key in job.keys} == set(keys)
    for job in jobs:
        assert len({(key.set, key.detector, key.condition) for key in job.keys}) == 1
        assert len(job.keys) <= 20
    assert [job.keys[0].shots is None for job in jobs] == sorted(
        (job.keys[0].shots is None for job in jobs), reverse=True
    )
    assert all(len(job.keys) == 1 for job in jobs if job.keys[0].shots is None)


def test_large_sets_with_masks_are_cut_into_jobs_that_fit_into_memory() -> None:
    for masks, most in ((True, 4), (False, 20)):
        large = {"a": category("a", test=4000, masks=masks)}
        jobs = list(judge_jobs(all_keys(request("adaptive", seeds=tuple(range(10))), large.values()), large))
        assert max(len(job.keys) for job in jobs) == most
    large = {"a": category("a", test=4000)}
    halved = judge_jobs(all_keys(request("adaptive", seeds=tuple(range(10))), large.values()), large, at_once=2)
    assert max(len(job.keys) for job in halved) == 2


def test_shots_are_judged_together_whatever_conditions_there_are() -> None:
    categories = {"a": category("a")}
    wanted = request("adaptive", conditions=("plain", "blur:1", "blur:2"), shots=(1, 2, 4, 10), seeds=tuple(range(5)))
    assert [len(job.keys) for job in judge_jobs(all_keys(wanted, categories.values()), categories)] == [20] * 3


def test_a_training_leaves_out_what_will_be_judged() -> None:
    wanted = request("maml_ae", "adaptive", "nearest")
    keys = all_keys(wanted, [category("a"), category("b")])
    assert teach_jobs(wanted, keys) == (Teach("maml_ae", "a"), Teach("maml_ae", "b"))
    untrained = replace(wanted, subjects=(Subject("maml_ae", untrained=True),))
    assert teach_jobs(untrained, all_keys(untrained, [category("a")])) == ()


def test_a_training_apart_serves_every_product() -> None:
    wanted = request("maml_ae", "sparse_ae", "nearest", train_apart=True)
    keys = all_keys(wanted, [category("a"), category("b")])
    assert teach_jobs(wanted, keys) == (Teach("maml_ae", None), Teach("sparse_ae", None))
    assert teach_job(wanted, keys[0]) == Teach("maml_ae", None)
    assert teach_job(wanted, keys[-1]) is None


def test_jobs_have_names_for_people() -> None:
    assert Judge((Key("a", "nearest", 1, 0, "plain"),)).label == "a: nearest"
    assert Judge((Key("a", "nearest", 1, 0, "blur:2"),)).label == "a: nearest, blur:2"
    assert Teach("maml_ae", "a").label == "maml_ae: training on everything but a"
    assert Teach("maml_ae", None).label == "maml_ae: training on the folders of --train-on alone"
