"""Whether a completion ends in the right answer, whatever its form."""

from decimal import Decimal

from r1data.text import NUMBER, numbers, words


def ends_in(completion: str, reference: str) -> bool:
    """Whether the last number of `completion` is `reference`, or its last words are, if that is no number.

    It tells what a model knows from what it was taught about form: a base model that reasons well but
    never writes `<think>` solves nothing, and still ends in the right number.

        >>> ends_in("So Tom has 1,200 apples.", "1200"), ends_in("The last word is Cat.", "cat")
        (True, True)
    """
    if NUMBER.fullmatch(reference.strip()):
        found = numbers(completion)
        return bool(found) and Decimal(found[-1]) == Decimal(numbers(reference)[0])
    wanted = words(reference)
    return bool(wanted) and words(completion)[-len(wanted) :] == wanted
