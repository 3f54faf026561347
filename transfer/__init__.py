"""From simulation to an arm: statistics, demonstrations, fine-tuning, bundles and the runtime that drives.

Nothing heavy is loaded here. What runs on the robot's computer (`transfer.deploy`, `transfer.bundle.bundle`)
never loads torch, ray or pybullet.

    from transfer.evaluate import evaluate
    from transfer.deploy.runtime import run
"""
