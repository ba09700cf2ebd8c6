"""A grid search over machines: scikit-learn's own, with joblib's workers of dask or ray where one is installed.

    pip install "dask[distributed]"    # or: pip install ray
    python examples/search_on_a_cluster.py
    python examples/search_on_a_cluster.py tcp://scheduler:8786    # the address of a dask scheduler that runs already

Each fit of the search trains by itself in a worker. Training one model on several GPUs is another thing: torchrun,
see `skgan.distributed`.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from joblib import parallel_config
from sklearn.datasets import load_wine
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.preprocessing import StandardScaler

from skgan import GANEstimator

WORKERS = 2


@contextmanager
def workers(address: str | None) -> Iterator[str]:
    """Let joblib use a cluster, if there is one, and processes of this machine otherwise; yield which."""
    if find_spec("distributed") is not None:
        from dask.distributed import Client

        client = Client(address) if address else Client(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None)
        with client, parallel_config(backend="dask"):
            yield "dask"
    elif find_spec("ray") is not None:
        import ray
        from ray.util.joblib import register_ray

        register_ray()
        ray.init(address, num_cpus=None if address else WORKERS, include_dashboard=False, log_to_driver=False)
        with parallel_config(backend="ray", n_jobs=WORKERS):
            yield "ray"
        ray.shutdown()
    else:
        with parallel_config(backend="loky", n_jobs=WORKERS):
            yield "loky"


def main() -> None:
    """Search for the weight of the gradient penalty on a table of wines."""
    X, y = load_wine(return_X_y=True)
    gan = GANEstimator("wgan-gp", preprocessor=StandardScaler(), n_critic=1, max_iter=200, device="cpu", random_state=0)
    search = GridSearchCV(
        gan, {"loss__gp_weight": [0.1, 1.0, 10.0]}, cv=StratifiedKFold(3, shuffle=True, random_state=0)
    )
    with workers(sys.argv[1] if len(sys.argv) > 1 else None) as name:
        search.fit(X, y)
    print(f"{len(search.cv_results_['params'])} settings in 3 folds, by {name}:")
    for params, score in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True):
        print(f"  {params}: {score:.3f}")
    print(f"The best one draws: {search.best_estimator_.sample(1, y=0, random_state=0).round(1).tolist()}")


if __name__ == "__main__":
    main()
