"""Fixtures shared by all test files."""

import pytest


@pytest.fixture(scope="session")
def ray_cluster():
    """Start Ray once for the whole session, with room for two collectors; it takes about ten seconds."""
    import ray

    from agents.distributed import start_ray

    start_ray(workers=2)
    yield ray
    ray.shutdown()
