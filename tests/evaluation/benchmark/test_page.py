from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from tenshot.evaluation.benchmark.draws import read_names
from tenshot.evaluation.benchmark.examples import Example
from tenshot.evaluation.benchmark.markdown import tables
from tenshot.evaluation.benchmark.page import page

if TYPE_CHECKING:
    from pathlib import Path

    from tenshot.evaluation.benchmark.schema import Results

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
VOID = {"meta", "img", "br"}
JPEG = b"\xff\xd8 a picture"


class Parsed(HTMLParser):
    """Elements of a page with their text, and whether its tags are closed in the order they were opened."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self._open:
            self.texts.append((self._open[-1], " ".join(data.split())))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def said(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]


def _example(each: str, kind: str, name: str = "test/broken/000.png") -> Example:
    return Example(
        set=each,
        detector="nearest",
        kind=kind,  # type: ignore[arg-type]
        name=name,
        score=1.25,
        threshold=1.5 if kind == "missed" else 1.0,
        picture=JPEG,
        width=488,
        height=240,
    )


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return [_example("pill", "missed"), _example("bottle", "found"), _example("pill", "alarm", "test/good/1.png")]


@pytest.fixture(scope="module")
def html(made_up: Results, examples: list[Example]) -> str:
    return page(made_up, examples)


def test_the_page_is_well_formed(html: str) -> None:
    parsed = Parsed(html)
    assert html.startswith("<!doctype html>\n")
    assert parsed.all("html") == [{"lang": "en"}]
    assert len(parsed.all("h1")) == 1
    names = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    targets = [str(link["href"]) for link in parsed.all("a") if not str(link["href"]).startswith("data:")]
    assert len(targets) > 8
    assert {target.removeprefix("#") for target in targets} <= set(names)
    labels = {str(label) for _, each in parsed.elements if (label := each.get("aria-labelledby"))}
    assert {name for label in labels for name in label.split()} <= set(names)


def test_links_lead_to_sections_in_their_order(html: str) -> None:
    parsed = Parsed(html)
    links = [str(link["href"])[1:] for link in parsed.all("a") if str(link["href"]).startswith("#")]
    headings = [str(heading["id"]) for heading in parsed.all("h2")]
    assert links[1:] == headings, "the first one skips to the figures"


def test_the_page_asks_the_network_for_nothing(html: str) -> None:
    for tag, attributes in Parsed(html).elements:
        for name in ("src", "href", "xlink:href", "srcset", "action", "data", "poster"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:", "#")), (tag, name, value)
    stripped = re.sub(r'xmlns(:xlink)?="http://www\.w3\.org/[^"]+"', "", html)
    assert not re.search(r"https?://|@import|url\((?!#)", stripped)


def test_the_policy_allows_our_style_alone_and_nothing_needs_more(html: str) -> None:
    parsed = Parsed(html)
    [policy] = [str(meta["content"]) for meta in parsed.all("meta") if "http-equiv" in meta]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    [style] = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert not [tag for tag, attributes in parsed.elements if "style" in attributes or tag == "script"]
    assert not [name for _, attributes in parsed.elements for name in attributes if name.startswith("on")]


def test_the_tables_are_those_of_the_markdown(made_up: Results, html: str) -> None:
    figure = re.compile(r"\d\.\d{3} ± \d\.\d{3}")
    shown = Counter(text for tag in ("td", "th") for text in Parsed(html).said(tag) if figure.search(text))
    cells = (cell.strip() for line in tables(made_up).splitlines() if line[0:1] == "|" for cell in line.split("|"))
    assert shown == Counter(cell for cell in cells if figure.search(cell))
    assert sum(shown.values()) > 500


def test_every_table_can_be_scrolled_by_keyboard_and_has_heads(html: str) -> None:
    parsed = Parsed(html)
    regions = [each for each in parsed.all("div") if each.get("class") == "scroll"]
    assert len(regions) == len(parsed.all("table")) == len(parsed.all("caption"))
    assert all(each["tabindex"] == "0" and each["role"] == "region" and each["aria-label"] for each in regions)
    assert {str(head.get("scope")) for head in parsed.all("th")} == {"col", "row"}


def test_images_are_shown_by_product_with_what_was_made_of_them(html: str) -> None:
    parsed = Parsed(html)
    images = parsed.all("img")
    assert len(images) == 3
    assert images[0]["src"] == f"data:image/jpeg;base64,{base64.b64encode(JPEG).decode()}"
    assert (images[0]["width"], images[0]["height"]) == ("488", "240")
    assert images[2]["alt"] == "Photo test/good/1.png and its anomaly map"
    captions = parsed.said("figcaption")
    assert "score 1.25, threshold 1.5: not flagged" in captions
    assert "score 1.25, threshold 1: flagged" in captions
    products = [text for text in parsed.said("h3") if text in {"bottle", "pill"}]
    assert products == ["bottle", "pill"], "in the order of the results"


def test_the_draws_can_be_saved_and_replayed(made_up: Results, html: str, tmp_path: Path) -> None:
    [link] = [each for each in Parsed(html).all("a") if "download" in each]
    kind, _, data = str(link["href"]).partition(",")
    assert kind == "data:application/json;base64"
    file = tmp_path / str(link["download"])
    file.write_bytes(base64.b64decode(data))
    assert read_names(file) == {each.name: each.support for each in made_up.sets}
    assert json.loads(file.read_text()).keys() == {"sets"}


def test_it_says_what_it_takes_to_trust_it(made_up: Results, html: str) -> None:
    said = " ".join(text for _, text in Parsed(html).texts)
    for told in (made_up.made.command, "0123456789abcdef+", "torch 2.9.1", "other products + K images", "Huang et al."):
        assert told in said


def test_pictures_are_drawn_into_the_page(html: str) -> None:
    drawn = Parsed(html).all("svg")
    assert len(drawn) == 6
    assert all(each["role"] == "img" for each in drawn)


def test_names_are_escaped_wherever_they_are_shown(made_up: Results) -> None:
    evil_set = made_up.sets[0].model_copy(
        update={"name": EVIL, "about": f"MVTec {EVIL}", "lacks": EVIL, "support": {EVIL: (EVIL, "a\x1b\ud800")}}
    )
    evil_detector = made_up.detectors[0].model_copy(update={"name": EVIL, "title": EVIL, "code": EVIL})
    changes = {"set": {"bottle": EVIL}, "detector": {"nearest": EVIL}}
    cells = tuple(
        cell.model_copy(
            update={
                "set": changes["set"].get(cell.set, cell.set),
                "detector": changes["detector"].get(cell.detector, cell.detector),
            }
        )
        for cell in made_up.cells
    )
    made = made_up.made.model_copy(update={"command": EVIL, "commit": EVIL, "versions": {EVIL: EVIL}})
    results = made_up.model_copy(
        update={
            "made": made,
            "sets": (evil_set, *made_up.sets[1:]),
            "detectors": (evil_detector, *made_up.detectors[1:]),
            "cells": cells,
        }
    )
    example = _example(EVIL, "found", name=EVIL)
    html = page(results, [example])
    parsed = Parsed(html)
    assert not parsed.all("script")
    assert "<script" not in html
    assert [each for each in parsed.all("img") if "onerror" in each] == []
    assert sum(EVIL in text for _, text in parsed.texts) > 20
    assert html.encode("utf-8"), "names that are no Unicode do not keep a page from being written"
    assert "\x1b" not in html


def test_a_page_without_images_or_figures_is_still_one(made_up: Results) -> None:
    html = page(made_up.model_copy(update={"cells": (), "costs": ()}))
    parsed = Parsed(html)
    links = [str(link["href"])[1:] for link in parsed.all("a") if str(link["href"]).startswith("#")]
    assert links[1:] == [str(heading["id"]) for heading in parsed.all("h2")]
    assert not parsed.all("img")
    assert not parsed.all("svg")


def test_the_same_results_give_the_same_page(made_up: Results, examples: list[Example], html: str) -> None:
    assert page(made_up, iter(examples)) == html
