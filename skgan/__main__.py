"""``python -m skgan`` is the ``skgan`` command."""

from skgan.cli import main

if __name__ == "__main__":
    main()
