"""Sparse coding: pure functions on tensors, differentiable, no state."""

from tenshot.coding.istc import Shrinkage, istc, lambda_schedule, squared_norm
from tenshot.coding.local import local_codes
from tenshot.coding.receptive_field import gather_volumes
from tenshot.coding.shrinkage import sigshrink, soft_shrink

__all__ = [
    "Shrinkage",
    "gather_volumes",
    "istc",
    "lambda_schedule",
    "local_codes",
    "sigshrink",
    "soft_shrink",
    "squared_norm",
]
