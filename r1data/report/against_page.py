"""The page of a student against its teacher: one HTML file that fetches nothing, for light and dark."""

import base64
from html import escape

from r1data.evaluate.against import Against
from r1data.evaluate.result import Result
from r1data.report.against_teacher import CALLED, HEADS, Line, lead, lines, name_of, notes, ordered, title
from r1data.report.doubts import of_result
from r1data.report.plots import shares

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.lead { font-size: 1.15rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .7rem; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; }
thead th { background: var(--soft); }
figure { margin: 1rem 0; } figure img { max-width: 100%; height: auto; border-radius: .4rem; }
@media (prefers-color-scheme: dark) { figure img { filter: invert(1) hue-rotate(180deg); } }
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def against_page(result: Result) -> str:
    """The whole page; every name is escaped, and the browser may load nothing from elsewhere."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(title(result))}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(title(result))}</h1>
<p class="lead">{escape(lead(result))}</p>
{"".join(_beside(result, one) for one in ordered(result))}
<h2>How it was measured</h2>
{_list(notes(result))}
<h2>What to distrust</h2>
{_list([*of_result(result)])}
</body>
</html>
"""


def _beside(result: Result, one: Against) -> str:
    found = lines(result, one)
    heads = "".join(f"<th>{escape(head)}</th>" for head in HEADS)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in line.cells()) + "</tr>" for line in found
    )
    return f"""<h2>Beside {escape(CALLED[one.part])}: {escape(name_of(result, one))}</h2>
{_figure([line for line in found if line.share])}
<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>
"""


def _figure(found: list[Line]) -> str:
    if not found:
        return ""
    picture = base64.b64encode(shares({line.what: line.share for line in found if line.share})).decode()
    alt = "; ".join(f"{line.what}: {line.share_told}" for line in found)
    return f'<figure><img src="data:image/png;base64,{picture}" alt="{escape(alt)}"></figure>'


def _list(sentences: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences) + "</ul>"
