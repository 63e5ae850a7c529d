"""The one way in which the launcher gives up."""


class LaunchFailed(Exception):
    """Something that a world needs could not be had; the message is one sentence a developer can act on.

    Log lines that help may follow the sentence on lines of their own.
    """
