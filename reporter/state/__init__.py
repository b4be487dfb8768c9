"""What is there on a host, in a form in which two hosts, or two moments, can be compared."""
