"""The default randomization of all tasks: moderate ranges that a policy with an 84 pixel camera copes with.

Every range is spelled out beside its reason in the randomizer's own file; here is only the choice.
"""

from randomizers.actuation import Gain, Latency
from randomizers.base import Randomization
from randomizers.camera import Camera
from randomizers.lighting import Lighting
from randomizers.physics import Damping, Friction, Mass
from randomizers.scene import Distractors
from randomizers.sensing import Exposure, Noise
from randomizers.texture import Texture

DYNAMICS = Randomization((Mass(), Friction(), Damping(), Gain(), Latency()))
SIGHT = Randomization((Texture(), Lighting(), Camera(), Exposure(), Noise(), Distractors()))
DEFAULT: Randomization = DYNAMICS | SIGHT
