"""Auto-encoders trained on all normal images of one product (Bergmann et al. 2018): the paper's upper bounds."""

from tenshot.detectors.autoencoder.method import AutoEncoderMethod, AutoEncoderSettings

__all__ = ["AutoEncoderMethod", "AutoEncoderSettings"]
