"""MAML-AE: an auto-encoder whose start is learned over many products, so that five steps adapt it to a new one."""

from tenshot.detectors.maml_autoencoder.learning import train
from tenshot.detectors.maml_autoencoder.method import MamlMethod, MamlSettings

__all__ = ["MamlMethod", "MamlSettings", "train"]
