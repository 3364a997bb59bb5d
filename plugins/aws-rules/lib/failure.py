"""What ends a job early."""


class Failure(Exception):
    """The rule's failure: one of the protocol's types, and a message for the person who reads it."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind
