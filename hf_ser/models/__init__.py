"""One folder per architecture, self-contained so that it can travel with a checkpoint."""
