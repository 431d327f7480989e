"""What the EDK knows, without I/O, clock, threads, environment or logging: same in, same out."""
