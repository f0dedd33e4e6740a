"""What is on a page, as data: described by `read.js`, without any value that stands in a field."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Field:
    """An input of a page.

    Attributes:
        index: Its place among the elements of the document.
        kind: Its type, as in HTML.
        autocomplete: What the page says belongs into it.
        name: Its name and id.
        label: Its label, placeholder and title.
        numeric: Whether it wants digits.
        length: How many characters it takes; 0 or less for any number.
        visible: Whether a person sees it.
        enabled: Whether it can be typed into.
        empty: Whether nothing stands in it.
        invalid: Whether the page marks it as wrong.
        described: What the page says about it.
        covered: Whether something lies over it.
        group: Which group it belongs to.
    """

    index: int
    kind: str
    autocomplete: str = ""
    name: str = ""
    label: str = ""
    numeric: bool = False
    length: int = 0
    visible: bool = True
    enabled: bool = True
    empty: bool = True
    invalid: bool = False
    described: str = ""
    covered: bool = False
    group: int = 0

    @property
    def usable(self) -> bool:
        """Whether a person could type into it."""
        return self.visible and self.enabled

    @property
    def hints(self) -> str:
        """All that is written about it."""
        return f"{self.autocomplete} {self.name} {self.label}"


@dataclass(frozen=True, slots=True)
class Button:
    """A visible button or link.

    Attributes:
        kind: ``submit``, ``button``, ``link``, or ``tab``, of which the one that is open is not enabled.
        href: Where a link leads.
        banner: Whether it stands on a cookie banner.
        helper: Whether it stands on the line of a field, as “show password” does.
        inside: Whether it even lies on a field.
        action: The origin to which it sends its form, where it says so itself.
    """

    index: int
    kind: str
    text: str = ""
    name: str = ""
    href: str = ""
    enabled: bool = True
    banner: bool = False
    group: int = -1
    helper: bool = False
    inside: bool = False
    action: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A form, or what stands together like one; `action` is the origin it is sent to."""

    form: bool = True
    action: str = ""
    path: str = ""
    heading: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """A message that a page shows, and how it was recognized as one."""

    text: str
    how: str = "alert"
    group: int = -1


@dataclass(frozen=True, slots=True)
class FrameView:
    """One document: the page itself or a frame in it.

    Attributes:
        url: Its address, without query.
        origin: Scheme, host and port.
        ancestors: The origins of the documents around it.
        born: Changes with each load of the document.
        text: All visible text, in lines.
        challenge: What showed that a captcha is on it, or empty.
    """

    url: str = ""
    origin: str = ""
    title: str = ""
    born: float = 0.0
    ready: str = "complete"
    text: str = ""
    fields: tuple[Field, ...] = ()
    buttons: tuple[Button, ...] = ()
    alerts: tuple[Alert, ...] = ()
    groups: tuple[Group, ...] = ()
    challenge: str = ""
    ancestors: tuple[str, ...] = field(default=())

    @classmethod
    def from_described(cls, described: dict[str, Any], ancestors: tuple[str, ...] = ()) -> FrameView:
        """Build it from what `read.js` returned."""
        known = {
            **described,
            "fields": tuple(Field(**item) for item in described["fields"]),
            "buttons": tuple(Button(**item) for item in described["buttons"]),
            "alerts": tuple(Alert(**item) for item in described["alerts"]),
            "groups": tuple(Group(**item) for item in described["groups"]),
        }
        return cls(**known, ancestors=ancestors)

    def group(self, index: int) -> Group:
        """The group of that number."""
        return self.groups[index] if 0 <= index < len(self.groups) else Group(form=False)


@dataclass(frozen=True, slots=True)
class PageView:
    """A page: its own document first, then those in its frames."""

    frames: tuple[FrameView, ...] = (FrameView(),)

    @property
    def main(self) -> FrameView:
        """The page's own document."""
        return self.frames[0]

    @property
    def text(self) -> str:
        """All visible text."""
        return "\n".join(frame.text for frame in self.frames)

    @property
    def lines(self) -> frozenset[str]:
        """The lines of all visible text."""
        return frozenset(self.text.split("\n"))

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """The messages on all its documents."""
        return tuple(alert for frame in self.frames for alert in frame.alerts)


def outline(view: PageView) -> str:
    """The page's fields, buttons and messages in words, without any value: fit for a bug report."""
    lines = []
    for frame in view.frames:
        lines.append(f"{frame.url or 'an empty document'} “{frame.title}”")
        lines += [_field_line(item) for item in frame.fields if item.visible]
        lines += [f"  {item.kind} “{item.text[:60]}”" for item in frame.buttons[:40]]
        lines += [f"  message “{item.text[:120]}”" for item in frame.alerts]
        if frame.challenge:
            lines.append("  a challenge for people")
    return "\n".join(lines)


def _field_line(item: Field) -> str:
    marks = [mark for mark, holds in (("disabled", not item.enabled), ("covered", item.covered)) if holds]
    complete = f" autocomplete={item.autocomplete}" if item.autocomplete else ""
    return f"  field {item.kind}{complete} name=“{item.name}” “{item.label[:60]}” {' '.join(marks)}".rstrip()
