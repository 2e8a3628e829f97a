from __future__ import annotations

import numpy as np
import pytest
import torch

from tenshot.coding import sigshrink
from tenshot.detectors.sparse_autoencoder.network import SparseAutoEncoder


def frames(count: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def network() -> SparseAutoEncoder:
    return SparseAutoEncoder(torch.Generator().manual_seed(0)).eval()


def test_the_dictionary_holds_every_position_of_the_support(network: SparseAutoEncoder) -> None:
    support = frames(3)
    conditions = network.condition(support)
    assert conditions.atoms.shape == (3 * 2 * 2, 256)
    torch.testing.assert_close(conditions.atoms.norm(dim=1), torch.ones(12))
    features = network.encoder(2 * support - 1)[-1]
    torch.testing.assert_close(conditions.atoms[5] * features[1, :, 0, 1].norm(), features[1, :, 0, 1])
    spectral = np.linalg.norm(conditions.atoms.detach().numpy(), ord=2)
    assert 1 / conditions.step.item() == pytest.approx(spectral**2, rel=1e-4)


def test_what_is_decoded_are_sparse_codes_over_the_support(network: SparseAutoEncoder) -> None:
    """Eq. 6 written out for one position: eight steps from λ = 0.3 down to 0.05, each shrunk as in Eq. 9."""
    conditions = network.condition(frames(2))
    query = frames(1, seed=1)
    seen = []
    handle = network.decoder.register_forward_hook(lambda _, given, __: seen.append(given[0]))
    network(query, conditions)
    handle.remove()
    z = network.encoder(2 * query - 1)[-1][0, :, 1, 0]
    z = z / z.norm()
    atoms, step = conditions.atoms, conditions.step
    codes = torch.zeros(len(atoms))
    for n in range(8):
        threshold = 0.3 * (0.05 / 0.3) ** (n / 7)
        moved = codes + step * (atoms @ (z - codes @ atoms))
        codes = sigshrink(moved, step * threshold, sharpness=50 / step)
    torch.testing.assert_close(seen[0][0, :, 1, 0], 16 * (codes @ atoms), rtol=1e-4, atol=1e-5)


def test_gradients_reach_encoder_and_decoder_through_codes_and_dictionary(network: SparseAutoEncoder) -> None:
    support = frames(2).requires_grad_()
    query = frames(1, seed=1).requires_grad_()
    loss = (network(query, network.condition(support)) - 0.3).square().mean()
    parameters = dict(network.named_parameters())
    gradients = torch.autograd.grad(loss, [support, query, *parameters.values()])
    dead = [name for name, each in zip(["support", "query", *parameters], gradients, strict=True) if not each.any()]
    assert dead == []


def test_pictures_keep_their_size(network: SparseAutoEncoder) -> None:
    assert network(frames(2), network.condition(frames(1))).shape == (2, 3, 64, 64)
