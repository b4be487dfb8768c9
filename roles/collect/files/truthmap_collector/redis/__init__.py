"""A survey of one Redis or Valkey server: what is asked, and two ways of asking.

`survey` knows which commands are asked, in which order, under which limits; `replies` and
`entries` make rows of what came; `transport` says what a way of asking has to do, and `resp` is
the one of the host: RESP2 over a socket, by the standard library. The control node has another.
"""
