"""What a linear subspace of normal features leaves unexplained."""

from tenshot.detectors.pca_residual.method import PcaResidual, PcaSettings, SubspaceNormality

__all__ = ["PcaResidual", "PcaSettings", "SubspaceNormality"]
