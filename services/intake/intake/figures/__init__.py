"""What operators see of intake, a module per subject."""

from intake.figures import sources, texts

SAMPLERS = (*texts.SAMPLERS, *sources.SAMPLERS)
