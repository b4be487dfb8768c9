"""The subcommands of `truthmap`, one module each."""
