"""Press, a print shop: the programs of the application on which faults are tried one at a time."""
