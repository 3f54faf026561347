from torch import nn


class ClipReader(nn.Module):
    pass

def tower_of(t):
    return {}
