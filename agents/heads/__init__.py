"""How features become a chunk of actions: one interface, eight ways.

    head = build(HeadSpec("flow"), inputs=70, chunk=8, action_size=4, hidden=256, layers=2)
    head.loss(features, labels, weights, luck)     # () to descend
    head.act(features, noise)                      # (batch, chunk, action_size) in [-1, 1]
"""

from agents.heads.base import Head, Luck
from agents.heads.build import build

__all__ = ["Head", "Luck", "build"]
