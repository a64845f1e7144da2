"""The table of a run."""
from lib.rows import ROWS


def quantity(row, value):
    return f"{value:,.0f} ns" if ROWS[row].prints_time else f"{value:.3f} s"


def cell(row, column, result):
    """Native: the time; the others: the ratio to it, where there is one. "!": somebody else used the machine."""
    if column not in result:
        return "-"
    own = result[column]
    mark = "!" if "disturbed" in own else ""
    if column != "native" and "native" in result:
        native = result["native"]["median"]
        return f"{own['median'] / native:.2f} ({own['min'] / native:.2f}-{own['max'] / native:.2f}){mark}"
    return f"{quantity(row, own['median'])} ({own['min'] / own['median']:.2f}-{own['max'] / own['median']:.2f}){mark}"


def table(results, columns):
    """Lines of a table in Markdown."""
    with_stops = "coffer" in columns
    head = ["row"] + columns + (["stops", "stops/s"] if with_stops else [])
    lines = [head]
    for row, result in results.items():
        line = [row] + [cell(row, column, result) for column in columns]
        if with_stops:
            own = result.get("coffer", {})
            line += [str(own.get("stops", "-")), str(own.get("stops_per_second", "-"))]
        lines.append(line)
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    rule = "|-" + "-|-".join("-" * width for width in widths) + "-|"
    printed = ["| " + " | ".join(text.ljust(width) for text, width in zip(line, widths)) + " |" for line in lines]
    return [printed[0], rule] + printed[1:]


def one_stop(results):
    """What one stop costs in each column, beyond the call itself."""
    result = results.get("one-stop", {})
    if "native" not in result:
        return []
    native = result["native"]["median"]
    return [f"one stop, {column}: {own['median'] - native:,.0f} ns beyond the call's own {native:,.0f} ns"
            for column, own in result.items() if column != "native"]


def verdict(results):
    """Names the rows on which PRoot was as fast as coffer or faster."""
    both = [row for row, result in results.items() if "coffer" in result and "proot" in result]
    lost = [row for row in both if results[row]["coffer"]["median"] >= results[row]["proot"]["median"]]
    if not both:
        return []
    return ["coffer is not faster than PRoot on: " + ", ".join(lost) if lost
            else "coffer is faster than PRoot on every row that both ran"]


def disturbed(results):
    return [f"! {row}, {column}: {own['disturbed']}" for row, result in results.items()
            for column, own in result.items() if "disturbed" in own]
