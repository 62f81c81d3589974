from bots.breaker import Breaker


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def a_breaker(clock: Clock) -> Breaker:
    return Breaker(patience=3, pause=5.0, clock=clock)


def test_it_lets_through_until_patience_ends() -> None:
    breaker = a_breaker(Clock())
    for _ in range(2):
        breaker.failed()
    assert breaker.lets_through()
    breaker.failed()
    assert not breaker.lets_through()


def test_after_the_pause_one_call_finds_out() -> None:
    clock = Clock()
    breaker = a_breaker(clock)
    for _ in range(3):
        breaker.failed()
    clock.now += 5.0
    assert [breaker.lets_through() for _ in range(3)] == [True, False, False]


def test_a_success_closes_it() -> None:
    clock = Clock()
    breaker = a_breaker(clock)
    for _ in range(3):
        breaker.failed()
    clock.now += 5.0
    assert breaker.lets_through()
    breaker.succeeded()
    assert all(breaker.lets_through() for _ in range(9))


def test_a_failed_probe_keeps_it_open() -> None:
    clock = Clock()
    breaker = a_breaker(clock)
    for _ in range(3):
        breaker.failed()
    clock.now += 5.0
    assert breaker.lets_through()
    breaker.failed()
    clock.now += 4.9
    assert not breaker.lets_through()


def test_a_success_forgets_earlier_failures() -> None:
    breaker = a_breaker(Clock())
    for _ in range(10):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert breaker.lets_through()
