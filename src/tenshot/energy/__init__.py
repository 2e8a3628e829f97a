"""The adaptive energy: dictionary, what it leaves unexplained, and where."""

from tenshot.energy.dictionary import Dictionary, build_dictionary, farthest_first
from tenshot.energy.directions import coder_inputs, directions, layer_norms
from tenshot.energy.explain import energy, explain
from tenshot.energy.localisation import gaussian_blur, gradient_map, upsample, worst_mean
from tenshot.energy.task_energy import TaskEnergy, task_dictionary

__all__ = [
    "Dictionary",
    "TaskEnergy",
    "build_dictionary",
    "coder_inputs",
    "directions",
    "energy",
    "explain",
    "farthest_first",
    "gaussian_blur",
    "gradient_map",
    "layer_norms",
    "task_dictionary",
    "upsample",
    "worst_mean",
]
