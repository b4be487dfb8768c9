"""Collect one host: ship the collector over the connection, write the bundle, return a summary.

One round trip, no module, no remote file, no line of ours in the host's log. Whatever is wrong with
a host is that host's result, not the end of the play.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from ansible import constants
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "files"))

from truthmap_control import (
    answer,
    archive,
    clock,
    probes,
    program,
    remote,
    secrets,
    targets,
    values,
)
from truthmap_control.perturbations import perturbations, redis_perturbations

_RUN = "collect_run"
_TROUBLES = (
    AnsibleError,
    answer.AnswerError,
    archive.ArchiveError,
    probes.ProbeError,
    values.SettingError,
    OSError,
    ValueError,
)
"""What can be wrong with one host. Anything else is our mistake and fails the task, loudly."""
_LIMITS = ("host_timeout_s", "probe_timeout_s", "probe_bytes", "answer_bytes")
_PROFILE_PREFIX = "truthmap_app_"


class ActionModule(ActionBase):
    """`truthmap_collect:` takes no argument; all it needs are the variables of the host."""

    TRANSFERS_FILES = False
    _supports_async = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset()

    def run(self, tmp=None, task_vars=None):
        """Return {changed, status, reason, bundle, sha256, outcomes, duration_s}."""
        super().run(None, task_vars)
        begun = time.monotonic()
        try:
            result = self._collect(task_vars or {})
        except AnsibleConnectionFailure as error:
            result = _without_bundle("unreachable", error)
        except _TROUBLES as error:
            result = _without_bundle("failed", error)
        return {"changed": False, **result, "duration_s": round(time.monotonic() - begun, 3)}

    def _collect(self, task_vars):
        run = self._run(task_vars)
        login = values.flag(self._value(task_vars, "collect_login"), "collect_login", True)
        applications = self._applications(task_vars)
        declared = [targets.filled(probe, applications) for probe in self._probes(task_vars)]
        asked, ours = self._named(task_vars, declared, login)
        key, limits = self._key(task_vars, run), self._limits(task_vars)
        survey = remote.Survey(ours, limits, key) if ours else None
        if login:
            found, offset = self._from_host(task_vars, asked, key, limits)
        else:
            found, offset = remote.nothing(key), None
        if survey is not None:
            found = remote.together(found, survey.answer())
        bundle = archive.bundle(
            {**found, "probes": asked},
            run=run["run"],
            host=values.text(task_vars["inventory_hostname"], "inventory_hostname"),
            groups=values.plain(task_vars.get("group_names", []), "group_names"),
            collected_by="ansible" if login else "control",
            clock=offset,
            applications=applications,
            perturbations=self._perturbations(asked, ours, login),
        )
        name, sha256 = archive.write_bundle(Path(run["folder"]), bundle)
        return {
            "status": "collected" if found["complete"] else "partial",
            "reason": None if found["complete"] else archive.CUT_SHORT,
            "bundle": name,
            "sha256": sha256,
            "outcomes": answer.outcomes(found),
        }

    def _from_host(self, task_vars, asked, key, limits):
        """Return the host's answer, and how far its clock is from ours."""
        needed = secrets.gathered(
            {probe["kind"] for probe in asked if probe.get("where") != "control"},
            lambda name: self._value(task_vars, name),
        )
        request = program.request(asked, fingerprint_key=key, limits=limits, secrets=needed)
        interpreter = self._interpreter(task_vars)
        sent = time.time()
        output = self._execute(program.launcher(interpreter), program.build(request))
        received = time.time()
        found = answer.decode(output["stdout"], output["stderr"])
        return found, clock.offset(sent, received, found["started_at"], found["finished_at"])

    def _named(self, task_vars, asked, login):
        """Fill in the targets that variables name; return all probes, and those we ask ourselves.

        Of a host without a login only the latter are asked.
        """
        filled, ours = [], []
        for probe in asked:
            if probe.get("where") == "control":
                endpoints = remote.read(probe, self._value(task_vars, probe["variable"]))
                names = [endpoint.name for endpoint in endpoints]
                ours.append(({**probe, "items": names}, endpoints))
                filled.append(ours[-1][0])
            elif login and "variable" in probe:
                named = self._value(task_vars, probe["variable"])
                filled.append({**probe, "items": values.texts(named, probe["variable"])})
            elif login:
                filled.append(probe)
        return filled, ours

    def _execute(self, command, text):
        """Pipe the program to the host's shell, with nothing of it printed at any verbosity."""
        connection = self._connection
        if not connection.has_pipelining:
            raise AnsibleError(
                f"the connection plugin {connection.transport!r} cannot pipe a program to a host "
                "(it has no pipelining): use ssh, local, or another connection that can"
            )
        # Connection local would wait for ever for a sudo password's prompt on a terminal.
        connection.set_option("pipelining", True)
        # At -vvv connections print what they received, unless their play context forbids it.
        self._play_context.no_log = True
        connection._play_context.no_log = True
        return self._low_level_execute_command(command, in_data=text.encode("ascii"))

    def _run(self, task_vars):
        run = task_vars.get(_RUN) or {}
        if not run.get("folder"):
            raise AnsibleError(
                "no run is open: `truthmap_archive: {state: open}` comes first and is registered "
                f"as {_RUN} (the role `collect` does both)"
            )
        return run

    def _probes(self, task_vars):
        names = probes.variables(task_vars)
        gathered = probes.gather(
            {domain: self._value(task_vars, name) for domain, name in names.items()}
        )
        if not any(gathered.values()):
            raise AnsibleError("no probe is declared: give the play a role such as probe_host")
        chosen = probes.selected_domains(
            gathered, task_vars.get("ansible_run_tags", ()), task_vars.get("ansible_skip_tags", ())
        )
        return probes.select(gathered, chosen)

    def _applications(self, task_vars):
        names = sorted(name for name in task_vars if name.startswith(_PROFILE_PREFIX))
        return {name[len(_PROFILE_PREFIX) :]: self._value(task_vars, name) for name in names}

    def _key(self, task_vars, run):
        own = self._value(task_vars, "collect_fingerprint_key")
        return values.text(own, "collect_fingerprint_key") or str(run["fingerprint_key"])

    def _limits(self, task_vars):
        return {name: self._number(task_vars, f"collect_{name}") for name in _LIMITS}

    def _interpreter(self, task_vars):
        chosen = values.text(
            self._value(task_vars, "ansible_python_interpreter"), "ansible_python_interpreter"
        )
        return None if chosen.startswith("auto") else chosen

    def _number(self, task_vars, name):
        return values.number(self._value(task_vars, name), name)

    def _value(self, task_vars, name):
        try:
            return values.plain(self._templar.template(task_vars.get(name)), name)
        except AnsibleError as error:
            raise AnsibleError(f"the variable {name} of this host: {error}") from error

    def _perturbations(self, asked, ours, login):
        """List what this leaves behind, as far as it can be known beforehand."""
        surveyed = any(endpoints for _, endpoints in ours)
        if not login:
            return redis_perturbations(on_host=False) if surveyed else []
        user = self._get_remote_user() or ""
        become = self._connection.become
        method = become.name.rpartition(".")[2] if become else None
        target = self.get_become_option("become_user", "root") if become else "root"
        if user == target and not constants.BECOME_ALLOW_SAME_USER:
            method = None
        kinds = {probe["kind"] for probe in asked if probe.get("where") != "control"}
        found = perturbations(self._connection.transport.rpartition(".")[2], user, method, target)
        if surveyed or "redis" in kinds:
            found += redis_perturbations(on_host="redis" in kinds)
        return found


def _without_bundle(status, error):
    return {
        "status": status,
        "reason": values.one_line(error) or type(error).__name__,
        "bundle": None,
        "sha256": None,
        "outcomes": {},
    }
