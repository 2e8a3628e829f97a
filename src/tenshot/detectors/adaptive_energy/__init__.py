"""The adaptive energy model: a frozen extractor, normal features as dictionary, sparse codes, energy and map."""

from tenshot.detectors.adaptive_energy.adapted import Adapted, SupportImage
from tenshot.detectors.adaptive_energy.detector import Detector
from tenshot.detectors.adaptive_energy.path import ScoringPath
from tenshot.detectors.photos import LeftOut

__all__ = ["Adapted", "Detector", "LeftOut", "ScoringPath", "SupportImage"]
