"""What skgan's kit asks of every part, and one truth of your own."""

from types import SimpleNamespace

import numpy as np
import torch
from skgan_template.loss import Template

from skgan.interfaces import Critique
from skgan.testing import check_plugin


def test_the_conformance_kit_passes():
    failed = [record for record in check_plugin("skgan-template") if record["status"] == "failed"]
    assert failed == []


def test_an_undecided_discriminator_pays_one_bit_for_each_choice():
    zeros = Critique(torch.zeros(4), torch.zeros(4, 1))
    batch = SimpleNamespace(player="discriminator", real_=zeros, fake_=zeros)
    np.testing.assert_allclose(Template(temperature=3.0).discriminator(batch), 2 * np.log(2), rtol=1e-6)
