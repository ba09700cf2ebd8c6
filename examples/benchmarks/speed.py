"""How fast a step is: the tutorial's loop, the leanest loop one can write by hand, and skgan, in turn in one run.

Four configurations, the same networks, batches, losses and optimizers for all three contenders:

    dcgan    conditional DCGAN 32x32x3, batch 128, non-saturating loss, one critic step
    wgangp   the same networks without batch statistics in the critic, gradient penalty, five critic steps
    sngan    SNGAN-ResNet 32x32x3, batch 64, hinge loss, spectral normalisation, five critic steps
    mlp      30 features, batch 500, non-saturating loss

*tutorial* is the loop of the tutorials: float32, eager, a DataLoader, plain Adam, `.item()` every step. *lean* is the
same arithmetic with everything that pays and no library. Each prints time per step, and ratios pair by pair.

    python examples/benchmarks/speed.py --config dcgan --precision bfloat16 --rounds 8
    python examples/benchmarks/speed.py --rival ctgan --config mlp     # an installed package beside them
"""

import argparse
import contextlib
import importlib
import itertools
import os
import platform
import resource
import statistics
import subprocess
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from skgan import GANEstimator, engine
from skgan.interfaces import Architecture, Critique
from skgan.training import train

N_CLASSES, LATENT = 10, 100


class DCGenerator(nn.Module):
    def __init__(self, latent=LATENT, classes=N_CLASSES):
        super().__init__()
        self.start = nn.ConvTranspose2d(latent + classes, 256, 4, 1, 0, bias=False)
        self.ups = nn.ModuleList(
            [nn.ConvTranspose2d(256, 128, 4, 2, 1, bias=False), nn.ConvTranspose2d(128, 64, 4, 2, 1, bias=False)]
        )
        self.norms = nn.ModuleList([nn.BatchNorm2d(width) for width in (256, 128, 64)])
        self.out = nn.ConvTranspose2d(64, 3, 4, 2, 1)

    def forward(self, z, y):
        h = functional.relu(self.norms[0](self.start(torch.cat([z, y], 1)[:, :, None, None])))
        for up, norm in zip(self.ups, self.norms[1:], strict=True):
            h = functional.relu(norm(up(h)))
        return torch.tanh(self.out(h))


class DCDiscriminator(nn.Module):
    """Labels come as planes beside the channels, as tutorials do it; `norm` is batch normalisation."""

    def __init__(self, norm=True, classes=N_CLASSES):
        super().__init__()
        self.inlet = nn.Conv2d(3 + classes, 64, 4, 2, 1)
        self.downs = nn.ModuleList([nn.Conv2d(64, 128, 4, 2, 1, bias=not norm), nn.Conv2d(128, 256, 4, 2, 1)])
        self.norms = nn.ModuleList([nn.BatchNorm2d(width) if norm else nn.Identity() for width in (128, 256)])
        self.out = nn.Conv2d(256, 1, 4, 1, 0)

    def forward(self, x, y):
        planes = y[:, :, None, None].expand(-1, -1, *x.shape[2:])
        h = functional.leaky_relu(self.inlet(torch.cat([x, planes.to(x.dtype)], 1)), 0.2)
        for down, norm in zip(self.downs, self.norms, strict=True):
            h = functional.leaky_relu(norm(down(h)), 0.2)
        return self.out(h).flatten()


class UpBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norms = nn.ModuleList([nn.BatchNorm2d(width), nn.BatchNorm2d(width)])
        self.convolutions = nn.ModuleList([nn.Conv2d(width, width, 3, padding=1) for _ in range(2)])
        self.shortcut = nn.Conv2d(width, width, 1)

    def forward(self, h):
        up = functional.interpolate(functional.relu(self.norms[0](h)), scale_factor=2)
        up = self.convolutions[1](functional.relu(self.norms[1](self.convolutions[0](up))))
        return up + self.shortcut(functional.interpolate(h, scale_factor=2))


class SNGenerator(nn.Module):
    def __init__(self, latent=128, width=256):
        super().__init__()
        self.width = width
        self.start = nn.Linear(latent, width * 16)
        self.blocks = nn.ModuleList([UpBlock(width) for _ in range(3)])
        self.norm = nn.BatchNorm2d(width)
        self.out = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, z, y):
        h = self.start(z).unflatten(1, (self.width, 4, 4))
        for block in self.blocks:
            h = block(h)
        return torch.tanh(self.out(functional.relu(self.norm(h))))


class DownBlock(nn.Module):
    def __init__(self, inputs, width, first=False, down=True):
        super().__init__()
        self.first, self.down = first, down
        self.convolutions = nn.ModuleList(
            [
                spectral_norm(nn.Conv2d(inputs, width, 3, padding=1)),
                spectral_norm(nn.Conv2d(width, width, 3, padding=1)),
            ]
        )
        self.shortcut = spectral_norm(nn.Conv2d(inputs, width, 1)) if inputs != width or down else nn.Identity()

    def forward(self, x):
        h = x if self.first else functional.relu(x)
        h = self.convolutions[1](functional.relu(self.convolutions[0](h)))
        if not self.down:
            return h + self.shortcut(x)
        shortcut = (
            self.shortcut(functional.avg_pool2d(x, 2)) if self.first else functional.avg_pool2d(self.shortcut(x), 2)
        )
        return functional.avg_pool2d(h, 2) + shortcut


class SNDiscriminator(nn.Module):
    def __init__(self, width=128):
        super().__init__()
        self.blocks = nn.Sequential(
            DownBlock(3, width, first=True),
            DownBlock(width, width),
            DownBlock(width, width, down=False),
            DownBlock(width, width, down=False),
        )
        self.out = spectral_norm(nn.Linear(width, 1))

    def forward(self, x, y):
        return self.out(functional.relu(self.blocks(x)).sum((2, 3))).flatten()


def mlp(*widths):
    layers = []
    for before, after in itertools.pairwise(widths[:-1]):
        layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))


class MLPGenerator(nn.Module):
    def __init__(self):
        super().__init__()
        self.stack = mlp(128, 256, 256, 30)

    def forward(self, z, y):
        return self.stack(z)


class MLPDiscriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.stack = mlp(30, 256, 256, 1)

    def forward(self, x, y):
        return self.stack(x).flatten()


def nonsaturating(r, f):
    return functional.softplus(-r).mean() + functional.softplus(f).mean()


def hinge(r, f):
    return functional.relu(1 - r).mean() + functional.relu(1 + f).mean()


def wasserstein(r, f):
    return f.mean() - r.mean()


def g_nonsaturating(f):
    return functional.softplus(-f).mean()


def g_linear(f):
    return -f.mean()


class Config:
    """What the three contenders share."""

    def __init__(
        self, generator, discriminator, latent, batch, n_critic, losses, skgan, rate, betas, labels, penalty=0
    ):
        self.generator, self.discriminator, self.latent, self.batch = generator, discriminator, latent, batch
        self.n_critic, self.losses, self.skgan, self.rate, self.betas = n_critic, losses, skgan, rate, betas
        self.labels, self.penalty = labels, penalty

    def networks(self, device):
        torch.manual_seed(0)
        return self.generator().to(device), self.discriminator().to(device)

    def data(self):
        rng = np.random.default_rng(0)
        if self.generator is MLPGenerator:
            return rng.standard_normal((20_000, 30)).astype(np.float32), None
        X = rng.integers(0, 256, (10_000, 32, 32, 3), dtype=np.uint8)
        return X, rng.integers(0, N_CLASSES, len(X)) if self.labels else None


CONFIGS = {
    "dcgan": Config(
        DCGenerator, DCDiscriminator, LATENT, 128, 1, (nonsaturating, g_nonsaturating),
        {"loss": "nonsaturating", "regularizers": None}, 2e-4, (0.5, 0.999), True,
    ),
    "wgangp": Config(
        DCGenerator, lambda: DCDiscriminator(norm=False), LATENT, 128, 5, (wasserstein, g_linear),
        {"loss": "wgan-gp"}, 1e-4, (0.0, 0.9), True, penalty=10.0,
    ),
    "sngan": Config(
        SNGenerator, SNDiscriminator, 128, 64, 5, (hinge, g_linear),
        {"loss": "hinge", "regularizers": None}, 2e-4, (0.0, 0.9), False,
    ),
    "mlp": Config(
        MLPGenerator, MLPDiscriminator, 128, 500, 1, (nonsaturating, g_nonsaturating),
        {"loss": "nonsaturating", "regularizers": None}, 2e-4, (0.5, 0.999), False,
    ),
}  # fmt: skip


def penalty(critic, real, fake, y):
    a = torch.rand(len(real), *[1] * (real.ndim - 1), device=real.device)
    x = (a * real + (1 - a) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(critic(x, y).sum(), x, create_graph=True)
    return ((slope.flatten(1).square().sum(1) + 1e-12).sqrt() - 1).square().mean()


# --- the tutorial's loop -----------------------------------------------------------------------


def tutorial(config, device, _):
    generator, discriminator = config.networks(device)
    X, y = config.data()
    X = torch.tensor(X)
    if X.ndim == 4:
        X = X.permute(0, 3, 1, 2).float() / 127.5 - 1
    y = torch.zeros(len(X), dtype=torch.long) if y is None else torch.tensor(y)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(X, y), batch_size=config.batch, shuffle=True, drop_last=True
    )
    optimizer_g = torch.optim.Adam(generator.parameters(), config.rate, betas=config.betas)
    optimizer_d = torch.optim.Adam(discriminator.parameters(), config.rate, betas=config.betas)
    loss_d, loss_g = config.losses
    done = 0
    while True:
        for real, labels in loader:
            real = real.to(device)
            c = functional.one_hot(labels.to(device), N_CLASSES).float()
            fake = generator(torch.randn(len(real), config.latent, device=device), c)
            optimizer_d.zero_grad()
            loss = loss_d(discriminator(real, c), discriminator(fake.detach(), c))
            if config.penalty:
                loss = loss + config.penalty * penalty(lambda x, y: discriminator(x, y), real, fake.detach(), c)
            loss.backward()
            optimizer_d.step()
            loss.item()
            done += 1
            if done % config.n_critic == 0:
                optimizer_g.zero_grad()
                fake = generator(torch.randn(len(real), config.latent, device=device), c)
                loss = loss_g(discriminator(fake, c))
                loss.backward()
                optimizer_g.step()
                loss.item()
                yield


# --- everything that pays, and no library ------------------------------------------------------


def lean(config, device, precision):
    """Resident uint8, channels last, the player's gradients only, one pass for real and fake, fused Adam; one graph."""
    generator, discriminator = config.networks(device)
    X, y = config.data()
    images = X.ndim == 4
    if images:
        generator, discriminator = (n.to(memory_format=torch.channels_last) for n in (generator, discriminator))
    X = torch.tensor(X.transpose(0, 3, 1, 2).copy() if images else X, device=device)
    y = torch.zeros(len(X), dtype=torch.long, device=device) if y is None else torch.tensor(y, device=device)
    average = [p.detach().clone() for p in generator.parameters()]
    players = {}
    on_gpu = device.type == "cuda"
    for network in (generator, discriminator):
        parameters = list(network.parameters())
        optimizer = torch.optim.Adam(parameters, config.rate, betas=config.betas, fused=True, capturable=on_gpu)
        players[network] = parameters, optimizer
    loss_d, loss_g = config.losses
    joins = next(discriminator.buffers(), None) is None  # neither batch statistics nor spectral normalisation
    turns = config.n_critic + 1
    places = torch.zeros(turns, config.batch, dtype=torch.long, device=device)

    def forward(network, *inputs):
        if precision == "float32":
            return network(*inputs)
        with torch.autocast(device.type, torch.bfloat16):
            return network(*inputs).float()

    def update(network, loss):
        parameters, optimizer = players[network]
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            if gradient.stride() != parameter.stride():
                gradient = torch.empty_like(parameter).copy_(gradient)
            parameter.grad = gradient
        optimizer.step()

    def rows(turn):
        real = X[places[turn]]
        real = (real.float() / 127.5 - 1) if images else real
        return (
            real,
            functional.one_hot(y[places[turn]], N_CLASSES).float(),
            torch.randn(config.batch, config.latent, device=device),
        )

    def step():
        for turn in range(config.n_critic):
            real, c, z = rows(turn)
            with torch.no_grad():
                fake = forward(generator, z, c)
            if joins:
                judged = forward(discriminator, torch.cat([real, fake]), torch.cat([c, c])).chunk(2)
            else:
                judged = forward(discriminator, real, c), forward(discriminator, fake, c)
            loss = loss_d(*judged)
            if config.penalty:
                loss = loss + config.penalty * penalty(lambda x, y: forward(discriminator, x, y), real, fake, c)
            update(discriminator, loss)
        _, c, z = rows(config.n_critic)
        update(generator, loss_g(forward(discriminator, forward(generator, z, c), c)))
        with torch.no_grad():
            torch._foreach_lerp_(average, players[generator][0], 0.001)

    def choose():
        places.copy_(torch.randint(len(X), places.shape, device=device))

    if not on_gpu:
        while True:
            choose()
            step()
            yield
    stream = torch.cuda.Stream()
    with torch.backends.cudnn.flags(enabled=True, benchmark=True, deterministic=False, allow_tf32=True):
        with torch.cuda.stream(stream):
            for _ in range(4):
                choose()
                step()
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
    while True:
        choose()
        graph.replay()
        yield


# --- skgan -------------------------------------------------------------------------------------


class Wrapped(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x, y):
        logits = self.network(x, y)
        return Critique(logits, logits[:, None])


class Given(Architecture):
    """The benchmark's own networks."""

    def __init__(self, config="dcgan"):
        self.config = config

    def generator(self, spec, conditioning):
        return CONFIGS[self.config].generator()

    def discriminator(self, spec, conditioning):
        return Wrapped(CONFIGS[self.config].discriminator())


def estimator(name, device, precision):
    config = CONFIGS[name]
    return GANEstimator(
        **config.skgan,
        architecture=Given(name),
        optimizer="adam",
        latent_dim=config.latent,
        batch_size=config.batch,
        n_critic=config.n_critic,
        learning_rate=config.rate,
        max_iter=10**9,
        device=str(device),
        precision=precision,
        random_state=0,
    ).set_params(optimizer__betas=config.betas)


def skgan(config, device, precision):
    """The loop of `fit`, one step at a time; `fit` itself cannot be left and entered again."""
    name = next(name for name, each in CONFIGS.items() if each is config)
    gan = estimator(name, device, precision)
    with contextlib.ExitStack() as held:
        watch = gan._begin(*config.data(), held, continues=False)
        with watch:
            for state in engine.run(train, watch.state, watch.data, watch.objective):
                if watch.sees_the_end(state):
                    break
                yield


CONTENDERS = {"tutorial": tutorial, "lean": lean, "skgan": skgan}


# --- measuring ---------------------------------------------------------------------------------


def rival(name):
    """Return a contender that trains an installed package's model on the same rows, one epoch at a time."""
    importlib.import_module(name)

    def run(config, device, _):
        if name != "ctgan":
            raise SystemExit(f"--rival {name}: only ctgan is known here. Add its loop to rival().")
        import pandas as pd
        from ctgan import CTGAN

        X, _ = config.data()
        frame = pd.DataFrame(X.reshape(len(X), -1)[: config.batch * 8])
        model = CTGAN(batch_size=config.batch, epochs=1, enable_gpu=device.type == "cuda")
        while True:
            model.fit(frame)
            for _ in range(8):
                yield

    return run


def block(steps, count, device):
    """Return seconds per step."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(count):
        next(steps)
    if device.type == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - start) / count


def interval(ratios):
    """Return the median of ratios and the 90 % bootstrap interval of it."""
    draws = np.median(np.random.default_rng(0).choice(ratios, (2000, len(ratios))), 1)
    low, high = np.quantile(draws, [0.05, 0.95])
    return f"{statistics.median(ratios):.3f} ({low:.3f} to {high:.3f}; pairs {min(ratios):.3f} to {max(ratios):.3f})"


def compare(name, device, precision, rounds, seconds, chosen, kernels=False):
    config = CONFIGS[name]
    running = {who: contender(config, device, precision) for who, contender in chosen.items()}
    for steps in running.values():
        block(steps, 6, device)
    counts = {who: max(2, round(seconds / block(steps, 3, device))) for who, steps in running.items()}
    times = {who: [] for who in running}
    for _ in range(rounds):
        for who in (*running, *reversed(running)):
            times[who].append(block(running[who], counts[who], device))
    per_step = config.batch * config.n_critic
    print(f"\n{name}, {precision}, {device}: {2 * rounds} blocks each")
    for who, found in times.items():
        median = statistics.median(found)
        print(f"  {who:<9} {median * 1e3:9.3f} ms/step  {per_step / median:10.0f} rows/s")
    for faster, slower in (("skgan", "tutorial"), ("lean", "tutorial")):
        if {faster, slower} <= set(times):
            ratios = [s / f for s, f in zip(times[slower], times[faster], strict=True)]
            print(f"  {faster} is so many times as fast as {slower}: {interval(ratios)}")
    if {"skgan", "lean"} <= set(times):
        ratios = [s / f for s, f in zip(times["skgan"], times["lean"], strict=True)]
        print(f"  time of a step, skgan over lean: {interval(ratios)}")
    for who, steps in running.items():
        print(f"  {who:<9} {counted(steps, device, kernels and who == 'skgan')}")
    roofline(config, device, precision, statistics.median(times["skgan"]) if "skgan" in times else None)
    for steps in running.values():
        steps.close()


def counted(steps, device, kernels=False):
    """Return how many operators, launches and waits for the device a step takes, from torch's profiler."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    if device.type == "cuda":
        activities.append(torch.profiler.ProfilerActivity.CUDA)
    with torch.profiler.profile(activities=activities) as profile:
        for _ in range(5):
            next(steps)
    events = profile.key_averages()
    if kernels:
        order = "self_device_time_total" if device.type == "cuda" else "self_cpu_time_total"
        print(events.table(sort_by=order, row_limit=14, max_name_column_width=70))
    calls = sum(e.count for e in events if e.key.startswith("aten::"))
    reads = sum(e.count for e in events if e.key == "aten::_local_scalar_dense")
    waits = sum(
        e.count for e in events if e.key in ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize")
    )
    return f"per step: {calls / 5:.0f} operators, {reads / 5:.1f} numbers read back, {waits / 5:.1f} waits"


def flops(config):
    """Return the multiplications and additions of a lean step, from the shapes that its layers meet."""
    generator, discriminator = config.networks(torch.device("cpu"))
    X, _ = config.data()
    x = torch.zeros(2, *(X.shape[3:] + X.shape[1:3] if X.ndim == 4 else X.shape[1:]))
    z, c = torch.zeros(2, config.latent), torch.zeros(2, N_CLASSES)
    forward = {}
    for network, inputs in ((generator, (z, c)), (discriminator, (x, c))):
        found = []

        def count(layer, given, made, found=found):
            grid = given[0] if isinstance(layer, nn.ConvTranspose2d) else made
            found.append(2 * layer.weight.numel() * grid[:, 0].numel() / len(made))

        dense = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
        hooks = [layer.register_forward_hook(count) for layer in network.modules() if isinstance(layer, dense)]
        with torch.no_grad():
            network(*inputs)
        for hook in hooks:
            hook.remove()
        forward[network] = sum(found) * config.batch
    g, d = forward[generator], forward[discriminator]
    # a turn of D: G forward, D forward and backward on real and fake, and twice that on what a penalty looks at
    d_turn = g + 2 * 3 * d + (2 * 3 * d if config.penalty else 0)
    return config.n_critic * d_turn + 3 * g + 2 * d


def roofline(config, device, precision, seconds):
    if seconds is None:
        return
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    n = 8192 if device.type == "cuda" else 1024
    a = torch.randn(n, n, device=device, dtype=dtype)
    a @ a
    best = min(block(iter(lambda: a @ a, None), 10, device) for _ in range(5))
    peak, step = 2 * n**3 / best, flops(config)
    print(
        f"  {step / 1e9:.1f} GFLOP a step: skgan reaches {step / seconds / 1e9:.0f} GFLOP/s, "
        f"{step / seconds / peak:.0%} of a matrix product's {peak / 1e9:.0f} here"
    )


def peak_mib():
    """Return the most memory that this process has held, MiB; ru_maxrss would count what its parent held."""
    try:
        with open("/proc/self/status") as said:
            return next(int(line.split()[1]) >> 10 for line in said if line.startswith("VmHWM"))
    except OSError:  # not Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def peak_memory(name, device, precision):
    """Print the peak memory of each contender, each in a process of its own."""
    print(f"\n{name}, {precision}, {device}, batches of {CONFIGS[name].batch}")
    for who in CONTENDERS:
        code = (
            f"import runpy, torch, sys; sys.argv=['speed']; m = runpy.run_path({__file__!r});"
            f"m['CONFIGS'][{name!r}].batch = {CONFIGS[name].batch};"
            f"d = torch.device({str(device)!r}); torch.set_num_threads({torch.get_num_threads()});"
            f"s = m['CONTENDERS'][{who!r}](m['CONFIGS'][{name!r}], d, {precision!r}); [next(s) for _ in range(4)];"
            "print(torch.cuda.max_memory_allocated() >> 20 if d.type == 'cuda' else m['peak_mib']())"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        print(f"  {who:<9} peak memory {done.stdout.strip()} MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", nargs="+", choices=CONFIGS, default=list(CONFIGS))
    parser.add_argument("--precision", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=8, help="A B C C B A so many times; 0: only --memory")
    parser.add_argument("--seconds", type=float, default=1.0, help="of one block")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--rival", help="an installed package")
    parser.add_argument("--batch", type=int, help="instead of the configuration's own")
    parser.add_argument("--kernels", action="store_true", help="what a step of skgan spends its time on")
    parser.add_argument("--memory", action="store_true", help="peak memory too, in processes of their own")
    options = parser.parse_args()
    device = torch.device(options.device)
    name = torch.cuda.get_device_name() if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {name}, torch {torch.__version__}")
    chosen = {who: CONTENDERS[who] for who in options.only}
    for config in CONFIGS.values():
        config.batch = options.batch or config.batch
    if options.rival:
        chosen[options.rival] = rival(options.rival)
    for config in options.config:
        for precision in options.precision:
            if options.rounds:
                compare(config, device, precision, options.rounds, options.seconds, chosen, options.kernels)
            if options.memory:
                peak_memory(config, device, precision)
    print(f"\npeak memory of this process {peak_mib()} MiB")


if __name__ == "__main__":
    main()
