"""Leases of a shared service, on a clock that the test moves."""

from wandb_tui.integrations._leases import Leases


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_user_that_stops_renewing_is_not_waited_for():
    clock = Clock()
    leases = Leases(60.0, clock)
    leases.renew("job1:killed")
    leases.renew("job2:alive")
    for _ in range(3):
        clock.now += 25
        leases.renew("job2:alive")
    assert not leases.held_by("job1:")
    assert leases.held_by("job2:")
    assert not leases.unused
    clock.now += 61
    assert leases.unused


def test_the_last_user_learns_that_it_is_the_last():
    leases = Leases(60.0, Clock())
    leases.renew("a")
    leases.renew("b")
    assert not leases.release("a")
    assert leases.release("b")


def test_one_killed_does_not_keep_the_last_from_being_the_last():
    clock = Clock()
    leases = Leases(60.0, clock)
    leases.renew("killed")
    clock.now += 61
    leases.renew("b")
    assert leases.release("b")


def test_calls_without_a_lease_keep_it_in_use():
    clock = Clock()
    leases = Leases(60.0, clock)
    clock.now += 59
    leases.touch()
    clock.now += 59
    assert not leases.unused
    clock.now += 2
    assert leases.unused
