"""The lock file of Bun, which is JSON with trailing commas.

What a project asks for stands at ``workspaces``, by the folder of each package: ``""`` is the one beside the file.
"""

from __future__ import annotations

from guardrails.documents.document import Format
from guardrails.documents.json import Json

FORMAT: Format = Json("bun-lock", ("bun.lock",))
