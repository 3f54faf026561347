from torch import nn


def build_extras(spec, features, encoders):
    return nn.ModuleDict()
