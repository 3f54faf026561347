"""RLlib's configuration, with what its defaults get wrong for slow simulated worlds set right.

algorithm = configure(settings, runners=2, name="sim2arm", context={...}, model={...}).build_algo()
"""

from typing import Any

from ray.rllib.algorithms.appo import APPOConfig
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module.rl_module import RLModuleSpec

from agents.rl_settings import RLSettings
from agents.rllib_module import AsymmetricModule

RESTART_S = 1.0
"""A lost runner is back after this; RLlib's own default lets it sleep for a minute [s]."""
SAMPLE_S = 300.0
"""Samples that take longer are dropped in silence; RLlib's own default is a minute [s]."""
REQUESTS = 4
"""Calls to a runner that may be under way: with RLlib's 1, new weights are dropped while another call is."""


def configure(
    settings: RLSettings, runners: int, name: str, context: dict[str, Any], model: dict[str, Any], before: int = 0
) -> Any:
    """Assemble the configuration.

    Args:
        settings: What the run is to do.
        runners: Processes that hold worlds; 0 keeps them in this one.
        name: Of the registered worlds.
        context: Their env_config.
        model: The module's model_config.
        before: Control steps that earlier processes took: RLlib counts from 0 again.
    """
    return (
        _algorithm(settings, runners, before)
        .environment(name, env_config=context)
        .env_runners(
            num_env_runners=runners,
            num_envs_per_env_runner=settings.worlds,
            gym_env_vectorize_mode="vector_entry_point",
            rollout_fragment_length=settings.fragment,
            batch_mode="truncate_episodes",
            sample_timeout_s=SAMPLE_S,
            max_requests_in_flight_per_env_runner=REQUESTS,
            num_cpus_per_env_runner=0.5,
        )
        .learners(num_learners=0, num_gpus_per_learner=0)
        .rl_module(rl_module_spec=RLModuleSpec(module_class=AsymmetricModule, model_config=model))
        .fault_tolerance(
            restart_failed_env_runners=True,
            delay_between_env_runner_restarts_s=RESTART_S,
            env_runner_health_probe_timeout_s=5,
        )
        .debugging(seed=settings.seed, log_level="ERROR")
    )


def _algorithm(settings: RLSettings, runners: int, before: int) -> Any:
    """Give the part of RLlib's configuration that is the algorithm's own."""
    left = max(settings.steps - before, 1)
    falling = [[0, settings.rate(min(left / settings.steps, 1.0))], [left, settings.rate(0.0)]]
    shared: dict[str, Any] = {"lr": falling, "gamma": settings.gamma, "use_kl_loss": False}
    collected = settings.fragment * settings.worlds
    if settings.method == "rllib_ppo":
        return PPOConfig().training(
            train_batch_size_per_learner=collected * runners,
            minibatch_size=settings.batch,
            num_epochs=settings.epochs,
            lambda_=0.9,
            entropy_coeff=0.0,
            vf_loss_coeff=0.5,
            vf_clip_param=1e6,
            grad_clip=0.5,
            grad_clip_by="global_norm",
            **shared,
        )
    return APPOConfig().training(
        train_batch_size_per_learner=settings.batch, num_epochs=1, entropy_coeff=0.0, vf_loss_coeff=0.5,
        grad_clip=0.5, grad_clip_by="global_norm", **shared,
    )  # fmt: skip
