"""What the code of an application says, told from the rows of a source scan.

`model` reads the rows, `usage` tells which modules a program uses, `evaluate` what an expression
stands for (with `calls` and `objects`), `streams` which streams a unit's code writes and reads.
"""
