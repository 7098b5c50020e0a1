import json
from pathlib import Path

from benchmarks.bars import at_least, at_most, exactly, write


def test_a_ratio_at_its_target_holds() -> None:
    assert at_least("rate", "users/s", ours=200, reference=400, least=0.5).holds
    assert at_most("memory", "MB", ours=100, reference=500, most=0.2).holds


def test_a_ratio_beyond_its_target_is_missed() -> None:
    assert not at_least("rate", "users/s", ours=199, reference=400, least=0.5).holds
    assert not at_most("memory", "MB", ours=101, reference=500, most=0.2).holds


def test_a_count_holds_only_when_it_is_the_wanted_one() -> None:
    assert [exactly("writes", "writes", count, 0).holds for count in (0, 1)] == [True, False]


def test_the_file_lists_what_others_read(tmp_path: Path) -> None:
    write([at_least("rate", "users/s", ours=200, reference=400, least=0.5, note="a note")], tmp_path / "bench.json")
    [bar] = json.loads((tmp_path / "bench.json").read_text())
    assert {key: bar[key] for key in ("bar", "ours", "reference", "ratio", "target", "holds")} == {
        "bar": "rate",
        "ours": 200,
        "reference": 400,
        "ratio": 0.5,
        "target": ">= 0.5",
        "holds": True,
    }
