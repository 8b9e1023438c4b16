"""Spelling of gerunds: hand-worked examples, and two ways to the same one."""

from __future__ import annotations

from core.probes.sarcasm import gerunds

BASES = """lose losing die dying get getting see seeing panic panicking wait waiting fix fixing play playing
    carry carrying be being begin beginning visit visiting quit quitting dye dyeing show showing"""
PASTS = """missed missing closed closing carried carrying died dying stopped stopping panicked panicking freed freeing
    needed needing stole stealing got getting hit hitting lay lying forgot forgetting"""
THIRD_PERSONS = """loses losing misses missing crashes crashing carries carrying gets getting goes going has having
    lies lying leaks leaking watches watching"""


def pairs(text: str) -> dict[str, str]:
    return dict(zip(text.split()[::2], text.split()[1::2], strict=True))


def test_hand_worked() -> None:
    assert {base: gerunds.ing(base) for base in pairs(BASES)} == pairs(BASES)
    assert {past: gerunds.from_past(past) for past in pairs(PASTS)} == pairs(PASTS)
    assert all(map(gerunds.is_past, pairs(PASTS)))
    assert {word: gerunds.from_third_person(word) for word in pairs(THIRD_PERSONS)} == pairs(THIRD_PERSONS)
    for word in ("bed", "red", "hundred", "phone", "train", "seed", "the", ""):
        assert gerunds.from_past(word) is None and not gerunds.is_past(word)


def test_every_irregular_past_gives_the_gerund_of_its_base() -> None:
    for past, base in (gerunds._ACTIVE | gerunds._EITHER).items():
        assert gerunds.from_past(past) == gerunds.ing(base), past
    assert set(gerunds._ACTIVE).isdisjoint(gerunds._EITHER)
