"""A real Secret Service of a test's own: a bus, gnome-keyring on it, unlocked or locked."""

import contextlib
import os
import subprocess

import secretstorage
from jeepney import message_bus
from jeepney.io.blocking import Proxy, open_dbus_connection


class SecretService:
    """A test's own keyring."""

    def __init__(self, address):
        self.environ = {"DBUS_SESSION_BUS_ADDRESS": address}
        self._address = address

    def lock(self):
        """Lock the default collection, as a screen saver might."""
        with self._collection() as collection:
            collection.lock()
            assert collection.is_locked()

    def entries(self):
        """The secrets of all entries, by their service and name."""
        with self._collection() as collection:
            found = [(item.get_attributes(), item.get_secret()) for item in collection.get_all_items()]
        return {(about.get("service"), about.get("username")): secret.decode() for about, secret in found}

    @contextlib.contextmanager
    def _collection(self):
        with contextlib.closing(open_dbus_connection(self._address)) as bus:
            yield secretstorage.get_default_collection(bus)


@contextlib.contextmanager
def secret_service(home):
    """Run one, with what it keeps below `home`."""
    unwanted = ("DBUS_", "XDG_", "DISPLAY", "WAYLAND_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    environ = inherited | {"HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as bus:
        try:
            address = bus.stdout.readline().strip()
            daemon = ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"]
            with subprocess.Popen(
                daemon,
                env=environ | {"DBUS_SESSION_BUS_ADDRESS": address},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ) as keyring:
                try:
                    keyring.stdin.write(b"pw")
                    keyring.stdin.close()
                    _wait_for_service(address)
                    yield SecretService(address)
                finally:
                    keyring.terminate()
        finally:
            bus.terminate()


def _wait_for_service(address):
    """Until the service is on the bus and its collection is there."""
    from tests.stopwatch import until

    def there():
        with contextlib.closing(open_dbus_connection(address)) as bus:
            # A client that asks for a service that is not there makes the bus start another one, and that is locked.
            if not Proxy(message_bus, bus).NameHasOwner("org.freedesktop.secrets")[0]:
                return False
            try:
                return not secretstorage.Collection(bus, "/org/freedesktop/secrets/aliases/default").is_locked()
            except secretstorage.SecretStorageException:
                return False

    until(there, 60)
