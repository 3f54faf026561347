"""The default randomization of all tasks: moderate ranges that a policy with an 84 pixel camera copes with.

Every randomizer at its own default, on everything; where each range comes from stands beside it in
the randomizer's file. `print(DEFAULT)` and `DEFAULT.to_dict()` spell all of them out.
"""

from randomizers.actuation import Gain
from randomizers.base import Randomization
from randomizers.camera import Camera
from randomizers.distributions import LogUniform, Uniform
from randomizers.lighting import Lamps, Lighting
from randomizers.notation import nominal
from randomizers.physics import Damping, Friction, Mass
from randomizers.scene import Distractors, Table
from randomizers.sensing import Exposure, Lens, Noise
from randomizers.texture import PATTERNS, Background, Texture
from randomizers.timing import Latency

LATENCY = Latency(action=Uniform(0.0, 0.06), images=Uniform(0.0, 0.1))
DYNAMICS = Randomization((Mass(), Friction(), Damping(), Gain(), LATENCY))
SENSING = Randomization((Camera(), Exposure(), Noise(), Lens()))
SIGHT = Randomization((Texture(), Lighting(), Lamps(), Background(), Table(), Distractors())) | SENSING
DEFAULT: Randomization = DYNAMICS | SIGHT

PAINT = Texture(pattern=PATTERNS, variant=Uniform(0.0, 1.0), colour=nominal * LogUniform(0.5, 1.8))
BASIC: Randomization = DYNAMICS | PAINT | Lighting() | Table() | Distractors() | SENSING
"""What any renderer can draw: without more lamps, backgrounds, and the scale and gloss of textures."""
