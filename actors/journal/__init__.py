"""The journal on disk: how entries become bytes, the chain, the one writer, the readers."""
