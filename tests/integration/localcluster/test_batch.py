"""An hour of a CronJob, in no time."""

import asyncio
from contextlib import suppress

from homeostat.api import GroupVersionKind
from homeostat.client import Client
from homeostat.localcluster import LocalCluster
from homeostat.testing import LoopClock, run_virtual

CRON_JOB = GroupVersionKind("batch", "v1", "CronJob")
JOB = GroupVersionKind("batch", "v1", "Job")


async def _create(client: Client) -> None:
    container = {"name": "c", "image": "busybox"}
    pod = {"restartPolicy": "Never", "containers": [container]}
    job = {"ttlSecondsAfterFinished": 1200, "template": {"spec": pod}}
    spec = {
        "schedule": "*/10 * * * *",
        "successfulJobsHistoryLimit": 9,
        "jobTemplate": {"spec": job},
    }
    item = {"apiVersion": "batch/v1", "kind": "CronJob", "spec": spec}
    await client.create({**item, "metadata": {"name": "c"}})


def test_jobs_come_by_the_clock_succeed_and_go_after_their_time() -> None:
    async def main() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        cluster = LocalCluster(clock=clock)
        async with cluster.client() as client:
            await _create(client)
            running = asyncio.get_running_loop().create_task(cluster.run())
            await asyncio.sleep(61 * 60)
            jobs = await client.list(JOB)
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
        # Six have come; those that ended more than twenty minutes ago have gone.
        assert len(jobs) == 2
        for job in jobs:
            assert job["status"]["succeeded"] == 1

    run_virtual(main())
