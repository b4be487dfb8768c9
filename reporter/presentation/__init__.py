"""What a person's report says and in which order, whatever it is rendered as.

Functions here return sentences (`Text`) and groups of findings; how they look is a renderer's.
"""
