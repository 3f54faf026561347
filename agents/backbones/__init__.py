"""Networks that turn pixels into maps, small enough for images of 64 to 128 px on a CPU.

Their parameters carry the names of torchvision's ResNet and timm's ViT, so that published weights fit.
"""

from agents.backbones.base import Backbone
from agents.backbones.convnext import ConvNeXt
from agents.backbones.resnet import ResNet
from agents.backbones.vit import ViT

__all__ = ["Backbone", "ConvNeXt", "ResNet", "ViT"]
