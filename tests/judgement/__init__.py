"""Parts B to E and the closing words, over made and recorded hosts."""
