from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from tenshot.negatives.places import Place, blurred


def test_a_place_is_a_view_of_the_picture() -> None:
    picture = torch.arange(20.0).view(1, 4, 5)
    Place(1, 2, 2, 3).of(picture).zero_()
    assert picture[0].tolist() == [[0, 1, 2, 3, 4], [5, 6, 0, 0, 0], [10, 11, 0, 0, 0], [15, 16, 17, 18, 19]]


@pytest.mark.parametrize("sigma", [0.7, 2.0])
def test_a_blurred_place_is_what_scipy_has_there(sigma: float) -> None:
    picture = np.random.default_rng(0).random((3, 40, 50))
    # Divided by the blur of ones, scipy's zeros beyond the border leave what there is of the surroundings.
    reach = int(np.ceil(3 * sigma))
    smooth, weight = (
        ndimage.gaussian_filter(values, (0, sigma, sigma), mode="constant", radius=(0, reach, reach))
        for values in (picture, np.ones_like(picture))
    )
    place = Place(0, 30, 11, 20)
    expected = place.of(torch.tensor(smooth / weight))
    torch.testing.assert_close(blurred(torch.tensor(picture), place, sigma), expected, rtol=1e-6, atol=1e-6)
