"""Makes Data Docs open offline: no script, style, font or picture from another host; what they say is not changed."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from pilot_pipeline.readiness.results import MAX_KEYS, CheckResult, listed, percent

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1c2430;background:#fff;margin:0 auto;max-width:72rem;padding:1rem}
a{color:#0b57a4}h1{font-size:1.5rem}table{border-collapse:collapse;width:100%;margin:.5rem 0}
th,td{border-bottom:1px solid #d8dee6;padding:.4rem .6rem;text-align:left;vertical-align:top}
.alert-secondary,.card-header{background:#eef2f6;padding:.4rem .6rem;border-radius:4px}.card{margin-bottom:1rem}
.badge{background:#e4e9ef;border-radius:3px;padding:0 .3rem}.row{display:block}ul{padding-left:1.2rem}
.count{white-space:nowrap}
.passed{color:#1b6e3c}.failed{color:#a4161a;font-weight:600}.warned{color:#8a5300}
.fa-check-circle::before{content:"passed";color:#1b6e3c}.fa-times::before{content:"failed";color:#a4161a}
.fa-exclamation-triangle::before{content:"warning";color:#8a5300}.text-success,.text-danger{font-style:normal}
.btn-group,[role=search],.modal,footer,.navbar-brand img{display:none}
.card.mb-3,.cooltip .top,[data-toggle=collapse]{display:none}.container{padding:0}
"""

_RULES = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_POLICY = f'<meta http-equiv="Content-Security-Policy" content="{_RULES}">'
_SCRIPT = re.compile(r"<script\b.*?</script\s*>", re.S | re.I)
_LINK = re.compile(r"<link\b[^>]*>", re.I)
_MEDIA = re.compile(r"<(img|iframe|video|audio|source|embed|object)\b[^>]*>(\s*</\1\s*>)?", re.I)
_FOOTER = re.compile(r"<footer\b.*?</footer\s*>", re.S | re.I)
_CSS_URL = re.compile(r"url\(\s*(['\"]?)(?!data:)[^)]*\1\s*\)", re.I)
_CSS_IMPORT = re.compile(r"@import[^;]*;", re.I)
_ANCHOR = re.compile(r"""<a\b[^>]*\bhref\s*=\s*["'](?:https?:)?//[^>]*>(.*?)</a\s*>""", re.S | re.I)
_HANDLER = re.compile(r"""\son[a-z]+\s*=\s*("[^"]*"|'[^']*')""", re.I)
_HEAD = re.compile(r"<head\b[^>]*>", re.I)
_HEAD_END = re.compile(r"</head\s*>", re.I)


def make_offline(pages: Path, checkpoint: str, results: Sequence[CheckResult]) -> None:
    """Clean every page below a folder in place and write an index that needs no script.

    Args:
        pages: folder of one checkpoint's Data Docs; may be empty.
        checkpoint: its name, for the index.
        results: what was found, listed on the index.
    """
    shutil.rmtree(pages / "static", ignore_errors=True)
    for page in sorted(pages.rglob("*.html")):
        page.write_text(offline(page.read_text(encoding="utf-8")), encoding="utf-8")
    (pages / "index.html").write_text(_index(pages, checkpoint, results), encoding="utf-8")


def offline(page: str) -> str:
    """Return a page without anything that a browser would fetch, with a policy that forbids the rest."""
    for pattern in (_SCRIPT, _LINK, _MEDIA, _FOOTER, _CSS_IMPORT, _HANDLER):
        page = pattern.sub("", page)
    page = _CSS_URL.sub("none", page)
    page = _ANCHOR.sub(r"\1", page)
    page = _HEAD.sub(lambda match: f"{match[0]}{_POLICY}", page, count=1)
    return _HEAD_END.sub(f"<style>{STYLE}</style></head>", page, count=1)


def _index(pages: Path, checkpoint: str, results: Sequence[CheckResult]) -> str:
    title = f"Checkpoint {checkpoint}"
    heads = "".join(
        f"<th>{name}</th>" for name in ("Check", "State", "Rows", "Failed", "Finding", "Keys of failing rows")
    )
    rows = "".join(_row(result) for result in sorted(results, key=lambda each: (each.passed, not each.blocks)))
    links = "".join(
        f'<li><a href="{html.escape(page.relative_to(pages).as_posix())}">{html.escape(_label(page, pages))}</a></li>'
        for page in sorted(pages.rglob("*.html"))
        if page.name != "index.html"
    )
    return (
        f'<!DOCTYPE html><html lang="en"><head>{_POLICY}<meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body><h1>{title}</h1>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        f"<h2>Pages</h2><ul>{links}</ul></body></html>\n"
    )


def _row(result: CheckResult) -> str:
    state = "passed" if result.passed else ("failed" if result.severity == "error" else "warned")
    cells = f"<td>{html.escape(result.check_name)}</td><td class={state}>{state}</td>"
    keys = "" if result.passed else listed(result.keys, most=MAX_KEYS)
    failed = f"{result.rows_failed:,} ({percent(result.share)})" if result.rows_failed else "0"
    counts = f"<td class=count>{result.rows_checked:,}</td><td class=count>{failed}</td>"
    return f"<tr>{cells}{counts}<td>{html.escape(result.detail)}</td><td>{html.escape(keys)}</td></tr>"


def _label(page: Path, pages: Path) -> str:
    kind = "Results" if page.relative_to(pages).parts[0] == "validations" else "Suite"
    return f"{kind}: {page.stem}"
