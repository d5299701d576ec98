from __future__ import annotations

from bot.engine.cache import TrackerCache


def test_a_tracker_comes_back_only_after_the_commit() -> None:
    cache: TrackerCache[str] = TrackerCache()
    cache.hold("t1", "c", b"state", "tracker")
    assert cache.take("c", b"state") is None
    cache.settle("t1", True)
    assert cache.take("c", b"state") == "tracker"


def test_a_dropped_turn_leaves_nothing() -> None:
    cache: TrackerCache[str] = TrackerCache()
    cache.hold("t1", "c", b"state", "tracker")
    cache.settle("t1", False)
    cache.settle("t1", True)
    assert cache.take("c", b"state") is None


def test_it_is_taken_exclusively() -> None:
    cache: TrackerCache[str] = TrackerCache()
    cache.hold("t1", "c", b"state", "tracker")
    cache.settle("t1", True)
    assert [cache.take("c", b"state"), cache.take("c", b"state")] == ["tracker", None]


def test_another_conversation_with_the_same_state_does_not_get_it() -> None:
    cache: TrackerCache[str] = TrackerCache()
    cache.hold("t1", "c", b"state", "tracker")
    cache.settle("t1", True)
    assert cache.take("d", b"state") is None


def test_the_oldest_goes_when_it_is_full() -> None:
    cache: TrackerCache[int] = TrackerCache(size=3)
    for i in range(5):
        cache.hold(f"t{i}", "c", b"%d" % i, i)
        cache.settle(f"t{i}", True)
    assert len(cache) == 3
    assert [cache.take("c", b"%d" % i) for i in range(5)] == [None, None, 2, 3, 4]


def test_turns_that_are_never_settled_do_not_pile_up() -> None:
    cache: TrackerCache[int] = TrackerCache(size=3)
    for i in range(10):
        cache.hold(f"t{i}", "c", b"%d" % i, i)
    for i in range(10):
        cache.settle(f"t{i}", True)
    assert len(cache) == 3
