"""What extractors of our own are called; any other name is asked of timm."""

from __future__ import annotations

__all__ = ["LITE0", "OWN", "RESNET10", "TENSHOT_RESNET10", "UNTRAINED_TWIN"]

LITE0 = "efficientnet_lite0"
RESNET10 = "resnet10"
TENSHOT_RESNET10 = "tenshot_resnet10"
UNTRAINED_TWIN = "tenshot_resnet10_untrained"
OWN = (LITE0, TENSHOT_RESNET10, UNTRAINED_TWIN, RESNET10)
"""The names that are ours, for messages about any other."""
