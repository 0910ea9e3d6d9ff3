"""Files for people: the dump of a run with its manifest, and the report, one page that opens from a disk."""
