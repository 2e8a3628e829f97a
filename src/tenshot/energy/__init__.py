"""The adaptive energy: dictionary, what it leaves unexplained, and where."""

from tenshot.energy.dictionary import Dictionary, build_dictionary, farthest_first
from tenshot.energy.explain import energy, explain
from tenshot.energy.localisation import gaussian_blur, gradient_map, upsample, worst_mean

__all__ = [
    "Dictionary",
    "build_dictionary",
    "energy",
    "explain",
    "farthest_first",
    "gaussian_blur",
    "gradient_map",
    "upsample",
    "worst_mean",
]
