"""The program's icon."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QIcon

ICONS = Path(__file__).resolve().parent.parent / "resources" / "icons"
SIZES_PX = (16, 32, 64, 128, 256)


def program_icon() -> QIcon:
    """Return the icon of the program in all its sizes."""
    icon = QIcon()
    for size in SIZES_PX:
        icon.addFile(str(ICONS / f"starkeep-{size}.png"))
    return icon
