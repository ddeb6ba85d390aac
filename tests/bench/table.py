"""A table of medians: a column for each server, and how many times better the first is than the last."""

import os
import statistics

LABEL, CELL = 60, 14


def medians(runs):
    return {figure: statistics.median(run[figure] for run in runs) for figure in runs[0]}


def heading(arguments, columns):
    print(f"medians of {arguments.repeats}, {arguments.seconds} s each, servers taking turns; load before: {os.getloadavg()[0]:.2f}\n")
    print(f"{'':<{LABEL}}" + "".join(f"{column:>{CELL}}" for column in (*columns, "times better")))


def compare(label, found, figure, larger_is_better=False, digits=0):
    """`found`: {server: {figure: value}}, in the order of the columns; None where a server has no such figure."""
    values = [None if run is None else run.get(figure) for run in found.values()]
    cells = "".join(f"{'–' if value is None else f'{value:,.{digits}f}':>{CELL}}" for value in values)
    ours, theirs = values[0], next((value for value in reversed(values[1:]) if value is not None), None)
    ratio = ""
    if ours and theirs:
        ratio = f"{ours / theirs if larger_is_better else theirs / ours:>{CELL}.2f}"
    print(f"{label:<{LABEL}}{cells}{ratio}", flush=True)
