"""The paper's method whole: its ResNet-10 trained in episodes over other products, then read as the paper reads it."""

from tenshot.detectors.episodic_energy.learning import RECIPE, train

__all__ = ["RECIPE", "train"]
