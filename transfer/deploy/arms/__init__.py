"""Arms that the runtime can drive. `base` says what one offers; `virtual` is the twin in its own process."""
