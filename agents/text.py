"""What a read instruction is, for those who read and those who listen."""

from typing import NamedTuple

from torch import Tensor


class Text(NamedTuple):
    """A read instruction.

    Attributes:
        words: (batch, words, width).
        mask: (batch, words) 1.0 where there is a word.
        summary: (batch, width) of the whole.
    """

    words: Tensor
    mask: Tensor
    summary: Tensor

    def repeated(self, count: int) -> "Text":
        """Say it again for each of `count` images of a row."""
        return Text(*(part.repeat_interleave(count, dim=0) for part in self))
