"""What skgan does for its user: the networks, loss, penalties and schedule of `train_with_skgan.py`, in plain PyTorch.

Everything below is what ``GANEstimator().fit(X, y)`` decides by itself: scaling, one-hot labels, two networks,
the relativistic pairing loss, zero-centred gradient penalties on real and fake digits, Adam, an average of the
generator, a learning rate that slows down, and the way back to pixels. What is not below: seeds that touch nothing
global, a guard against non-finite numbers, saving, resuming, refusing bad input, and the rest.
"""

from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.functional import one_hot, softplus
from torchvision.utils import save_image

LATENT, WIDTH, EMBEDDING, BATCH, STEPS, PENALTY = 64, 128, 64, 64, 2000, 0.3 * 64

X, y = load_digits(return_X_y=True)
mean, scale = X.mean(0), np.where(X.std(0) > 0, X.std(0), 1.0)
data = torch.tensor((X - mean) / scale, dtype=torch.float32)
labels = one_hot(torch.tensor(y), 10).float()


def stack(inputs):
    layers = []
    for before in (inputs, WIDTH, WIDTH):
        layers += [nn.Linear(before, WIDTH), nn.LeakyReLU(0.05)]
    return layers


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Parameter(torch.randn(10, EMBEDDING))
        self.stack = nn.Sequential(*stack(LATENT + EMBEDDING), nn.Linear(WIDTH, 64))

    def forward(self, z, y):
        return self.stack(torch.cat([z, y @ self.embed], 1))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Parameter(torch.randn(10, EMBEDDING))
        self.stack = nn.Sequential(*stack(64))
        self.logit = nn.Linear(WIDTH, 1)
        self.vectors = nn.Linear(EMBEDDING, WIDTH, bias=False)

    def forward(self, x, y):
        h = self.stack(x)
        return self.logit(h).squeeze(1) + (self.vectors(y @ self.embed) * h).sum(1) / WIDTH**0.5


def batches():
    while True:
        order = torch.randperm(len(data))
        for start in range(0, len(data) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            yield data[chosen], labels[chosen]


def squared_slope(logits, x):
    return torch.autograd.grad(logits.sum(), x, create_graph=True)[0].square().sum(1).mean()


def update(optimizer, loss):
    parameters = optimizer.param_groups[0]["params"]
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimizer.step()


torch.manual_seed(0)
generator, average, discriminator = Generator(), Generator().requires_grad_(False), Discriminator()
average.load_state_dict(generator.state_dict())
optimizer_g = torch.optim.Adam(generator.parameters(), 1e-3, betas=(0.0, 0.99))
optimizer_d = torch.optim.Adam(discriminator.parameters(), 1e-3, betas=(0.0, 0.99))
rows = batches()

for step in range(1, STEPS + 1):
    for optimizer in (optimizer_d, optimizer_g):
        optimizer.param_groups[0]["lr"] = 1e-3 / (1 + (step - 1) / 1000) ** 0.5

    real, c = next(rows)
    with torch.no_grad():
        fake = generator(torch.randn(BATCH, LATENT), c)
    real, fake = real.requires_grad_(), fake.requires_grad_()
    r, f = discriminator(real, c), discriminator(fake, c)
    update(optimizer_d, softplus(f - r).mean() + PENALTY / 2 * (squared_slope(r, real) + squared_slope(f, fake)))

    real, c = next(rows)
    with torch.no_grad():
        r = discriminator(real, c)
    f = discriminator(generator(torch.randn(BATCH, LATENT), c), c)
    update(optimizer_g, softplus(r - f).mean())

    decay = min(0.999, (1 + step) / (10 + step))
    for mine, theirs in zip(average.parameters(), generator.parameters(), strict=True):
        mine.data.lerp_(theirs.data, 1 - decay)

c = one_hot(torch.arange(10).repeat(8), 10).float()
pixels = average(torch.randn(80, LATENT), c).numpy() * scale + mean
images = torch.tensor(np.clip(np.rint(pixels), X.min(0), X.max(0)) / 16).reshape(-1, 1, 8, 8)
save_image(nn.functional.interpolate(images, scale_factor=6), Path("train_by_hand.png"), nrow=10)
