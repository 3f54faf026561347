"""What acts and learns: policies, collectors, cloning and DAgger, checkpoints.

Nothing heavy is loaded here. Collectors (`agents.rollout`) and `agents.acting` run without torch.

    from agents.rollout import Job, collect
    from agents.dagger import DaggerSettings, dagger
"""

import os

# Has to be set before torch is loaded. By default the threads of OpenMP spin while they wait for each other, and
# two threads on cores that others use too train ten times slower than one; waiting asleep costs nothing.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "20000")  # but spin for a moment: 2,700 -> 3,500 images/s where cores are free
