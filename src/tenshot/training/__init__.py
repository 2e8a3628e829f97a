"""Training: an objective and data in, a trained network out. Nothing here knows a command line or a benchmark."""

from tenshot.training.decoder import Decoder, Statistics
from tenshot.training.fitting import Objective, fit
from tenshot.training.initialising import initialise
from tenshot.training.sampling import Episode, episodes, random_batches

__all__ = [
    "Decoder",
    "Episode",
    "Objective",
    "Statistics",
    "episodes",
    "fit",
    "initialise",
    "random_batches",
]
