"""Configuration of web servers and proxies, reduced on the host to the directives that are needed.

A server's configuration holds secrets wherever it likes: headers, maps, passwords, URLs. So no text
of it leaves the host as it is: only directives that are named here do, of these only arguments that
have the shape such an argument has, and the rest is counted.
"""
