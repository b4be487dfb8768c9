"""Publishing: real servers take what is sent, or do not."""
