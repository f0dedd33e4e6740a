"""The description of a page by `read.js`, as data, without the values of its fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Field:
    """An input of a page.

    Attributes:
        index: Its place among the elements of the document.
        kind: Its type, as in HTML.
        autocomplete: Its ``autocomplete`` attribute.
        name: Its name and id.
        label: Its label, placeholder and title.
        numeric: Whether it expects digits.
        length: Its maximum number of characters; 0 or less if unlimited.
        visible: Whether it is visible.
        enabled: Whether it accepts input.
        empty: Whether it has no value.
        invalid: Whether the page, or the browser, marks its value as invalid.
        described: The page's description of it, else the browser's complaint about its value.
        covered: Whether another element covers it.
        group: The index of its group.
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
        """Whether a user could type into it."""
        return self.visible and self.enabled

    @property
    def hints(self) -> str:
        """Its autocomplete, name and label in one text."""
        return f"{self.autocomplete} {self.name} {self.label}"


@dataclass(frozen=True, slots=True)
class Button:
    """A visible button or link.

    Attributes:
        kind: ``submit``, ``button``, ``link`` or ``tab``; the selected tab is not enabled.
        href: The target of a link.
        about: Its accessible name and the text around it alone, which tell it from others with the same text.
        banner: Whether it belongs to a cookie banner.
        helper: Whether it is on the same line as a field, as “show password” is.
        inside: Whether it overlaps a field.
        action: The origin of its own ``formaction``, or empty.
    """

    index: int
    kind: str
    text: str = ""
    name: str = ""
    href: str = ""
    about: str = ""
    enabled: bool = True
    banner: bool = False
    group: int = -1
    helper: bool = False
    inside: bool = False
    action: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A form, or elements that are laid out like one; `action` is the origin that it is sent to."""

    form: bool = True
    action: str = ""
    path: str = ""
    heading: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """A message on a page.

    Attributes:
        source: How it was recognised: ``alert``, ``invalid``, ``status``, or ``named`` for its id or class.
    """

    text: str
    source: str = "alert"
    group: int = -1


@dataclass(frozen=True, slots=True)
class FrameView:
    """One document: the page itself or a frame in it.

    Attributes:
        url: Its address, without query.
        origin: Scheme, host and port.
        ancestors: The origins of its ancestor documents.
        loaded_at: The time of its load in milliseconds, which tells one load from another.
        static: Whether nothing can change it by itself: it has loaded, and has no script, no frame and no refresh.
        text: All visible text, in lines.
        challenge: The name of the captcha on it, or empty.
        way_out: Whether it has a link or form whose address is one for signing out, even in a closed menu.
        passkey: Whether its scripts have asked for a passkey or security key.
    """

    url: str = ""
    origin: str = ""
    title: str = ""
    loaded_at: float = 0.0
    ready: str = "complete"
    static: bool = False
    text: str = ""
    fields: tuple[Field, ...] = ()
    buttons: tuple[Button, ...] = ()
    alerts: tuple[Alert, ...] = ()
    groups: tuple[Group, ...] = ()
    challenge: str = ""
    way_out: bool = False
    passkey: bool = False
    ancestors: tuple[str, ...] = field(default=())

    @classmethod
    def from_described(cls, described: dict[str, Any], ancestors: tuple[str, ...] = ()) -> FrameView:
        """The view for a description returned by `read.js`."""
        known = {
            **described,
            "fields": tuple(Field(**item) for item in described["fields"]),
            "buttons": tuple(Button(**item) for item in described["buttons"]),
            "alerts": tuple(Alert(**item) for item in described["alerts"]),
            "groups": tuple(Group(**item) for item in described["groups"]),
        }
        return cls(**known, ancestors=ancestors)

    def group(self, index: int) -> Group:
        """The group with this index."""
        return self.groups[index] if 0 <= index < len(self.groups) else Group(form=False)


@dataclass(frozen=True, slots=True)
class PageView:
    """A page: its main document, then those of its frames."""

    frames: tuple[FrameView, ...] = (FrameView(),)

    @property
    def main(self) -> FrameView:
        """The main document."""
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
        """The messages of all documents."""
        return tuple(alert for frame in self.frames for alert in frame.alerts)


def outline(view: PageView) -> str:
    """The page's fields, buttons and messages as text for a bug report, without any value."""
    lines = []
    for frame in view.frames:
        lines.append(f"{frame.url or 'an empty document'} “{frame.title}”")
        lines += [_field_line(item) for item in frame.fields if item.visible]
        lines += [f"  {item.kind} “{item.text[:60]}”" for item in frame.buttons[:40]]
        lines += [f"  message “{item.text[:120]}”" for item in frame.alerts]
        if frame.challenge:
            lines.append("  a captcha")
    return "\n".join(lines)


def _field_line(item: Field) -> str:
    flags = [flag for flag, holds in (("disabled", not item.enabled), ("covered", item.covered)) if holds]
    complete = f" autocomplete={item.autocomplete}" if item.autocomplete else ""
    return f"  field {item.kind}{complete} name=“{item.name}” “{item.label[:60]}” {' '.join(flags)}".rstrip()
