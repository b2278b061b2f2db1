"""Whether anything is lost when processes are killed: `bench faults`."""
