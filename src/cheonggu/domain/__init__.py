"""The rules, pure: no I/O, no SQL, no clock. Nothing here imports anything of ours outside this room."""
