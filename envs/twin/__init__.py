"""The pieces of the reality twin: MuJoCo model, engine, renderer, cards. Use them through `envs.reality`."""
