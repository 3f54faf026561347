"""Composable randomizers of textures, lighting, cameras, physics and time; needs numpy alone.

    randomization = Mass("cube", nominal * LogUniform(0.5, 2.0)) | Texture("*") | Lighting()    # what varies
    domain = randomization.bind(world)                     # a world is named knobs; reads nominal values
    draw = domain.draw(seed=7, episode=3, strength=0.5)    # addressed: the same on any worker
    domain.apply(world, draw)                              # the only place that writes
    domain.vector(draw)                                    # what a teacher or critic may know of it
"""

from randomizers.actuation import Gain
from randomizers.adaptive import AutoRange
from randomizers.axis import Axis
from randomizers.base import Randomization, Randomizer, varies
from randomizers.camera import Camera
from randomizers.contact import Contact, Pads, Restitution, RollingFriction, SpinningFriction
from randomizers.default import BASIC, DEFAULT, FULL
from randomizers.distributions import Choice, Cone, Distribution, LogUniform, Uniform
from randomizers.domain import Domain
from randomizers.draw import Draw, Draws
from randomizers.empirical import Empirical
from randomizers.joints import Adversary, Armature, Backlash, Effort, GearError, JointFriction, JointLimits
from randomizers.lighting import Lamps, Lighting
from randomizers.notation import Expression, expression, nominal
from randomizers.objects import Clearance, Clutter, Form, Size, Start
from randomizers.physics import CentreOfMass, Damping, Friction, Inertia, LinkMass, Mass
from randomizers.proprioception import Encoder, Pose
from randomizers.scene import Distractors, Table
from randomizers.sensing import Depth, Exposure, Lens, Noise
from randomizers.shapes import Beta, Mixture, Normal
from randomizers.site import BasePose, Gravity, Push, TablePose
from randomizers.texture import Background, Texture
from randomizers.timing import ControlRate, Dropout, Jitter, Latency, Refresh
from randomizers.when import Every
from randomizers.world import Knob, World

__all__ = [
    "BASIC",
    "DEFAULT",
    "FULL",
    "Adversary",
    "Armature",
    "AutoRange",
    "Axis",
    "Background",
    "Backlash",
    "BasePose",
    "Beta",
    "Camera",
    "CentreOfMass",
    "Choice",
    "Clearance",
    "Clutter",
    "Cone",
    "Contact",
    "ControlRate",
    "Damping",
    "Depth",
    "Distractors",
    "Distribution",
    "Domain",
    "Draw",
    "Draws",
    "Dropout",
    "Effort",
    "Empirical",
    "Encoder",
    "Every",
    "Exposure",
    "Expression",
    "Form",
    "Friction",
    "Gain",
    "GearError",
    "Gravity",
    "Inertia",
    "Jitter",
    "JointFriction",
    "JointLimits",
    "Knob",
    "Lamps",
    "Latency",
    "Lens",
    "Lighting",
    "LinkMass",
    "LogUniform",
    "Mass",
    "Mixture",
    "Noise",
    "Normal",
    "Pads",
    "Pose",
    "Push",
    "Randomization",
    "Randomizer",
    "Refresh",
    "Restitution",
    "RollingFriction",
    "SpinningFriction",
    "Size",
    "Start",
    "Table",
    "TablePose",
    "Texture",
    "Uniform",
    "World",
    "expression",
    "nominal",
    "varies",
]
