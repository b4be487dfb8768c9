"""An application of another name and layout: every planted fault is found, and nothing else.

What is done to the host stands in `tests/lab/depot_faults.py`; here stands what each fault must be
found as. Nothing but the inventory's variables tells the product about the application.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from reporter.archive import load
from reporter.report import host_report
from tests.ablation import violations
from tests.fleet.depot_fleet import FAULTY, SOUND, DepotRun
from tests.lab.depot_faults import FAULTS

pytestmark = pytest.mark.lab

ROOT = Path(__file__).resolve().parents[2]

BUS = "127.0.0.1:7379/db2"
CACHE, MIRROR = "127.0.0.1:7380", "127.0.0.1:7381"
CONF = "/srv/depot/shared/conf"
MODELS = "/srv/depot/shared/models"
CATALOGUE = "declared_inventories:/srv/depot/shared/catalogue.yml"
LANDSCAPE = "declared_inventories:/srv/depot/releases/42/ops/landscape.json"
SITE = "frontend_sites:nginx/parcels.example@*:8088"
LEFTOVER = "/etc/nginx/sites-enabled/depot.bak"
FAILED = {"system_state:systemd": "degraded"}
"""Systemd itself says that some unit failed."""

PLANTED: Mapping[str, Mapping[str, str]] = {
    "a service that crashes at its start, again and again": {
        "restart_loops:depot-labels.service": "down",
        "service_state:depot-labels.service": "down",
        "components:depot/labels": "down",
        "layers:depot/office": "degraded",
        f"stream_groups:{BUS}/parcels.labels/printers": "degraded",
    },
    "a critical service that somebody stopped": {
        "service_state:depot-dispatch.service": "down",
        "components:depot/dispatch": "down",
        "layers:depot/dock": "degraded",
        f"stream_producers:{BUS}/parcels.dispatched": "degraded",
    },
    "an expected service that was killed": {
        "service_state:depot-returns.service": "down",
        "expected_streams:parcels.returns": "degraded",
        f"stream_activity:{BUS}/parcels.returns": "degraded",
        f"stream_producers:{BUS}/parcels.returns": "degraded",
        **FAILED,
    },
    "an expected service that does not exist": {
        "missing_units:depot.watch.service": "down",
        LANDSCAPE: "degraded",
        f"{LANDSCAPE}/Watch": "degraded",
    },
    "one of two instances that was stopped": {
        "service_state:parcel-lane@2.service": "down",
        "components:depot/lanes": "degraded",
        "layers:depot/belt": "degraded",
    },
    "a service that wants one that does not exist": {
        "missing_units:depot-broker.service": "down",
    },
    "a link to a unit that is gone": {"missing_units:depot-robot.service": "degraded"},
    "a running service that nothing starts at boot": {
        "service_state:depot-scales.service": "degraded",
    },
    "a service that was switched off, and runs on": {
        "service_state:depot-beacon.service": "degraded",
    },
    "a service whose program does not exist": {
        "service_state:depot-tools.service": "down",
        "module_usage:modules/srv/depot/releases/42": "degraded",
        **FAILED,
    },
    "a socket that could not be opened": {
        "failed_units:depot-mail.socket": "down",
        "service_state:depot-mail.service": "degraded",
        "unit_errors:depot-mail.socket": "degraded",
        **FAILED,
    },
    "a service that runs as root, at a port open to all": {
        "root_services:depot": "degraded",
        "listening_ports:tcp/0.0.0.0:7420": "degraded",
        "documented_listeners:depot/7420": "degraded",
    },
    "two services that do the same": {"twin_services:depot-gauge-old.service": "degraded"},
    "a drop-in that takes back what another says": {"shadowed_units:depot": "degraded"},
    "a unit file that hides the distribution's": {"shadowed_units:host": "degraded"},
    "a unit file that was changed and not loaded": {"outdated_units:depot": "degraded"},
    "a process that no service holds": {"stray_processes:depot": "degraded"},
    "a program that was replaced while it runs": {"replaced_programs:depot": "degraded"},
    "a child nobody waits for": {"process_states:zombies": "degraded"},
    "a timer that somebody stopped": {
        "timer_state:depot-nightly.timer": "down",
        "service_state:depot-nightly.service": "degraded",
    },
    "a timer that ran out": {"timer_state:depot-yearly.timer": "down"},
    "a timer whose job fails": {
        "timer_state:depot-invoice.timer": "degraded",
        "service_state:depot-invoice.service": "down",
        "unit_errors:depot-invoice.service": "degraded",
        **FAILED,
    },
    "a cron job whose program is gone": {
        "cron_programs:/etc/cron.d/depot-stock": "degraded",
        "cron_jobs:depot": "degraded",
    },
    "a crontab that cron does not read": {
        "cron_tables:/etc/cron.d/depot.weekly": "degraded",
        "cron_jobs:depot": "degraded",
    },
    "a consumer that hangs": {
        f"stream_groups:{BUS}/parcels/eu/customs/customs": "degraded",
    },
    "a group whose consumer is gone": {f"stream_groups:{BUS}/parcels.sorted/audit": "degraded"},
    "a stream without a reader": {f"stream_ownership:{BUS}/parcels.weights": "degraded"},
    "a group at a stream nothing ever came into": {
        f"stream_activity:{BUS}/parcels.claims": "degraded",
        f"stream_ownership:{BUS}/parcels.claims": "degraded",
        # Nothing says who should have written it: neither an entry nor any code.
        f"stream_producers:{BUS}/parcels.claims": "unknown",
    },
    "a stream nobody writes any longer": {
        f"stream_activity:{BUS}/parcels.manifests": "degraded",
        f"stream_producers:{BUS}/parcels.manifests": "degraded",
    },
    "a server that is open to all": {
        f"redis_exposure:{CACHE}": "degraded",
        "loopback_ports:port/7380": "degraded",
    },
    "a server that cannot save": {f"redis_persistence:{CACHE}": "degraded"},
    "a server with no place for more clients": {f"redis_clients:{CACHE}": "degraded"},
    "a server with no memory left": {f"redis_memory:{CACHE}": "degraded"},
    "a replica that its primary turns away": {f"redis_replication:{MIRROR}": "degraded"},
    "an empty model": {f"model_file_faults:{MODELS}/volume/vol_south.safetensors": "degraded"},
    "a model that was cut short": {
        f"model_file_faults:{MODELS}/volume/vol_north.safetensors": "degraded",
    },
    "a family of models that is old": {"model_families:depot/eta": "degraded"},
    "a family of models that is gone": {"model_families:depot/routing": "degraded"},
    "a link to a model that is gone": {
        f"model_file_faults:{MODELS}/eta/eta-latest.onnx": "degraded",
    },
    "a model that anybody may write": {
        f"model_file_faults:{MODELS}/eta/eta-north.onnx": "degraded",
    },
    "a version that is a copy of another": {
        f"model_file_faults:copies/{MODELS}/eta/eta-west.onnx": "degraded",
    },
    "a service that makes do without its models": {
        "model_loads:depot-pricing.service/routing": "degraded",
        "model_loads:depot-pricing.service/volume": "degraded",
    },
    "a folder of models that is gone": {
        "model_directories:/srv/depot/shared/spare-models": "down",
    },
    "an environment file that is missing": {
        f"env_file_missing:{CONF}/notify-keys.conf": "down",
        "service_state:depot-notify.service": "down",
        "unit_errors:depot-notify.service": "degraded",
        **FAILED,
    },
    "one setting with two values": {"env_values:depot/RATE_LIMIT": "degraded"},
    "a service in production and in a trial": {
        "env_modes:modes/depot-printer-queue.service": "degraded",
        "env_modes:modes/depot": "degraded",
    },
    "a secret that production has from the trial": {
        f"env_secrets_shared:CARRIER_TOKEN in {CONF}/billing.conf, {CONF}/sandbox.conf": "degraded",
    },
    "a secret that everybody may read": {f"env_file_access:{CONF}/billing.conf": "degraded"},
    "a copy of an environment file": {f"env_backups:copies in {CONF}": "degraded"},
    "an environment file nobody loads": {f"env_file_unused:unused in {CONF}": "degraded"},
    "a setting that a later file overrides": {
        "env_overrides:env/depot-gateway.service": "degraded",
    },
    "a line that systemd leaves out": {f"env_syntax:{CONF}/pricing.conf": "degraded"},
    "a secret on a command line": {
        "command_line_secrets:command/depot-audit.service": "degraded",
    },
    "code that was changed on the host": {
        "checkout_state:/srv/depot/releases/42": "degraded",
        "code_newer_than_process:depot-gateway.service": "degraded",
    },
    "a service that still runs the release before": {
        "checkout_state:/srv/depot/releases/41": "degraded",
        "checkout_state:/srv/depot/releases/42": "degraded",
    },
    "an inventory that is not true": {
        CATALOGUE: "degraded",
        f"{CATALOGUE}/depot-dispatch": "degraded",
        f"{CATALOGUE}/depot-robot": "degraded",
    },
    "a port that closed, with a site that leads to it": {
        "expected_ports:port/7405": "down",
        "proxied_services:127.0.0.1:7405": "down",
        SITE: "degraded",
    },
    "a listener that nobody wrote down": {"undocumented_listeners:tcp/7421": "degraded"},
    "a leftover that the web server loads": {
        f"web_configuration:nginx/leftover/{LEFTOVER}": "degraded",
        f"web_configuration:nginx/conflict/parcels.example/{LEFTOVER}:4": "degraded",
        f"{SITE} ({LEFTOVER}:4)": "degraded",
    },
    "a site that was changed and not loaded": {"web_servers:nginx": "degraded"},
    "a file system that is full": {"disk_space:/dev/shm": "degraded"},
    "a reboot that is due": {"reboot_required:reboot": "degraded"},
    "a log that grows": {"growing_logs:/var/log/depot/scan.out": "degraded"},
    "logs that nobody rotates": {"log_rotation:logrotate.service": "degraded"},
    "a service that says more than the journal takes": {
        "journal_drops:depot-chatter.service": "degraded",
    },
}
"""By fault the findings it gives, the parts and layers it breaks among them, with their status."""


def test_each_fault_has_its_findings_here() -> None:
    assert set(PLANTED) == set(FAULTS)


def test_both_hosts_answer_every_question(depot_run: DepotRun) -> None:
    """Root may see all there is: what is not ok is not so for want of evidence."""
    assert depot_run.done.returncode == 0, depot_run.done.stderr[-2000:]
    for host in depot_run.report["hosts"]:
        assert host["coverage"]["missing"] == 0, host["host"]


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(depot_run: DepotRun, fault: str) -> None:
    """As every finding that it must give, with evidence."""
    found = depot_run.findings(FAULTY)
    statuses = {name: found[name]["status"] if name in found else "none" for name in PLANTED[fault]}
    assert statuses == PLANTED[fault]
    for name in PLANTED[fault]:
        # Layers stand on their components, which are named.
        assert found[name]["evidence"] or found[name]["rule"] == "layers", name


def test_nothing_else_is_called_wrong_or_unknown(depot_run: DepotRun) -> None:
    """On the host with all the faults."""
    planted = {name for findings in PLANTED.values() for name in findings}
    more = {
        name: (one["status"], one["message"])
        for name, one in depot_run.findings(FAULTY).items()
        if one["status"] != "ok" and name not in planted
    }
    assert more == {}


def test_the_sound_application_is_called_sound(depot_run: DepotRun) -> None:
    """The same host before any of it was done: not one finding that is not ok."""
    found = depot_run.findings(SOUND)
    bad = {name: one["message"] for name, one in found.items() if one["status"] != "ok"}
    assert bad == {}
    domains = {one["section"] for one in found.values()}
    assert domains == {one["section"] for one in depot_run.findings(FAULTY).values()}


def test_without_a_profile_the_sound_application_raises_no_alarm(depot_run: DepotRun) -> None:
    """Only that recalls are rare is not known then: a day counts as long where nothing is said."""
    found = depot_run.without_profile(SOUND)
    bad = {name: one["severity"] for name, one in found.items() if one["status"] != "ok"}
    assert bad == {f"stream_activity:{BUS}/parcels.recalls": "P3"}


def test_severities_are_those_the_profile_says(depot_run: DepotRun) -> None:
    found = depot_run.findings(FAULTY)
    assert found["service_state:depot-dispatch.service"]["severity"] == "P0"
    assert found["service_state:parcel-lane@2.service"]["severity"] == "P1"
    assert found["service_state:depot-returns.service"]["severity"] == "P2"


def test_the_code_names_who_writes_and_who_follows(depot_run: DepotRun) -> None:
    """Through a client of its own, a package linked into a virtual environment, and a template."""
    found = depot_run.findings(SOUND)
    follows = found[f"stream_ownership:{BUS}/parcels.telemetry"]
    assert (follows["status"], follows["confidence"]) == ("ok", "configured")
    assert follows["connected_to"] == ["depot-gateway.service"]
    writes = found[f"stream_producers:{BUS}/parcels.sorted"]
    assert set(writes["connected_to"]) == {"parcel-lane@1.service", "parcel-lane@2.service"}
    usage = found["module_usage:modules/srv/depot/releases/42"]
    assert usage["details"] == [
        "used by no service: /srv/depot/releases/42/src/depot/claims.py",
        # One is nowhere called, the others take the stream from an entry, and from a token.
        "streams that the code names: 10; calls whose stream is not known: 3",
    ]


@pytest.mark.parametrize("name", [FAULTY, SOUND])
def test_ablation(depot_run: DepotRun, name: str) -> None:
    """Take out any record: nothing turns good or bad that was not, and the gap is named."""
    bundle = load([depot_run.folder]).bundles[name]
    whole = host_report(bundle)
    broken = [line for record in bundle.evidence for line in violations(bundle, record.id, whole)]
    assert broken == []


def test_no_product_code_knows_the_application() -> None:
    """Neither its name nor its streams' stand anywhere in what is shipped."""
    shipped = [
        path
        for folder in ("reporter", "roles", "playbooks", "inventory", "schemas")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in {".py", ".yml", ".json"}
    ]
    assert len(shipped) > 200
    for path in shipped:
        text = path.read_text().casefold()
        assert not any(word in text for word in ("depot", "parcel")), path
