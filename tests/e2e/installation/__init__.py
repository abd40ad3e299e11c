"""The package as installers, forges and hooks put it in place."""
