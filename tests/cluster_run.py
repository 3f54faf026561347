"""A cluster of several logical machines in one process tree; run by test_cluster.py, tells what it saw as JSON.

Machines join and vanish while jobs run, and the pool follows.
"""

import json
from dataclasses import asdict

from ray.cluster_utils import Cluster
from toy_worlds import ToySpec

from agents import distributed
from agents.behaviour import Behaviour
from agents.rollout import collect, open_pool, plan

JOBS = plan(5, 60, 2, Behaviour("expert", noise=0.5), record=True)
ROOM = {"object_store_memory": 80 * 2**20}


def main() -> dict:
    """Collect on two machines, lose one and gain another on the way."""
    distributed.LOOK_S = 0.3
    expected = [result.hash() for result in collect(ToySpec(), JOBS, backend="serial")]
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **ROOM})
    spot = cluster.add_node(num_cpus=1, **ROOM)
    cluster.add_node(num_cpus=1, **ROOM)
    pool = open_pool(ToySpec(slow_s=0.15), 2, address=cluster.address)
    seen = {"began": pool.describe(), "sizes": [len(pool.actors)]}
    results = []
    for result in pool.run(JOBS, None):
        results.append(result)
        seen["sizes"].append(len(pool.actors))
        if len(results) == 4:
            cluster.remove_node(spot, allow_graceful=False)
        if len(results) == 10:
            cluster.add_node(num_cpus=2, **ROOM)
    seen |= {"lost": pool.lost, "indices": [result.index for result in results]}
    seen["same"] = [r.hash() for r in sorted(results, key=lambda result: result.index)] == expected
    pool.resize(1)
    seen["shrunk"] = len(pool.describe())
    pool.close()
    seen["offered"] = asdict(distributed.offered())
    return seen


if __name__ == "__main__":
    print("\n" + json.dumps(main()), flush=True)
