"""The default: everything on one machine, in SQLite files and a folder of blobs."""
