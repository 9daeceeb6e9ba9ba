"""Which Jobs a CronJob starts: the past is made up, for nobody waits for a minute."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from homeostat.api import GroupVersionKind, Time
from tests.contract.controllers.batch import JOB, Jobs
from tests.contract.controllers.events import wait_for_events
from tests.harness.clusters import AnyCluster, with_ours

pytestmark = with_ours

Json = dict[str, Any]

CRON_JOB = GroupVersionKind("batch", "v1", "CronJob")
HOURLY = "@every 1h"


class CronJobs:
    """CronJobs whose Jobs have pods that wait for their fate."""

    def __init__(self, cluster: AnyCluster) -> None:
        self.cluster = cluster
        self.jobs = Jobs(cluster)
        self.now = datetime.now(UTC).replace(microsecond=0)

    def create(self, name: str, schedule: str = HOURLY, **spec: Any) -> None:
        """Create a CronJob that starts nothing yet."""
        pod = {
            "restartPolicy": "Never",
            "schedulerName": "nobody",
            "containers": [{"name": "c", "image": "busybox"}],
        }
        template = {
            "metadata": {"labels": {"of": name}, "annotations": {"a": "b"}},
            "spec": {"template": {"spec": pod}},
        }
        spec = {"schedule": schedule, "suspend": True, "jobTemplate": template, **spec}
        item = {"apiVersion": "batch/v1", "kind": "CronJob", "spec": spec}
        item["metadata"] = {"name": name}
        self.cluster.call(lambda client: client.create(item))

    def but_soon(self) -> str:
        """Return a schedule of all minutes but the next ones, in which a test ends."""
        soon = {(self.now.minute + n) % 60 for n in range(1, 6)}
        return f"{','.join(str(n) for n in range(60) if n not in soon)} * * * *"

    def ago(self, minutes: int) -> str:
        return str(Time.of(self.now - timedelta(minutes=minutes)))

    def ran(self, name: str, minutes: int) -> None:
        """Make it believe that it ran so many minutes ago, and let it go on."""
        for suspend in (True, False):
            if not suspend:
                status = {"status": {"lastScheduleTime": self.ago(minutes)}}
                self._patch(name, status, subresource="status")
            self._patch(name, {"spec": {"suspend": suspend}})

    def _patch(self, name: str, patch: Json, *, subresource: str = "") -> None:
        self.cluster.call(
            lambda client: client.patch(CRON_JOB, name, patch, subresource=subresource)
        )

    def due(self, name: str, minutes: int) -> str:
        """Return the name of the Job that was due so many minutes ago."""
        at = self.now - timedelta(minutes=minutes)
        return f"{name}-{int(at.timestamp()) // 60}"

    def show(self, name: str, active: Sequence[str], jobs: Sequence[str]) -> Json:
        """Wait until these Jobs are active, and there; return the CronJob."""

        def check() -> Json:
            item = self.cluster.call(lambda client: client.get(CRON_JOB, name))
            found = [each["name"] for each in item["status"].get("active", [])]
            assert found == list(active), found
            living = {j["metadata"]["name"] for j in self.living(name)}
            assert living == set(jobs), living
            return item

        return self.cluster.eventually(check)

    def living(self, name: str) -> Sequence[Json]:
        labels = f"of={name}"
        found = self.cluster.call(lambda client: client.list(JOB, labels=labels))
        return [j for j in found if "deletionTimestamp" not in j["metadata"]]

    def told(self, name: str, *expected: str) -> None:
        """Wait until these are the events of a CronJob."""
        wait_for_events(self.cluster, name, *expected)


def test_missed_start_is_made_up_for_once(any_cluster: AnyCluster) -> None:
    crons = CronJobs(any_cluster)
    crons.create("tokyo", timeZone="Asia/Tokyo", successfulJobsHistoryLimit=1)
    crons.create("forbid", concurrencyPolicy="Forbid")
    crons.create("replace", concurrencyPolicy="Replace")
    crons.create("allow")
    crons.create("none", successfulJobsHistoryLimit=0)
    crons.create("often", crons.but_soon())
    crons.create("late", "0 0 1 1 *", startingDeadlineSeconds=3600)
    names = ("tokyo", "forbid", "replace", "allow", "none")
    for name in names:
        crons.ran(name, 70)
    crons.ran("often", 200)
    crons.ran("late", 60 * 24 * 800)
    first = {name: crons.due(name, 10) for name in names}
    for name in names:
        crons.show(name, [first[name]], [first[name]])

    item = crons.show("tokyo", [first["tokyo"]], [first["tokyo"]])
    assert item["status"]["lastScheduleTime"] == crons.ago(10)
    [reference] = item["status"]["active"]
    assert set(reference) == {
        *("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion")
    }
    [job] = crons.living("tokyo")
    due = datetime.fromisoformat(crons.ago(10)) + timedelta(hours=9)
    assert job["metadata"]["annotations"] == {
        "a": "b",
        "batch.kubernetes.io/cronjob-scheduled-timestamp": f"{due:%Y-%m-%dT%H:%M:%S}"
        "+09:00",
    }
    [owner] = job["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["controller"]) == ("CronJob", True)

    # They come again, and the Jobs of the last time are still at work.
    for name in ("forbid", "replace", "allow"):
        crons.ran(name, 65)
    second = {name: crons.due(name, 5) for name in names}
    crons.show("replace", [second["replace"]], [second["replace"]])
    both = [first["allow"], second["allow"]]
    crons.show("allow", both, both)
    crons.show("forbid", [first["forbid"]], [first["forbid"]])
    for name in ("tokyo", "none"):
        [pod] = crons.jobs.pods(first[name], 1)
        crons.jobs.become(pod, "Succeeded", code=0)
    crons.show("none", [], [])
    item = crons.show("tokyo", [], [first["tokyo"]])
    [job] = crons.living("tokyo")
    assert item["status"]["lastSuccessfulTime"] == job["status"]["completionTime"]

    created = "Normal SuccessfulCreate: Created job"
    crons.told(
        "tokyo",
        f"{created} {first['tokyo']}",
        f"Normal SawCompletedJob: Saw completed job: {first['tokyo']}, condition: "
        "Complete",
    )
    crons.told(
        "forbid",
        f"{created} {first['forbid']}",
        "Normal JobAlreadyActive: Not starting job because prior execution is running "
        "and concurrency policy is Forbid",
    )
    crons.told(
        "replace",
        f"{created} {first['replace']}",
        f"{created} {second['replace']}",
        f"Normal SuccessfulDelete: Deleted job {first['replace']}",
    )
    [job] = crons.living("often")
    crons.told(
        "often",
        f"{created} {job['metadata']['name']}",
        "Warning TooManyMissedTimes: too many missed start times. Set or decrease "
        ".spec.startingDeadlineSeconds or check clock skew",
    )
    crons.show("late", [], [])


def test_job_that_a_user_starts_is_taken_for_its_own(any_cluster: AnyCluster) -> None:
    crons = CronJobs(any_cluster)
    crons.create("c")
    item = crons.show("c", [], [])
    meta = item["metadata"]
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "controller": True}
    owner |= {"name": "c", "uid": meta["uid"]}
    template = item["spec"]["jobTemplate"]
    job = {"apiVersion": "batch/v1", "kind": "Job", "spec": template["spec"]}
    job["metadata"] = {
        "name": "by-hand",
        "ownerReferences": [owner],
        "labels": {"of": "c"},
    }
    any_cluster.call(lambda client: client.create(job))
    text = "Saw a job that the controller did not create or forgot: by-hand"
    crons.told("c", f"Warning UnexpectedJob: {text}")
    [pod] = crons.jobs.pods("by-hand", 1)
    crons.jobs.become(pod, "Succeeded", code=0)

    def succeeded() -> None:
        found = crons.show("c", [], ["by-hand"])
        assert "lastSuccessfulTime" in found["status"]

    any_cluster.eventually(succeeded)
