"""The forty lines of docs/design.md, word for word: their names are the contract."""
# ruff: noqa

import numpy as np
from omegaconf import OmegaConf

import envs
from randomizers import (
    AutoRange, Camera, Every, Friction, Lighting, LogUniform, Mass, Normal, Randomization, Texture, Uniform, nominal,
)

# What varies. `nominal *` and `nominal +` are relative to the robot and scene that were loaded.
physics = Mass("cube", nominal * LogUniform(0.5, 2.0)) | Friction("*", Uniform(0.4, 1.2))
sight = Texture("*") | Lighting() | Camera("front", position=nominal + Normal(0.0, 0.01), fov_deg=nominal + Uniform(-3.0, 3.0))
drift = Camera("side", fov_deg=nominal + Uniform(-1.0, 1.0), when=Every(2.0, 5.0))
randomization = physics | sight | drift

# Look before you train.
env = envs.make("push", arm="panda", randomization=randomization, strength=0.5, images=("front",))
print(env.unwrapped.randomization)                         # a table: axis, expression, nominal, unit, when
observation, info = env.reset(seed=7)
print(info["randomization"]["mass.cube"], "kg")

# A paired sweep: the same luck at every strength, so four runs compare like one.
for strength in (0.0, 0.25, 0.5, 1.0):
    _, info = env.reset(seed=7, options={"strength": strength})
    print(strength, info["randomization"]["friction.cube"])

# Python, YAML and the command line share one notation; null switches a randomizer off.
config = OmegaConf.create({"randomize": randomization.to_dict()})
config.merge_with_dotlist(["randomize.Mass.by=nominal * LogUniform(0.8, 1.25)", "randomize.Lighting=null"])
gentler = Randomization.from_dict(config.randomize)

# Sixty-four worlds at once, images drawn in one call.
worlds = envs.make_vec("push", num_envs=64, randomization=gentler, images=("front",))
observations, infos = worlds.reset(seed=0)
print(observations["images"]["front"].shape)               # (64, 84, 84, 3) uint8

# Widen each range while the policy copes at its ends.
ranges, rng = AutoRange.start(env.unwrapped.randomization), np.random.default_rng(0)
ranges = ranges.record(ranges.probe(rng), success=True)
