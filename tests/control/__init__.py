"""Tests of the control-node side: program, answer, archive, probes, roles and playbooks."""
