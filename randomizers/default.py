"""Randomizations by name: DEFAULT for training, BASIC for any renderer, FULL with all that every task has.

Every randomizer at its own default, on everything; where each range comes from stands beside it in
the randomizer's file. `print(DEFAULT)` and `DEFAULT.to_dict()` spell all of them out. In YAML: `preset: full`.
"""

from randomizers.actuation import Gain
from randomizers.base import Randomization
from randomizers.camera import Camera
from randomizers.contact import Contact, Restitution
from randomizers.distributions import LogUniform, Uniform
from randomizers.joints import Adversary, Armature, Backlash, Effort, GearError, JointFriction, JointLimits
from randomizers.lighting import Lamps, Lighting
from randomizers.notation import nominal
from randomizers.physics import Damping, Friction, Inertia, LinkMass, Mass
from randomizers.proprioception import Encoder
from randomizers.scene import Distractors, Table
from randomizers.sensing import Exposure, Lens, Noise
from randomizers.site import BasePose, Gravity, Push, TablePose
from randomizers.texture import PATTERNS, Background, Texture
from randomizers.timing import ControlRate, Dropout, Jitter, Latency, Refresh

LATENCY = Latency(action=Uniform(0.0, 0.06), images=Uniform(0.0, 0.1))
DYNAMICS = Randomization((Mass(), Friction(), Damping(), Gain(), LATENCY))
SENSING = Randomization((Camera(), Exposure(), Noise(), Lens()))
SIGHT = Randomization((Texture(), Lighting(), Lamps(), Background(), Table(), Distractors())) | SENSING
DEFAULT: Randomization = DYNAMICS | SIGHT
"""Moderate ranges that a policy with an 84 pixel camera copes with; what the project's figures were measured with."""

PAINT = Texture(pattern=PATTERNS, variant=Uniform(0.0, 1.0), colour=nominal * LogUniform(0.5, 1.8))
BASIC: Randomization = DYNAMICS | PAINT | Lighting() | Table() | Distractors() | SENSING
"""What any renderer can draw: without more lamps, backgrounds, and the scale and gloss of textures."""

# Narrower than Friction's own: with all the rest the expert pushes 97 % of cubes with it and 93 % without (n=400).
GRIP = Friction(by=Uniform(0.4, 1.0))
BODIES = Randomization((Mass(), Inertia(), LinkMass(), GRIP, Restitution(), Contact()))
GEARS = Randomization((Backlash(), GearError()))
JOINTS = Randomization((Damping(), Gain(), Effort(), JointFriction(), Armature(), JointLimits())) | GEARS
SITE = Randomization((Gravity(), TablePose(), BasePose(), Push(), Adversary()))
TIMING = Randomization((Latency(), Jitter(), Dropout(), Refresh(), ControlRate(), Encoder()))
FULL: Randomization = BODIES | JOINTS | SITE | TIMING | SIGHT
"""Everything that all tasks have at once: contacts, joints, site, disturbances, sensors and their timing as well."""

PRESETS = {"default": DEFAULT, "basic": BASIC, "dynamics": DYNAMICS, "full": FULL, "none": Randomization()}
"""By the names that YAML uses."""
