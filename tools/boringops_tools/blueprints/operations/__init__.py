"""Operations: what keeps a deployed application watched, recoverable, rotated and paid for. Each part only where it is asked."""
