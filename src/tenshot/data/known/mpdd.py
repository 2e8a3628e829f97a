"""MPDD, metal parts: the layout of MVTec AD, read by :mod:`tenshot.data.known.mvtec_ad`.

Quirks: ``tubes`` has one type of defect, ``anomalous``; parts lie turned and shifted, also several in one photo.
"""

from __future__ import annotations

from tenshot.data.known.layout import KnownSet

__all__ = ["MPDD", "PRODUCTS"]

MPDD = KnownSet(
    "mpdd",
    "MPDD, metal parts (Jezek et al., 2021), CC BY-NC-SA 4.0 according to anomalib, its authors name none: "
    "six products, its own split; parts lie turned and shifted.",
    ("metal_parts_defect_detection",),
)

PRODUCTS = {
    "bracket_black": "hole scratches",
    "bracket_brown": "bend_and_parts_mismatch parts_mismatch",
    "bracket_white": "defective_painting scratches",
    "connector": "parts_mismatch",
    "metal_plate": "major_rust scratches total_rust",
    "tubes": "anomalous",
}
"""The types of defect of every product."""
