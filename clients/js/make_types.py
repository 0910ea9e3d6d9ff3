"""Writes ``openapi.d.ts`` and ``nouns.js``: what the client knows of the captured API, from its description.

Run it after a change of the API: ``python clients/js/make_types.py``. A test holds both files against it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.web.app import Web
from pytest_sentryintegration.web.openapi import described

HERE: Final = Path(__file__).parent
_HEAD: Final = "// Made of the captured API's description, by make_types.py: not to be edited.\n"
_PLAIN: Final = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}


def made() -> dict[str, str]:
    """Return the text of each file by its name."""
    description = described(Web(FakeSentry()).routes)
    return {"openapi.d.ts": _types(description), "nouns.js": _nouns(description["x-nouns"])}


def _nouns(nouns: dict[str, Any]) -> str:
    main = "".join(f"  {name}: {json.dumps(noun['find'])},\n" for name, noun in nouns.items())
    text = "/** What each noun is called, and the criterion that `find` takes without a name. */"
    return f"{_HEAD}\n{text}\nexport const MAIN = {{\n{main}}};\n"


def _types(description: dict[str, Any]) -> str:
    parts = [_HEAD]
    for name, schema in description["components"]["schemas"].items():
        text = schema.get("description")
        parts.append((f"/** {text} */\n" if text else "") + f"export type {name} = {_type_of(schema)};\n")
    nouns = description["x-nouns"].items()
    objects = "".join(f"  {name}: {noun['object']};\n" for name, noun in nouns)
    parts.append(f"/** The objects of each noun. */\nexport interface Objects {{\n{objects}}}\n")
    main = "".join(f"  {name}: {json.dumps(noun['find'])};\n" for name, noun in nouns)
    parts.append(
        f"/** The criterion that `find` takes without a name. */\nexport interface Main {{\n{main}}}\n"
    )
    answers = "".join(
        f"  {json.dumps(f'{method.upper()} {path}')}: {answer};\n"
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
        if (answer := _answer_of(operation)) is not None
    )
    parts.append(f"/** What each route answers in JSON. */\nexport interface Answers {{\n{answers}}}\n")
    return "\n".join(parts)


def _answer_of(operation: dict[str, Any]) -> str | None:
    for status in ("200", "201"):
        content = operation["responses"].get(status, {}).get("content", {})
        if "application/json" in content:
            return _type_of(content["application/json"]["schema"])
    return None


def _type_of(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for word, sign in (("anyOf", " | "), ("allOf", " & ")):
        if word in schema:
            return sign.join(dict.fromkeys(_type_of(each) for each in schema[word]))
    if "enum" in schema:
        return " | ".join(map(json.dumps, schema["enum"]))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(_type_of({**schema, "type": each}) for each in kind)
    if kind == "array":
        items = _type_of(schema["items"])
        return f"({items})[]" if " " in items and not items.startswith("{") else f"{items}[]"
    if kind == "object":
        return _object(schema)
    return "null" if kind == "null" else _PLAIN.get(str(kind), "unknown")


def _object(schema: dict[str, Any]) -> str:
    if "properties" not in schema:
        further = schema.get("additionalProperties")
        return f"Record<string, {_type_of(further) if isinstance(further, dict) else 'unknown'}>"
    required = schema.get("required", ())
    members = " ".join(
        f"{name}{'' if name in required else '?'}: {_type_of(member)};"
        for name, member in schema["properties"].items()
    )
    return f"{{ {members} }}"


if __name__ == "__main__":
    for name, text in made().items():
        (HERE / name).write_text(text, encoding="utf-8")
