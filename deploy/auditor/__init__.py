"""The auditor: a program apart from the services that reads only evidence, and decides which promises were kept."""

from deploy.auditor.auditing import Sources, audit
from deploy.auditor.limits import Limits
from deploy.auditor.verdicts import Verdict

__all__ = ["Limits", "Sources", "Verdict", "audit"]
