"""Feature extractors: networks that turn images into maps of features, frozen, behind one contract."""

from tenshot.features.adapter import AdaptedExtractor, Adapter
from tenshot.features.base import Extractor, ExtractorSpec, join_maps
from tenshot.features.registry import build_extractor
from tenshot.features.resnet10 import ResNet10, ResNet10Extractor
from tenshot.features.timm_extractor import TimmExtractor

__all__ = [
    "AdaptedExtractor",
    "Adapter",
    "Extractor",
    "ExtractorSpec",
    "ResNet10",
    "ResNet10Extractor",
    "TimmExtractor",
    "build_extractor",
    "join_maps",
]
