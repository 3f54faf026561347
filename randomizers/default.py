"""The default randomization of all tasks: moderate ranges that a policy with an 84 pixel camera copes with.

Every randomizer at its own default, on everything; where each range comes from stands beside it in
the randomizer's file. `print(DEFAULT)` and `DEFAULT.to_dict()` spell all of them out.
"""

from randomizers.actuation import Gain, Latency
from randomizers.base import Randomization
from randomizers.camera import Camera
from randomizers.lighting import Lighting
from randomizers.physics import Damping, Friction, Mass
from randomizers.scene import Distractors, Table
from randomizers.sensing import Exposure, Noise
from randomizers.texture import Texture

DYNAMICS = Randomization((Mass(), Friction(), Damping(), Gain(), Latency()))
SIGHT = Randomization((Texture(), Lighting(), Camera(), Exposure(), Noise(), Table(), Distractors()))
DEFAULT: Randomization = DYNAMICS | SIGHT
