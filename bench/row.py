"""A line of the bench's table, and of bench.json."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was measured, against what, and whether it is enough."""

    name: str
    value: float | None
    """None where it could not be measured."""
    unit: str
    reference: float | None
    """The same unit, from the same run; None where the target is absolute and nothing compares."""
    ratio: float | None
    target: str
    reached: bool
    note: str
    """How it was taken, and what else was seen."""
    reason: str = ""
    """What bounds it, where it was not reached."""

    @classmethod
    def failed(cls, name: str, error: Exception) -> "Row":
        """The row of what could not be measured."""
        return cls(name, None, "", None, None, "", False, f"could not be measured: {error}")

    def as_json(self) -> dict[str, object]:
        """The row as bench.json has it; a reason only where there must be one."""
        row: dict[str, object] = {
            "name": self.name, "value": self.value, "unit": self.unit, "reference": self.reference,
            "ratio": self.ratio, "target": self.target, "reached": self.reached, "note": self.note,
        }  # fmt: skip
        return row if self.reached else {**row, "reason": self.reason or self.note}
