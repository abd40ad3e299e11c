"""The store: what many processes, deaths, failing disks and strangers may do to it."""
