from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from tenshot.reports.page import Report, _number, render
from tenshot.reports.pictures import Pictures
from tenshot.reports.rows import Failed, Inspected

if TYPE_CHECKING:
    from tenshot.reports import TaskSummary

PICTURES = Pictures(photo="data:image/webp;base64,UFA=", heat_map="data:image/webp;base64,SEg=", width=40, height=30)
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
VOID = {"meta", "img", "input", "br", "hr", "link"}
SELF_CLOSED = {"line", "rect", "stop"}


class Page(HTMLParser):
    """The elements of a page, its text, and whether its tags are closed in the order they were opened."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SELF_CLOSED
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self._open:
            self.texts.setdefault(self._open[-1], []).append(data.strip())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def cards(self) -> list[dict[str, str | None]]:
        return [attributes for attributes in self.all("li") if attributes.get("class") == "card"]


def row(path: str, score: float, *, threshold: float = 1.0) -> Inspected:
    return Inspected(
        path=path,
        score=score,
        threshold=threshold,
        p_value=0.0001 if score > 1 else 0.5,
        is_anomalous=score > threshold,
        map_max=0.75,
        map_threshold=0.5,
        heat_map=None,
    )


@pytest.fixture
def report(task: TaskSummary) -> Report:
    rows = [row("parts/a.png", 0.4), row("parts/b.png", 3.0), row("parts/sub/c.png", 0.9), row("parts/d.png", 1.5)]
    return Report(
        task=task,
        inspected=rows,
        failed=[Failed("parts/e.png", "cut off")],
        pictures=dict.fromkeys(range(4), PICTURES),
    )


def html_of(report: Report) -> str:
    return b"".join(render(report)).decode("utf-8")


def test_the_page_is_well_formed(report: Report) -> None:
    html = html_of(report)
    page = Page(html)
    assert html.startswith("<!doctype html>\n<!-- written by tenshot -->\n")
    assert page.all("html") == [{"lang": "en"}]
    names = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert not [name for name, count in Counter(names).items() if count > 1]
    targets = [attributes["href"] for attributes in page.all("a")]
    assert targets
    assert all(str(target).removeprefix("#") in names for target in targets)


def test_the_page_asks_the_network_for_nothing(report: Report) -> None:
    html = html_of(report)
    page = Page(html)
    for tag, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:image/", "#")), (tag, name, value)
    assert not page.all("link")
    assert not page.all("iframe")
    assert not re.search(r"https?://|//[a-z]+\.|@import|url\((?!#)", html)


def test_the_policy_allows_our_script_and_style_alone(report: Report) -> None:
    html = html_of(report)
    [policy] = [meta["content"] for meta in Page(html).all("meta") if "http-equiv" in meta]
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for kind in ("script", "style"):
        [source] = re.findall(rf"<{kind}>(.*?)</{kind}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    # An attribute with style or a handler would be ignored by the browser under this policy.
    assert not [
        name for _, attributes in Page(html).elements for name in attributes if name.startswith(("on", "style"))
    ]


def test_cards_come_worst_first_with_what_the_script_sorts_by(report: Report) -> None:
    cards = Page(html_of(report)).cards()
    assert [card["data-name"] for card in cards] == ["b.png", "d.png", "sub/c.png", "a.png"]
    assert [float(str(card["data-score"])) for card in cards] == [3.0, 1.5, 0.9, 0.4]
    assert [card["data-verdict"] for card in cards] == ["anomalous", "anomalous", "normal", "normal"]


def test_the_verdict_stands_on_top(report: Report) -> None:
    page = Page(html_of(report))
    assert page.texts["strong"] == ["2 of 4"]
    assert "1 file could not be judged" in page.texts["a"]
    assert "cut off" in page.texts["td"]
    assert "Three photos promise little." in page.texts["li"]
    assert page.texts["h1"] == ["Housing"]


def test_every_control_and_picture_has_a_name(report: Report) -> None:
    html = html_of(report)
    page = Page(html)
    assert all("alt" in attributes for attributes in page.all("img"))
    assert "Heat map of b.png, highest value 1.50 on the scale" in html
    assert all(attributes.get("aria-label") for attributes in page.all("svg"))
    for control in re.findall(r"<(?:input|select)\b", html):
        assert control
    outside = re.sub(r"<label.*?</label>", "", html, flags=re.DOTALL)
    assert not re.search(r"<(?:input|select)\b", outside)


def test_pictures_are_decoded_late_and_keep_their_place(report: Report) -> None:
    embedded = [attributes for attributes in Page(html_of(report)).all("img") if "src" in attributes]
    assert len(embedded) == 8
    assert all(
        (attributes["loading"], attributes["decoding"], attributes["width"], attributes["height"])
        == ("lazy", "async", "40", "30")
        for attributes in embedded
    )


def test_no_string_becomes_markup(task: TaskSummary) -> None:
    evil_task = replace(task, title=EVIL, extractor=EVIL, notes=(EVIL,), normal_names=(EVIL, "two.png", "three.png"))
    report = Report(
        task=evil_task,
        inspected=[row(f"{EVIL}.png", 2.0), row("<script>.png", 0.1)],
        failed=[Failed(EVIL, EVIL)],
        pictures={0: PICTURES},
    )
    html = html_of(report)
    page = Page(html)
    assert len(page.all("script")) == 1
    assert len(page.all("img")) == 2 + 2
    assert "<script>alert" not in html
    assert EVIL in page.texts["h1"]
    assert any("<script>.png" in text for text in page.texts["h3"])


def test_names_that_are_no_unicode_do_not_stop_the_report(task: TaskSummary) -> None:
    html = html_of(Report(task=task, inspected=[row("caf\udce9.png", 2.0)]))
    assert "caf\\udce9.png" in html


def test_images_without_pictures_are_listed(report: Report) -> None:
    html = html_of(replace(report, pictures={1: PICTURES}))
    page = Page(html)
    assert len(page.cards()) == 4
    assert len([button for button in page.all("button") if "pictures" in str(button.get("class"))]) == 1
    assert "Pictures are embedded for the 1 highest scores." in html


@pytest.mark.parametrize("interrupted", [True, False])
def test_an_interrupted_run_says_so(report: Report, interrupted: bool) -> None:
    assert ("The run was interrupted" in html_of(replace(report, interrupted=interrupted))) is interrupted


def test_a_run_in_which_nothing_could_be_judged(task: TaskSummary) -> None:
    html = html_of(Report(task=task, inspected=[], failed=[Failed("a.png", "empty")]))
    assert "No image could be judged" in html
    assert not Page(html).cards()


def test_one_shot_without_a_threshold(task: TaskSummary) -> None:
    one = replace(task, shots=1, threshold=float("inf"), normal_scores=(), normal_names=("only.png",))
    html = html_of(Report(task=one, inspected=[row("a.png", 5.0, threshold=float("inf"))]))
    page = Page(html)
    assert "nothing is flagged" in html
    assert page.texts["strong"] == ["0 of 1"]
    assert "only.png" in page.texts["td"]
    assert "inf" not in re.sub(r"<style>.*?</style>|<script>.*?</script>", "", html, flags=re.DOTALL).split()


def test_the_histogram_counts_every_score(report: Report) -> None:
    page = Page(html_of(report))
    classes = Counter(attributes.get("class") for attributes in page.all("rect"))
    assert classes["inspected"] + classes["inspected flagged"] >= 3
    assert classes["inspected flagged"] >= 1
    counts = [int(text.rsplit(": ", 1)[1]) for text in page.texts["title"][1:]]
    assert sum(counts) == 4 + 3


@pytest.mark.parametrize(
    ("paths", "root", "place"),
    [
        (["/x/a/1.png", "/x/b/2.png"], "/x", ("a", "1.png")),
        (["in/1.png", "in/2.png"], "in", ("", "1.png")),
        (["in/1.png", "/x/2.png"], "", ("in", "1.png")),
        (["1.png", "2.png"], "", ("", "1.png")),
        (["image 1", "image 2"], "", ("", "image 1")),
        (["/a/1.png", "/b/2.png"], "", ("/a", "1.png")),
        (["../a/1.png", "2.png"], "", ("../a", "1.png")),
    ],
)
def test_the_common_folder_is_told_once(task: TaskSummary, paths: list[str], root: str, place: tuple[str, str]) -> None:
    report = Report(task=task, inspected=[row(path, 1.0) for path in paths])
    assert report.root == root
    assert report.place(paths[0]) == place


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.12345, "0.1235"),
        (44.2, "44.20"),
        (0.0, "0.000"),
        (123456.7, "123,457"),
        (1e-7, "1.000e-07"),
        (float("inf"), "unbounded"),
    ],
)
def test_numbers_have_four_digits(value: float, shown: str) -> None:
    assert _number(value) == shown
