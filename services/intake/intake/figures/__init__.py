"""What operators see of intake, a module per subject."""

from intake.figures import erasures, findings, people, sources, texts

SAMPLERS = (*texts.SAMPLERS, *sources.SAMPLERS, *findings.SAMPLERS, *erasures.SAMPLERS, *people.SAMPLERS)
