"""What `plan`, `apply` and the commands that edit accounts say: as text, as JSON, as Markdown for a pull request."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import click

from tenantry.cli.output import write_data
from tenantry.cli.text import safe
from tenantry.cli.validation.message import Message, note_lines
from tenantry.domain.capacity import CapacityKind
from tenantry.services.effects import Action, CountChange, Difference, Effect, Plan, Result

FORMATS = ("text", "json", "markdown")
_MARKS = {Action.CREATE: "+", Action.CHANGE: "~", Action.REMOVE: "-", Action.FOLLOW: ">", Action.NONE: "!"}
_VERBS = {
    Action.CREATE: ("to create", "created"),
    Action.CHANGE: ("to change", "changed"),
    Action.REMOVE: ("to remove", "removed"),
    Action.FOLLOW: ("to follow", "followed"),
}
#: A comment on a pull request has an end; JSON has everything.
_MOST_ROWS = 300
_LONGEST_VALUE = 80
#: What Markdown and HTML would take for markup.
_ENTITIES = {ord(character): f"&#{ord(character)};" for character in "&\\`*_[]<>|#@"}


def write_plans(
    plans: Sequence[Plan], output: str, *, done: bool, err: bool = False, passed_over: Sequence[Message] = ()
) -> None:
    """Write what was planned or, ``done``, carried out, and what of the files was passed over."""
    if output == "json":
        tenants = [_as_data(plan) for plan in plans]
        write_data({"done": done, "tenants": tenants, "notes": [_said(note) for note in passed_over]}, "json")
    else:
        _write_notes(passed_over)
        lines = _markdown(plans, done=done) if output == "markdown" else _text(plans, done=done)
        click.echo("\n".join(safe(line) for line in lines), err=err)


def write_faults(faults: Sequence[Message], notes: Sequence[Message], output: str) -> None:
    """Write what is wrong with the files, for which nothing was planned, and what of them was passed over."""
    if output == "json":
        said = {"faults": [_said(fault) for fault in faults], "notes": [_said(note) for note in notes]}
        write_data({"done": False, "tenants": [], **said}, "json")
        return
    _write_notes(notes)
    ending = f"{len(faults)} fault{'s' * (len(faults) > 1)} in the files; nothing was planned"
    mark = "- " if output == "markdown" else ""
    click.echo("\n".join([*(safe(f"{mark}{fault}") for fault in faults), ending]))


def _write_notes(notes: Sequence[Message]) -> None:
    for line in note_lines(notes):
        click.echo(safe(line), err=True)


def _said(message: Message) -> dict[str, Any]:
    return asdict(message.place) | {"field": message.field, "reason": str(message.reason), "message": message.text}


def summary(plans: Sequence[Plan], *, done: bool) -> str:
    """Return the numbers in one line. Each object is in one of them: what is not in force is not done."""
    effects = [effect for plan in plans for effect in plan.effects]
    actions = Counter(e.action for e in effects if not e.fails)
    parts = [f"{actions[action]} {words[done]}" for action, words in _VERBS.items() if actions[action]]
    failing = Counter(e.result is Result.WAITING for e in effects if e.fails)
    parts += [f"{failing[True]} waiting"] if failing[True] else []
    parts += [f"{failing[False]} refused or held"] if failing[False] else []
    same = sum(plan.unchanged for plan in plans)
    return f"{', '.join(parts) or 'nothing to do'}; {same} unchanged"


def _text(plans: Sequence[Plan], *, done: bool) -> Iterator[str]:
    for plan in plans:
        counts = list(map(_count, _told(plan)))
        if plan.effects or counts or plan.notes:
            yield f"{plan.namespace}:"
        width = max((len(_subject(e)) for e in plan.effects), default=0)
        for effect in plan.effects:
            yield f"  {_MARKS[effect.action]} {_subject(effect):{width}}  {_detail(effect)}".rstrip()
        if counts:
            yield "  seats and limits:"
            yield from (f"    {name}: {numbers}" for name, numbers in counts)
        yield from (f"  note: {note}" for note in plan.notes)
    yield f"{'Done' if done else 'Plan'}: {summary(plans, done=done)}"


def _markdown(plans: Sequence[Plan], *, done: bool) -> Iterator[str]:
    yield f"### Tenantry: {summary(plans, done=done)}"
    rows = _rows(plans)
    for plan in plans:
        yield from ("", f"**{_cell(plan.namespace)}**")
        if plan.effects:
            yield from ("", "| | Object | What |", "|---|---|---|")
        for effect in rows[plan.namespace]:
            yield f"| `{_MARKS[effect.action]}` | {_cell(_subject(effect))} | {_cell(_detail(effect))} |"
        if len(plan.effects) > len(rows[plan.namespace]):
            yield f"| | … | and {len(plan.effects) - len(rows[plan.namespace])} more |"
        counts = list(map(_count, _told(plan)))
        if counts:
            yield from ("", "| Seats and limits | Use |", "|---|---|")
            yield from (f"| {_cell(name)} | {numbers} |" for name, numbers in counts)
        yield from (f"\n> {_cell(note)}" for note in plan.notes)


def _rows(plans: Sequence[Plan]) -> dict[str, list[Effect]]:
    """Return by namespace what there is room for: in all of them together, what fails comes first."""
    found: dict[str, list[Effect]] = {plan.namespace: [] for plan in plans}
    effects = sorted((effect for plan in plans for effect in plan.effects), key=lambda effect: not effect.fails)
    for effect in effects[:_MOST_ROWS]:
        found[effect.namespace].append(effect)
    return found


def _cell(text: str) -> str:
    """Return text that ends no cell and is no markup."""
    return " ".join(text.translate(_ENTITIES).split())


def _subject(effect: Effect) -> str:
    login = f" ({effect.login})" if effect.login and effect.login != effect.name else ""
    return f"{effect.kind} {effect.name}{login}"


def _detail(effect: Effect) -> str:
    """Return what changes, and why it is not in force."""
    moved = [f'{m.count} of kind "{m.kind}" in Workgroup "{m.workgroup}" {m.fate}' for m in effect.holdings]
    if effect.result is Result.GONE:
        return "; ".join(part for part in (effect.message, *moved) if part)
    told = "; ".join([*map(_difference, effect.differences), *moved])
    if effect.result is Result.READY:
        return told
    fault = effect.message if effect.message.startswith(effect.reason) else f"{effect.reason}: {effect.message}"
    words = {Result.WAITING: "waits", Result.HELD: "is held", Result.PAUSED: "is paused", Result.PENDING: "not yet"}
    return "; ".join(part for part in (told, f"{words.get(effect.result, 'refused')}: {fault}") if part)


def _difference(difference: Difference) -> str:
    old, new = _value(difference.before), _value(difference.after)
    if difference.before is None:
        return f"{difference.field} {new}"
    return f"{difference.field} {old} -> {new}"


def _value(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, dict) and "membership" in value:
        rest = [f"{name} {_value(below)}" for name, below in value.items() if name not in {"membership", "role"}]
        return ", ".join([value.get("role") or value["membership"], *rest])
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _told(plan: Plan) -> list[CountChange]:
    """Return the capacities that change, or that somebody waits for."""
    return [c for c in plan.counts if c.before != c.after or c.after.waiting]


def _count(change: CountChange) -> tuple[str, str]:
    capacity, before, after = change.capacity, change.before, change.after
    kind = "" if capacity.kind is CapacityKind.LICENSE else f"{capacity.kind.value} "
    numbers = f"{before.used} -> {after.used}"
    if after.bought is not None:
        was = f" (before: {before.bought})" if before.bought not in {None, after.bought} else ""
        numbers += f" of {after.bought}{was}"
    notes = [f"{after.waiting} more waiting"] if after.waiting else []
    over = after.used - after.bought if after.bought is not None else 0
    notes += [f"{over} over"] if over > 0 else []
    return f"{capacity.owner} {kind}{capacity.name}", numbers + (f", {', '.join(notes)}" if notes else "")


def _as_data(plan: Plan) -> dict[str, Any]:
    return {
        "namespace": plan.namespace,
        "changes": plan.changes,
        "fails": plan.fails,
        "unchanged": plan.unchanged,
        "effects": [_effect(effect) for effect in plan.effects],
        "capacities": [_capacity(change) for change in plan.counts],
        "notes": list(plan.notes),
    }


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        "kind": effect.kind.value,
        "name": effect.name,
        "login": effect.login,
        "action": effect.action.value,
        "result": effect.result.value,
        "reason": str(effect.reason),
        "message": effect.message,
        "named": effect.named,
        "fails": effect.fails,
        "differences": [asdict(difference) for difference in effect.differences],
        "holdings": [asdict(moved) for moved in effect.holdings],
    }


def _capacity(change: CountChange) -> dict[str, Any]:
    identity = {"kind": change.capacity.kind.value, "owner": change.capacity.owner, "name": change.capacity.name}
    return identity | {"before": asdict(change.before), "after": asdict(change.after)}
