"""Compile the kernels into Numba's cache: python -m r1data.curate.readability.warm."""

from r1data.curate.readability.measures import measures


def warm() -> None:
    """Use every kernel once."""
    rounds = "".join(f"Step {n}: I look at the whole once more. " for n in range(20))
    measures(f"<think>{rounds}</think>7", "How much is three plus four?")


if __name__ == "__main__":
    warm()
