"""Pieces of a self-contained HTML page: nothing is loaded from anywhere, images are inside, and it prints well.

html = page("push", "subtitle", [section("Success", table(("condition", "rate"), rows))])
"""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

CSS = """
:root { --ink: #1f2933; --soft: #52606d; --line: #dde2e8; --wash: #f5f7f9; --accent: #2f6db3; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: var(--ink); line-height: 1.5;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
main { max-width: 960px; margin: 0 auto; padding: 40px 28px 64px; }
header { border-bottom: 3px solid var(--accent); padding-bottom: 14px; margin-bottom: 24px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; }
h2 { font-size: 19px; margin: 40px 0 10px; }
h3 { font-size: 14px; margin: 18px 0 4px; color: var(--soft); font-weight: 600; }
p { margin: 6px 0 12px; max-width: 76ch; }
header p { color: var(--soft); margin: 0; max-width: none; }
.note { max-width: none; background: var(--wash); border-left: 3px solid var(--accent); padding: 10px 14px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(250px, 1fr)); gap: 12px; margin: 18px 0; }
.tile { border: 1px solid var(--line); border-radius: 6px; padding: 12px 14px; }
.tile b { display: block; font-size: 28px; line-height: 1.15; font-variant-numeric: tabular-nums; }
.tile span { display: block; font-size: 12.5px; color: var(--soft); }
figure { margin: 12px 0 18px; }
figure img { width: 100%; height: auto; display: block; border-radius: 3px; }
figcaption { font-size: 12.5px; color: var(--soft); margin-top: 4px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--soft); border-bottom: 1.5px solid var(--line); }
th, td { padding: 5px 12px 5px 0; vertical-align: top; }
td { border-bottom: 1px solid #edf0f3; overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; }
.small table { font-size: 11.5px; } .small td, .small th { padding: 2px 10px 2px 0; }
code, pre { font: 12.5px/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { background: var(--wash); padding: 12px 14px; border-radius: 4px; white-space: pre-wrap; overflow-wrap: anywhere; }
details { margin: 8px 0; } summary { cursor: pointer; color: var(--accent); font-size: 13.5px; }
@media print {
  @page { margin: 16mm 14mm; }
  main { max-width: none; padding: 0; } body { font-size: 11pt; }
  h2, h3, h2 + p { break-after: avoid; } figure, .tile, tr, .tiles { break-inside: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
KINDS = {".png": "image/png", ".svg": "image/svg+xml"}


def page(title: str, subtitle: str, sections: Sequence[str]) -> str:
    """Join sections to a page; empty ones leave no trace."""
    body = "\n".join(part for part in sections if part)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{CSS}</style></head>\n<body><main>\n"
        f"<header><h1>{escape(title)}</h1><p>{escape(subtitle)}</p></header>\n{body}\n</main></body></html>\n"
    )


def section(title: str, *parts: str) -> str:
    """Head some parts with a title; gives nothing where there are none."""
    found = "\n".join(part for part in parts if part)
    return f"<section><h2>{escape(title)}</h2>\n{found}\n</section>" if found else ""


def heading(text: str) -> str:
    """Title a part of a section."""
    return f"<h3>{escape(text)}</h3>"


def paragraph(text: str, kind: str = "") -> str:
    """Write a sentence; kind "note" sets it apart."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def code(text: str) -> str:
    """Write a command or a file."""
    return f"<pre>{escape(text)}</pre>"


def folded(summary: str, inner: str) -> str:
    """Hide something long until it is clicked."""
    return f"<details><summary>{escape(summary)}</summary>\n{inner}\n</details>" if inner else ""


def table(names: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = (), small: bool = False) -> str:
    """Lay out rows of text.

    Args:
        names: Of the columns.
        rows: Cells as text.
        numbers: Columns that are aligned right.
        small: For long tables.
    """
    if not rows:
        return ""

    def line(cells: Sequence[str], tag: str) -> str:
        marked = ("number" if i in numbers else "" for i in range(len(cells)))
        kinds = [f' class="{kind}"' if kind else "" for kind in marked]
        return "".join(f"<{tag}{kind}>{escape(cell)}</{tag}>" for kind, cell in zip(kinds, cells))

    body = "\n".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    size = ' class="small"' if small else ""
    return f"<div{size}><table><thead><tr>{line(names, 'th')}</tr></thead>\n<tbody>{body}</tbody></table></div>"


def tiles(figures: Sequence[tuple[str, str, str]]) -> str:
    """Show a few large figures: number, what it is, how sure."""
    made = (
        f'<div class="tile"><b>{escape(number)}</b>{escape(what)}<span>{escape(more)}</span></div>'
        for number, what, more in figures
    )
    return f'<div class="tiles">{"".join(made)}</div>' if figures else ""


def picture(data: bytes, alt: str, caption: str = "", kind: str = ".svg") -> str:
    """Put an image into the page itself."""
    source = f"data:{KINDS[kind]};base64,{base64.b64encode(data).decode()}"
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure><img src="{source}" alt="{escape(alt)}">{below}</figure>'


def file_picture(path: Path, alt: str, caption: str = "") -> str:
    """Put a PNG file into the page, if there is one."""
    return picture(path.read_bytes(), alt, caption, ".png") if path.is_file() else ""
