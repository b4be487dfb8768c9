"""Reading Python sources without running them: which files a service uses, which streams it names.

`programs` says where a service's program begins, `search` finds modules, `syntax` takes from a file
what naming streams needs, `pruning` leaves out the rest, `scanner` puts it all together.
"""
