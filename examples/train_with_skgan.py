"""A conditional GAN on handwritten digits, in three lines. `train_by_hand.py` is the same without the library."""

from pathlib import Path

from sklearn.datasets import load_digits

from skgan import GANEstimator
from skgan.pictures import save_grid

X, y = load_digits(return_X_y=True)

gan = GANEstimator(max_iter=2000, random_state=0, verbose=1).fit(X, y)
samples = gan.sample(y=list(range(10)) * 8)

save_grid(samples, Path("train_with_skgan.png"), columns=10)
