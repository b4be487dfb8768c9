"""The dataflow: which units write which streams, who reads them, and how each of it is known.

Facts in, values out; the rules, the truth table and later readers share what is found here.
"""
