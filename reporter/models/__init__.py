"""Models: files on disk by family, and what units say that they loaded.

Facts in, values out; the rules and the table of models share what is found here.
"""
