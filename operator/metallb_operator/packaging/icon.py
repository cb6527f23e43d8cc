"""The icon of catalogues: one address that leads to three nodes. Pure."""

import base64
from typing import Final

SVG: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40" viewBox="0 0 80 40">'
    '<g fill="none" stroke="#37474f" stroke-width="3">'
    '<path d="M18 20h24M42 20l22-13M42 20h22M42 20l22 13"/></g>'
    '<circle cx="14" cy="20" r="8" fill="#00796b"/>'
    '<g fill="#90a4ae"><rect x="60" y="2" width="16" height="9" rx="2"/>'
    '<rect x="60" y="15.5" width="16" height="9" rx="2"/>'
    '<rect x="60" y="29" width="16" height="9" rx="2"/></g></svg>'
)


def icon() -> list[dict[str, str]]:
    """Return the icon as a CSV has it."""
    return [{"base64data": base64.b64encode(SVG.encode()).decode(), "mediatype": "image/svg+xml"}]
