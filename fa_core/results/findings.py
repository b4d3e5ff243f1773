"""A finding: a claim, what we measured of it, and the verdict that follows from the interval."""

from __future__ import annotations

import html
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from numpy.typing import ArrayLike

from fa_core import _checks
from fa_core.results import samples

MIME_TYPE = "application/vnd.fa-core.findings+json"
_KEY = re.compile(r"[a-z0-9][a-z0-9._-]*")
_BOUNDS = {"": "", "at most": "≤ ", "at least": "≥ "}
_WORDS = {"supported": "✓ supported", "contradicted": "✗ contradicted", "undecided": "? undecided"}

Row: TypeAlias = tuple[str, Sequence[str]]  # the verdict, and the cells as HTML


@dataclass(frozen=True)
class Finding:
    """A claim tested on independent networks.

    The claim expects the mean to lie in the interval ``expected``. It is **supported** if the
    whole 95 % interval lies inside, **contradicted** if it lies outside, else **undecided**.

    Attributes:
        p: two-sided p-value of that verdict.
        key: the claim's name, the same at every scale; unique among an experiment's.
        paper: the figure or table of the paper that makes the claim; empty where it is ours.
        primary: whether it is the one claim that its chapter stands for.
        bound: ``"at most"`` or ``"at least"`` where the true mean lies beyond the estimate, because
            networks never reached the level that is asked for.
        holm: whether the verdict survives Holm's correction over all claims of the book; ``None``
            until it is asked.
    """

    claim: str
    estimate: float
    unit: str
    low: float
    high: float
    n: int
    expected: tuple[float, float]
    p: float
    key: str = ""
    paper: str = ""
    primary: bool = False
    bound: str = ""
    holm: bool | None = None

    @classmethod
    def of_mean(
        cls,
        claim: str,
        values: ArrayLike,
        unit: str,
        *,
        above: float = -math.inf,
        below: float = math.inf,
        key: str = "",
        paper: str = "",
        primary: bool = False,
        bound: str = "",
    ) -> Finding:
        """Tests that the mean over networks lies between ``above`` and ``below``.

        Args:
            claim: one sentence.
            values: one number for each network, at least 3.
            unit: of the values, for example ``"degrees"``.
            above, below: bounds of the region that the claim expects; give at least one.
            key: short name of the claim such as ``"angle-falls"``, by which pages find it.
            paper, primary, bound: see the attributes of :class:`Finding`.

        Returns:
            The finding; its interval is the 95 % interval of the mean over networks by Student's t.

        Raises:
            TypeError, ValueError: values that are not a row of at least 3 finite real numbers,
                bounds that are missing or out of order, or a claim, unit or key that is no text.
        """
        numbers = samples.sample("values", values)
        if len(numbers) < 3:
            raise ValueError(f"values must be at least 3 numbers, got {len(numbers)}: {numbers}")
        for name, text in (("claim", claim), ("unit", unit), ("key", key), ("paper", paper)):
            if not isinstance(text, str):
                raise TypeError(f"{name} must be text, got {text!r}")
        if key and not _KEY.fullmatch(key):
            raise ValueError(f"key must be small letters, digits, dots and hyphens, got {key!r}")
        _checks.flag("primary", primary)
        _checks.choice("bound", bound, _BOUNDS)
        bounds = samples.bound("above", above), samples.bound("below", below)
        if not bounds[0] < bounds[1] or bounds == (-math.inf, math.inf):
            raise ValueError(
                f"above must be smaller than below and one of them given, got {above}, {below}"
            )
        mean, low, high = map(float, samples.interval(numbers))
        p = samples.p_value(numbers, *bounds)
        n = len(numbers)
        return cls(claim, mean, unit, low, high, n, bounds, p, key, paper, primary, bound)

    @classmethod
    def of_difference(
        cls, claim: str, treated: ArrayLike, control: ArrayLike, unit: str, **options: Any
    ) -> Finding:
        """Tests the mean of ``treated - control``, paired by network; see :meth:`of_mean`.

        Raises:
            TypeError, ValueError: as there, or two samples that do not pair.
        """
        a, b = samples.sample("treated", treated), samples.sample("control", control)
        if a.shape != b.shape:
            raise ValueError(
                f"treated and control must pair network by network, got {a.shape} and {b.shape}"
            )
        return cls.of_mean(claim, a - b, unit, **options)

    @property
    def verdict(self) -> str:
        """``"supported"``, ``"contradicted"`` or ``"undecided"``."""
        above, below = self.expected
        if above < self.low and self.high < below:
            return "supported"
        if self.high < above or below < self.low:
            return "contradicted"
        return "undecided"

    def as_row(self) -> dict[str, Any]:
        """All fields and the verdict, ready for JSON (an open bound is ``None``)."""
        bounds = [bound if math.isfinite(bound) else None for bound in self.expected]
        return {**asdict(self), "expected": bounds, "verdict": self.verdict}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Finding:
        """The finding that :meth:`as_row` told of.

        Raises:
            ValueError: the row has other fields.
        """
        if set(row) != {*cls.__dataclass_fields__, "verdict"}:
            raise ValueError(f"row must be what as_row gives, got the fields {', '.join(row)}")
        above, below = row["expected"]
        fields = {key: value for key, value in row.items() if key not in ("expected", "verdict")}
        expected = (
            -math.inf if above is None else above,
            math.inf if below is None else below,
        )
        return cls(**fields, expected=expected)

    def cells(self) -> list[str]:
        """As words: claim, expected region, measured mean, 95 % interval, n, verdict."""
        above, below = self.expected
        if above == -math.inf:
            expected = f"below {three_digits(below)}"
        elif below == math.inf:
            expected = f"above {three_digits(above)}"
        else:
            expected = f"{three_digits(above)} to {three_digits(below)}"
        interval = f"{three_digits(self.low)} to {three_digits(self.high)}"
        verdict = _WORDS[self.verdict]
        if self.holm is False and self.verdict != "undecided":
            verdict += ", but not after Holm"
        claim = f"{self.claim} ({self.whose})"
        return [claim, expected, f"{self.number} {self.unit}", interval, str(self.n), verdict]

    @property
    def number(self) -> str:
        """The estimate in three digits, with a sign where it is only a bound."""
        return f"{_BOUNDS[self.bound]}{three_digits(self.estimate)}"

    @property
    def whose(self) -> str:
        """Who makes the claim, and whether it is the primary one."""
        claimed = f"paper, {self.paper}" if self.paper else "ours"
        return f"{claimed}, primary" if self.primary else claimed

    def measured_html(self) -> str:
        """What was measured as HTML: the number stands out, its interval steps back."""
        *_, interval, n, _ = self.cells()
        return (
            f"<b>{self.number}</b> {html.escape(self.unit)} "
            f'<span class="interval">({interval}), n\u00a0=\u00a0{n}</span>'
        )

    def row(self) -> Row:
        """The finding as a row under ``Findings.HEADINGS``."""
        _, expected, _, _, _, verdict = self.cells()
        claim = (
            f'{html.escape(self.claim)} <span class="interval">({html.escape(self.whose)})</span>'
        )
        return self.verdict, [verdict, claim, self.measured_html(), expected]

    def _repr_html_(self) -> str:
        return Findings([self]).to_html()

    def __str__(self) -> str:
        claim, expected, measured, interval, n, verdict = self.cells()
        return (
            f"{verdict}: {claim} Measured {measured} (95 % interval {interval}, n = {n} networks; "
            f"expected {expected})."
        )


def three_digits(number: float) -> str:
    """A number as the book shows it: thousands set apart, and a true minus sign.

    >>> three_digits(-2504.0), three_digits(0.01234)
    ('−2,500', '0.0123')
    """
    text = f"{float(f'{number:.3g}'):,.0f}" if abs(number) >= 999.5 else f"{number:.3g}"
    return text.replace("-", "−")


def html_table(headings: Sequence[str], rows: Iterable[Row], kind: str = "") -> str:
    """A table; each cell carries its heading, for a phone shows the rows one below another."""
    head = "".join(f"<th>{heading}</th>" for heading in headings)
    lines = [
        f'<tr data-verdict="{verdict}">'
        + "".join(
            f'<td data-heading="{heading}">{cell}</td>'
            for heading, cell in zip(headings, cells, strict=True)
        )
        + "</tr>"
        for verdict, cells in rows
    ]
    body = "\n".join(lines)
    return (
        f'<table class="{f"findings {kind}".strip()}">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table>"
    )


def folded_table(headings: Sequence[str], rows: Sequence[tuple[Sequence[Finding], Row]]) -> str:
    """Rows, each with the findings that it tells of: the primary one first, most folded away.

    Beside a primary finding, those that contradict their claim stay in sight. A line opens the
    rest and counts its verdicts. Without a primary finding nothing folds.
    """
    primary, contradicted, rest = [], [], []
    for found, row in rows:
        if any(finding.primary for finding in found):
            primary.append(row)
        elif any(finding.verdict == "contradicted" for finding in found):
            contradicted.append(row)
        else:
            rest.append(row)
    if not primary or not rest:
        return html_table(headings, [*primary, *(row for _, row in rows if row not in primary)])
    count = Counter(verdict for verdict, _ in rest)
    told = ", ".join(f"{count[name]} {name}" for name in _WORDS if count[name])
    return (
        f"{html_table(headings, [*primary, *contradicted])}\n"
        f"<details>\n<summary>{len(rest)} more: {told}</summary>\n"
        f"{html_table(headings, rest)}\n</details>"
    )


class Findings:
    """Several findings as one table: as text, as HTML, and as JSON for programs.

    Raises:
        TypeError, ValueError: one that is no :class:`Finding`, or a key that two of them have.
    """

    HEADINGS = ("Verdict", "Claim", "Measured", "Expected")

    def __init__(self, findings: Iterable[Finding]) -> None:
        if isinstance(findings, str) or not isinstance(findings, Iterable):
            raise TypeError(f"findings must be several Finding, got {findings!r}")
        self._findings = tuple(findings)
        for finding in self._findings:
            if not isinstance(finding, Finding):
                raise TypeError(f"findings must hold Finding alone, got {finding!r}")
        keys = Counter(finding.key for finding in self._findings if finding.key)
        if twice := [key for key, count in keys.items() if count > 1]:
            raise ValueError(f"findings must have each key once, got twice: {', '.join(twice)}")

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._findings)

    def __len__(self) -> int:
        return len(self._findings)

    def __str__(self) -> str:
        return "\n".join(map(str, self))

    def to_html(self) -> str:
        """A table with one row for each finding; most fold away below the primary one."""
        return folded_table(self.HEADINGS, [((found,), found.row()) for found in self])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        rows = [finding.as_row() for finding in self]
        return {"text/plain": str(self), "text/html": self.to_html(), MIME_TYPE: rows}
