"""What acts and learns: policies, collectors, cloning and DAgger, checkpoints.

Nothing heavy is loaded here. Collectors (`agents.rollout`) and `agents.acting` run without torch.

    from agents.rollout import Job, collect
    from agents.dagger import DaggerSettings, dagger
"""
