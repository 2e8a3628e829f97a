"""Sampling from an energy: Langevin dynamics, differentiable end to end."""

from tenshot.sampling.langevin import energy_gradient, langevin

__all__ = ["energy_gradient", "langevin"]
