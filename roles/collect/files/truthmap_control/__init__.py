"""The control-node side of Truth Map, shared by the action plugins and the reporter.

Standard library only, Python 3.9 and later, no import of Ansible: it works in any execution
environment that has ansible-core, and in a reporter without it.
"""
