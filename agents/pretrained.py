from agents.backbones import Backbone
from agents.spec import EncoderSpec


def build_pretrained(spec: EncoderSpec) -> Backbone:
    raise NotImplementedError
