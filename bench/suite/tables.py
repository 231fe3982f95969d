"""What a scenario found, as one document: markdown for people, JSON for programs."""
import dataclasses
import json

import machine


class Remarked:
    """What has a list of remarks."""

    def remark(self, text):
        """Say it once, however often it is found."""
        if text not in self.remarks:
            self.remarks.append(text)

    def warn(self, text):
        """Remark what there is to say, if anything."""
        if text:
            self.remark(f"warning: {text}")

    def remark_missing(self, missing, where=""):
        """Say what was left out: name → why."""
        for name, why in missing.items():
            self.remark(f"{where}{name} is missing: {why}")


@dataclasses.dataclass
class Table(Remarked):
    title: str
    columns: list
    rows: list = dataclasses.field(default_factory=list)
    remarks: list = dataclasses.field(default_factory=list)

    def markdown(self):
        cells = [self.columns] + [[cell_text(cell) for cell in row] for row in self.rows]
        widths = [max(len(row[column]) for row in cells) for column in range(len(self.columns))]
        numeric = [all(is_number(row[column]) for row in self.rows)
                   for column in range(len(self.columns))]

        def line(row):
            return "| " + " | ".join(
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(row, widths, numeric)) + " |"

        rule = "|" + "|".join("-" * (width + 1) + (":" if right else "-")
                              for width, right in zip(widths, numeric)) + "|"
        text = [f"### {self.title}", "", line(cells[0]), rule, *map(line, cells[1:])]
        if self.remarks:
            text += ["", *(f"- {remark}" for remark in self.remarks)]
        return "\n".join(text) + "\n"


def is_number(cell):
    return cell is None or isinstance(cell, (int, float))


def cell_text(cell):
    if cell is None:
        return "–"
    if isinstance(cell, float):
        if cell != cell:
            return "–"
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}" if abs(cell) < 10 else f"{cell:.1f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def ratio_text(ratio):
    """A ratio with its confidence interval."""
    middle, low, high = ratio
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


@dataclasses.dataclass
class Curve:
    """What a plot shows: lines of (x, y) points, by name."""
    name: str
    x: str
    y: str
    lines: dict
    logarithmic: bool = False


@dataclasses.dataclass
class Document(Remarked):
    """The tables of one scenario, with all that is needed to judge and to repeat them."""
    name: str
    facts: dict
    tables: list = dataclasses.field(default_factory=list)
    configurations: dict = dataclasses.field(default_factory=dict)
    raw: dict = dataclasses.field(default_factory=dict)
    curves: list = dataclasses.field(default_factory=list)
    remarks: list = dataclasses.field(default_factory=list)

    def add_version(self, package):
        """Add a Debian package's version to the facts; None is none."""
        if package:
            self.facts[package] = machine.version_of(package) or "unknown"

    def facts_markdown(self):
        return "\n".join(f"- {name}: {value}" for name, value in self.facts.items()) + "\n"

    def markdown(self):
        parts = [f"## {self.name}\n", self.facts_markdown(), *(t.markdown() for t in self.tables)]
        if self.remarks:
            parts.append("\n".join(f"- {remark}" for remark in self.remarks) + "\n")
        if self.configurations:
            parts.append("### How each was started\n")
            parts += [f"**{name}**\n```\n{text.strip()}\n```\n"
                      for name, text in self.configurations.items()]
        return "\n".join(parts)

    def json(self):
        return json.dumps({
            "schema": "hello-bench/1", "name": self.name, "facts": self.facts,
            "tables": [dataclasses.asdict(table) for table in self.tables],
            "configurations": self.configurations, "runs": self.raw}, indent=1)

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.md").write_text(self.markdown(), encoding="utf-8")
        (folder / f"{self.name}.json").write_text(self.json(), encoding="utf-8")
