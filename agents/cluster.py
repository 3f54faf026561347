"""Start Ray on this machine, or join a cluster that is already there; say plainly why it cannot be joined.

    start_ray(workers=2)                          # this machine
    start_ray(None, "10.0.0.5:6379")              # a cluster; its machines get this folder, nothing is installed

A cluster's machines need the packages of setup.cfg in the same versions (the image of docker/), not sim2arm itself.
What is asked for decides, not what runs here or what the environment says: RAY_ADDRESS counts for "auto" alone.
"""

import logging
import os
import socket
import sys
from pathlib import Path
from typing import Any

import ray

from agents.capacity import Capacity
from envs.versions import COMMIT, commit

ROOT = Path(__file__).parents[1]
OBJECT_STORE_BYTES = 256 * 2**20  # a job of images is a few MB, and results leave the store at once
IGNORED = (".git", ".venv", "runs", "docs", "shared", ".mypy_cache", ".ruff_cache", ".pytest_cache", "__pycache__")
REACH_S = 5.0  # to open a connection: a head that is there answers within milliseconds
ENVIRONMENT = "RAY_ADDRESS"
SUBMITTED = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""Set by `ray job submit`, which has sent the folder already."""


def start_ray(workers: int | None, address: str | None = None) -> None:
    """Start Ray here or join a cluster, once per process.

    Args:
        workers: CPUs to offer on this machine; None takes all. A cluster brings its own.
        address: None for this machine, else "auto" or "host:port".

    Raises:
        ValueError: The cluster cannot be joined.
    """
    if ray.is_initialized():
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("LOG_NAME_UPDATE_INTERVAL_S", "60")  # nobody reads what Ray's log monitor looks for, but it
    os.environ.setdefault("RAY_LOG_MONITOR_MANY_FILES_THRESHOLD", "0")  # takes 0.5 % of a core; now a fifth of that
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one thread a worker: workers are what fills the cores
    if address is not None:
        join(address)
        return
    if os.environ.get(ENVIRONMENT):
        print(
            f"  {ENVIRONMENT}={os.environ[ENVIRONMENT]} is set, but cluster=local: this run starts a Ray of its own on "
            "this machine. cluster=auto joins the other one.",
            file=sys.stderr,
            flush=True,
        )
    # Workers inherit this: they find what this process finds, wherever it was started.
    own = [path for path in sys.path if path and not path.startswith((sys.prefix, sys.base_prefix))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([str(ROOT), *map(os.path.abspath, own)]))
    ray.init(
        address="local",  # not the cluster that may run here too
        num_cpus=workers or os.cpu_count(),
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver=False,
        logging_level=logging.ERROR,
        _node_ip_address="127.0.0.1",
    )


def join(address: str) -> None:
    """Connect to a cluster and send it this folder, unless a submitted job has done so."""
    refuse_unreachable(address)
    sent: dict[str, Any] | None = None
    if SUBMITTED not in os.environ:
        told = {"OMP_NUM_THREADS": "1", COMMIT: commit()}  # episodes record it, and must not depend on who ran them
        sent = {"working_dir": str(ROOT), "excludes": list(IGNORED), "env_vars": told}
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, runtime_env=sent)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ValueError(f"cannot join cluster={address}: {error}. {remedy(address)}") from error


def refuse_unreachable(address: str) -> None:
    """Stop at once where nobody answers; Ray itself would try for half a minute and then speak of its own insides.

    Raises:
        ValueError: The address is no "auto" or "host:port", or nobody listens there.
    """
    asked, address = f"cluster={address}", os.environ.get(ENVIRONMENT, address) if address == "auto" else address
    if address in ("auto", "local", ""):
        return
    if asked == "cluster=auto":
        asked = f"cluster=auto ({ENVIRONMENT}={address})"
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536 or "/" in host:
        raise ValueError(f"{asked} is no address; give local, auto (a cluster of this machine) or host:port")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACH_S).close()
    except OSError as error:
        raise ValueError(f"cannot reach {asked}: {error}. {remedy(address)}") from error


def remedy(address: str) -> str:
    """Say how to bring up what was not there."""
    if address == "auto":
        return "No cluster runs on this machine: start one with `ray start --head`, or use cluster=local"
    port = address.rpartition(":")[2]
    return f"Is it up? On its head: `ray status`, or `ray start --head --port={port}`. Without one: cluster=local"


def offered() -> Capacity:
    """Look at the cluster this process has joined."""
    resources = ray.cluster_resources()
    alive = sum(bool(node["Alive"]) for node in ray.nodes())
    return Capacity(int(resources.get("CPU", 0)), resources.get("memory", 0.0) / 2**20, alive)
