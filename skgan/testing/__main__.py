"""``python -m skgan.testing`` prints the table of all checks of parts."""

from skgan.testing.kit import table_of_checks

if __name__ == "__main__":
    print(table_of_checks())
