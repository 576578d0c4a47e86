"""The readable page of an OpenAPI document: plain HTML made on the server, no script, no outside asset.

A bundled viewer would bring megabytes of script to keep patched and a content security policy with holes, for
a document of a few operations.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from connectors.http.problems import STATUS
from schemas.errors import CODES

_STYLE: Final = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}
code,pre{font:14px/1.45 ui-monospace,monospace}
pre{overflow:auto;padding:.8rem;border:1px solid #8884;border-radius:6px}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .6rem;
border-bottom:1px solid #8884}h2{margin-top:2.5rem}.method{font-weight:700}:target{background:#fd03}
"""


def render(document: Mapping[str, Any], others: Sequence[str] = ()) -> str:
    """Render an OpenAPI document.

    Args:
        document: the document.
        others: addresses of further ones.
    """
    info = document["info"]
    further = "".join(f' · <a href="{escape(path)}">{escape(path)}</a>' for path in others)
    parts = [
        f"<p>{escape(info['description'])}</p>",
        f'<p><a href="/docs/errors">error codes</a> · <a href="/openapi.json">/openapi.json</a>{further}</p>',
    ]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts += _operation(path, method, operation)
    for name, schema in document["components"]["schemas"].items():
        parts += [f'<h2 id="{escape(name)}">{escape(name)}</h2>', *_schema(schema)]
    return _frame(f"{info['title']} {info['version']}", parts)


def render_errors() -> str:
    """Render all error codes; ``type`` of a problem document leads to an anchor here."""
    rows = [
        f'<tr id="{code}"><td><code>{code}</code><td>{STATUS.get(code, "")}<td>{escape(text)}</tr>'
        for code, text in CODES.items()
    ]
    return _frame("Error codes", ["<table><tr><th>Code<th>HTTP<th>Meaning</tr>", *rows, "</table>"])


def _frame(title: str, parts: list[str]) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<h1>{escape(title)}</h1>{''.join(parts)}</html>"
    )


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2><span class=method>{method.upper()}</span> <code>{escape(path)}</code></h2>"
    yield f"<p>{escape(operation['summary'])}. {escape(operation.get('description', ''))}</p>"
    schemes = " or ".join(name for entry in operation["security"] for name in entry)
    yield f"<p>Credentials: {escape(schemes or 'none')}</p><table>"
    for parameter in operation["parameters"]:
        yield f"<tr><td><code>{escape(parameter['name'])}</code><td>{escape(parameter['description'])}</tr>"
    yield "</table><h3>Body</h3><ul>"
    for media_type in operation["requestBody"]["content"]:
        yield f"<li><code>{escape(media_type)}</code>"
    yield "</ul>"
    first = next(iter(operation["requestBody"]["content"].values()))
    for name, example in first.get("examples", {}).items():
        text = json.dumps(example["value"], indent=2, ensure_ascii=False)
        yield f"<details><summary>Example: {escape(name)}</summary><pre>{escape(text)}</pre></details>"
    yield "<h3>Answers</h3><table>"
    for status, answer in operation["responses"].items():
        yield f"<tr><td><code>{status}</code><td>{escape(answer['description'])}</tr>"
    yield "</table>"


def _schema(schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"<p>{escape(str(schema.get('description', '')))}</p>"
    if "properties" in schema:
        required = schema.get("required", [])
        yield "<table><tr><th>Field<th>Type<th>Meaning</tr>"
        for name, field in schema["properties"].items():
            kind = field.get("type", field.get("$ref", "")) if isinstance(field, Mapping) else ""
            mark = "" if name in required else " <small>optional</small>"
            text = field.get("description", "") if isinstance(field, Mapping) else ""
            yield f"<tr><td><code>{escape(name)}</code>{mark}<td>{escape(str(kind))}<td>{escape(text)}</tr>"
        yield "</table>"
    text = json.dumps(schema, indent=2, ensure_ascii=False)
    yield f"<details><summary>JSON Schema</summary><pre>{escape(text)}</pre></details>"
