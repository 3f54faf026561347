"""A memory carried from step to step."""

import torch
from torch import Tensor, nn


class Cell(nn.Module):
    """Gated recurrent unit (arXiv 1406.1078), written out so that every exporter knows its operators.

    Args:
        inputs: Numbers that come in.
        size: Numbers of the memory.
    """

    def __init__(self, inputs: int, size: int):
        super().__init__()
        self.gates = nn.Linear(inputs + size, 2 * size)
        self.candidate = nn.Linear(inputs + size, size)

    def forward(self, inputs: Tensor, memory: Tensor) -> Tensor:
        """Give the next memory, (batch, size) in [-1, 1]."""
        keep, reset = torch.sigmoid(self.gates(torch.cat([inputs, memory], dim=1))).chunk(2, dim=1)
        fresh = torch.tanh(self.candidate(torch.cat([inputs, reset * memory], dim=1)))
        return keep * memory + (1.0 - keep) * fresh

    def unroll(self, inputs: Tensor) -> Tensor:
        """Run from an empty memory along (windows, steps, inputs); give every memory, (windows, steps, size)."""
        memory = inputs.new_zeros(len(inputs), self.candidate.out_features)
        memories = []
        for step in range(inputs.shape[1]):
            memory = self(inputs[:, step], memory)
            memories.append(memory)
        return torch.stack(memories, dim=1)
