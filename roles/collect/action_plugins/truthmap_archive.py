"""Begin and end a run's archive on the controller; no host is touched."""

from __future__ import annotations

import secrets
import sys
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "files"))

import truthmap_collector
from truthmap_control import archive, probes, values

_RESULT = "collect_result"
_SHOWN_HOSTS = 10


class ActionModule(ActionBase):
    """`truthmap_archive: {state: open | complete, folder: PATH, parent: PATH}`, once per run."""

    TRANSFERS_FILES = False
    _supports_async = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset({"state", "folder", "parent"})

    def run(self, tmp=None, task_vars=None):
        """Return {changed, run, folder, ...}; fail if the archive is not to be had."""
        super().run(None, task_vars)
        states = {"open": self._open, "complete": self._complete}
        state = self._task.args.get("state")
        if state not in states:
            raise AnsibleActionFail(f"state is {state!r}, expected one of {', '.join(states)}")
        try:
            return {"changed": False, **states[state](task_vars)}
        except archive.ArchiveError as error:
            raise AnsibleActionFail(str(error)) from error

    def _open(self, task_vars):
        """Begin a run. The key in the result lives in the controller's memory only.

        The result forbids its own logging, so that an error, which has no secret, stays readable.
        """
        hosts = values.plain(task_vars["ansible_play_hosts_all"], "ansible_play_hosts_all")
        if len(task_vars["ansible_play_batch"]) < len(hosts):
            raise AnsibleActionFail(
                "the play has `serial`, which would make a run of every batch: leave it out and "
                "limit what happens at once with `forks` or `throttle`"
            )
        self._warn_of_tags(task_vars)
        started_at = datetime.now(timezone.utc)
        folder = self._folder(archive.new_run_id(started_at))
        manifest = archive.open_run(
            folder,
            hosts,
            collector_version=truthmap_collector.VERSION,
            started_at=started_at,
        )
        return {
            "run": manifest["run"],
            "folder": str(folder),
            "state": manifest["state"],
            "fingerprint_key": secrets.token_hex(32),
            "_ansible_no_log": True,
        }

    def _complete(self, task_vars):
        """End the run; the result is registered over that of `open`, so the key is gone with it."""
        run = task_vars["collect_run"]
        hosts = task_vars["ansible_play_hosts_all"]
        results = {host: _summary(task_vars["hostvars"], host) for host in hosts}
        manifest = archive.complete_run(
            Path(run["folder"]),
            {host: result for host, result in results.items() if result},
            finished_at=datetime.now(timezone.utc),
        )
        self._say(run["folder"], manifest["hosts"])
        counts = Counter(entry["status"] for entry in manifest["hosts"].values())
        return {
            "run": manifest["run"],
            "folder": run["folder"],
            "state": manifest["state"],
            "hosts": dict(sorted(counts.items())),
        }

    def _folder(self, run):
        """The run's folder: given, or named after the run below the archive; never relative."""
        folder = values.text(self._task.args.get("folder"), "folder")
        parent = values.text(self._task.args.get("parent"), "parent")
        if not folder and not parent:
            raise AnsibleActionFail("give folder (of this run) or parent (of all runs)")
        return Path(folder or Path(parent) / run).expanduser().absolute()

    def _warn_of_tags(self, task_vars):
        known = probes.domains(task_vars)
        tags = set(task_vars.get("ansible_run_tags", ())) - probes.TAGS_OF_ANSIBLE
        if tags and not tags & set(known):
            self._display.warning(
                f"no tag of {', '.join(sorted(tags))} names a domain of probes "
                f"({', '.join(known)}): all of them are collected"
            )

    def _say(self, folder, entries):
        missed = {host: entry for host, entry in entries.items() if entry["status"] != "collected"}
        if missed:
            shown = [
                f"{host} {entry['status']}: {entry['reason']}"
                for host, entry in list(missed.items())[:_SHOWN_HOSTS]
            ]
            rest = len(missed) - len(shown)
            more = [f"and {rest} more, see {archive.MANIFEST}"] if rest else []
            self._display.warning(
                f"{len(missed)} of {len(entries)} hosts are not wholly collected. "
                + "; ".join([*shown, *more])
            )
        self._display.display(f"Run folder: {folder}")


def _summary(hostvars, host):
    """Read a host's registered result, whatever way its task ended; None if it never ran."""
    try:
        result = hostvars[host].get(_RESULT)
    except AnsibleError:
        return None
    if not result or result.get("skipped"):
        return None
    if "status" in result:
        return values.plain(
            {key: result[key] for key in ("status", "reason", "bundle", "sha256")}, _RESULT
        )
    return {
        "status": "unreachable" if result.get("unreachable") else "failed",
        "reason": _reason(result),
    }


def _reason(result):
    if result.get("timedout"):
        return "the task took longer than collect_task_timeout_s and was given up"
    return values.one_line(result.get("msg", "")).replace("Task failed: ", "", 1) or None
