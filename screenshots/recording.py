"""A story in pictures of the app, shown one after the other: an SVG that moves by itself, as crisp as each of them."""

from __future__ import annotations

import re


class Recording:
    """Collects pictures of one size, and for how long each is shown."""

    def __init__(self) -> None:
        self._frames: list[tuple[str, float]] = []

    def add(self, svg: str, seconds: float) -> None:
        """Show this picture next; one that is like the picture before only lets that one stay."""
        if self._frames and self._frames[-1][0] == svg:
            seconds += self._frames.pop()[1]
        self._frames.append((svg, seconds))

    def svg(self) -> str:
        """All of it, beginning again at its end."""
        box = re.search(r'viewBox="[^"]*"', self._frames[0][0])
        whole = sum(seconds for _, seconds in self._frames)
        styles, pictures, begun = [], [], 0.0
        for number, (svg, seconds) in enumerate(self._frames):
            first, last = (100 * moment / whole for moment in (begun, begun + seconds))
            hidden = "" if number == 0 else "0% { visibility: hidden } "
            styles.append(
                f"@keyframes f{number} {{ {hidden}{first:.3f}% {{ visibility: visible }} "
                f"{min(last, 100):.3f}% {{ visibility: {'visible' if last > 100 - 1e-6 else 'hidden'} }} "
                f"100% {{ visibility: {'visible' if last > 100 - 1e-6 else 'hidden'} }} }} "
                f".f{number} {{ visibility: {'visible' if number == 0 else 'hidden'}; "
                f"animation: f{number} {whole:.2f}s step-end infinite }}"
            )
            # Each with names of its own: what is hidden with another picture would hide this one's parts as well.
            own = re.sub(r"terminal-\d+-", f"t{number}-", svg)
            pictures.append(f'<g class="f{number}">{own}</g>')
            begun += seconds
        style = "\n".join(styles)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {box[0] if box else ""}>\n<style>\n{style}\n</style>\n'
            + "\n".join(pictures)
            + "\n</svg>\n"
        )
