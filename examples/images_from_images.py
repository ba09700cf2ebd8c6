"""Images from images: handwritten digits from a quarter of their pixels, two draws of each, beside what they were.

python examples/images_from_images.py     # a minute or two; images_from_images.png: given, two draws, the truth
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skgan import GANEstimator
from skgan.pictures import save_grid

SHOWN = 12


def coarse(images):
    """Return images whose pixels are the means of two by two."""
    means = images.reshape(len(images), 4, 2, 4, 2).mean((2, 4))
    return means.repeat(2, axis=1).repeat(2, axis=2)


X, X_held_out = train_test_split(load_digits().images, test_size=0.2, random_state=0)
gan = GANEstimator(max_iter=400, random_state=0, verbose=1).fit(X, coarse(X))

given = coarse(X_held_out)
draws = [gan.sample(y=given, random_state=seed) for seed in (0, 1)]
for name, images in zip(["given", "first draw", "second draw"], [given, *draws], strict=True):
    from_truth, from_given = np.abs(images - X_held_out).mean(), np.abs(coarse(images) - given).mean()
    print(f"{name:12} {from_truth:.2f} of 16 a pixel from the truth, {from_given:.2f} from the given if made as coarse")
rows = [images[:SHOWN] for images in (given, *draws, X_held_out)]
save_grid((np.concatenate(rows) * 15.9).astype(np.uint8), "images_from_images.png", columns=SHOWN)
