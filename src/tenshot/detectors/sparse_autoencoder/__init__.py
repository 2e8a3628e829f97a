"""Sparse codes as the middle of an auto-encoder (appendix B.5): the paper's negative result."""

from tenshot.detectors.sparse_autoencoder.learning import train
from tenshot.detectors.sparse_autoencoder.method import SparseAutoEncoderMethod

__all__ = ["SparseAutoEncoderMethod", "train"]
