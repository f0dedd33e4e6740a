"""Services that are built on first use, and closed together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar, cast

_LOCK_TIMEOUT_S = 1.0


class Closable(Protocol):
    """A service that is closed at the end."""

    def close(self) -> None:
        """Close it."""


OwnerT = TypeVar("OwnerT", bound="LazyServices")
ServiceT = TypeVar("ServiceT")
ClosableT = TypeVar("ClosableT", bound=Closable)


class LazyServices:
    """Base class of an object whose properties are services, each a `LazyProperty` or a `ClosableProperty`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.closable: list[Closable] = []
        """The services to close that have been built, in that order."""

    def close(self) -> None:
        """Close the services that have been built."""
        # A thread that holds the lock may hang in an import (seen once); quitting must not.
        locked = self.lock.acquire(timeout=_LOCK_TIMEOUT_S)
        closable, self.closable = self.closable, []
        if locked:
            self.lock.release()
        for service in closable:
            service.close()

    def built(self, name: str) -> Any:
        """The value of a property, or None if it has not been built."""
        return self.__dict__.get(name)


class LazyProperty(Generic[OwnerT, ServiceT]):
    """A property that is built once, on first use, even if two threads use it together."""

    def __init__(self, build: Callable[[OwnerT], ServiceT]) -> None:
        self._build = build
        self.__doc__ = build.__doc__

    def __set_name__(self, owner: type[OwnerT], name: str) -> None:
        self._name = name

    def __get__(self, services: OwnerT, owner: type[OwnerT]) -> ServiceT:
        with services.lock:
            if self._name not in services.__dict__:
                services.__dict__[self._name] = self._new(services)
        return cast("ServiceT", services.__dict__[self._name])

    def _new(self, services: OwnerT) -> ServiceT:
        return self._build(services)


class ClosableProperty(LazyProperty[OwnerT, ClosableT]):
    """A lazy property that is closed with the others."""

    def _new(self, services: OwnerT) -> ClosableT:
        built = super()._new(services)
        services.closable.append(built)
        return built
