"""The pages for people: what this world is and how to join, and the interface for programs.

The files are few and small. They are read once, so that no request touches the disk and no address
can name any other file.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response

from core.api.context import InContext, limited_by_address
from core.api.problems import Problem
from core.resources import resource_path

# Not the system's own table: it knows scripts by other names on some computers.
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

router = APIRouter(include_in_schema=False, dependencies=[Depends(limited_by_address)])


@dataclass(frozen=True, slots=True)
class Page:
    """A file as it is sent. The tag names its contents."""

    content: bytes
    media_type: str
    tag: str


def load_pages(folder: Path) -> Mapping[str, Page]:
    """Return the files of a folder by their names."""
    return {path.name: _page(path) for path in folder.iterdir() if path.suffix in _MEDIA_TYPES}


def _page(path: Path) -> Page:
    return _page_of(path.read_bytes(), _MEDIA_TYPES[path.suffix])


def _page_of(content: bytes, media_type: str) -> Page:
    digest = hashlib.sha256(content).hexdigest()[:16]
    return Page(content, media_type, f'"{digest}"')


_PAGES = load_pages(resource_path("web"))


@router.get("/")
async def index(request: Request, context: InContext) -> Response:
    """Show the players' page, or say that the world runs to a program that asks for JSON."""
    if "application/json" in request.headers.get("accept", ""):
        message = f"Welcome to {context.settings.world_name}."
        return JSONResponse({"message": message, "status": "running"})
    return _sent("index.html", request)


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Show the interface for people who write programs against it."""
    return _sent("docs.html", request)


@router.get("/openapi.json")
async def interface(request: Request, context: InContext) -> Response:
    """Send the same as data. It is put together once, off the loop: that takes half a second."""
    app: FastAPI = request.app
    async with context.turns.of(_interface_of):
        if not hasattr(app.state, "interface"):
            app.state.interface = await asyncio.to_thread(_interface_of, app)
    return _sent_page(app.state.interface, request)


def _interface_of(app: FastAPI) -> Page:
    content = json.dumps(app.openapi(), ensure_ascii=False, separators=(",", ":"))
    return _page_of(content.encode(), "application/json")


@router.get("/web/{name}")
async def file(name: str, request: Request) -> Response:
    """Send what the pages are made of."""
    return _sent(name, request)


def _sent(name: str, request: Request) -> Response:
    page = _PAGES.get(name)
    if page is None:
        raise Problem(404, "not_found", "There is nothing at this address.")
    return _sent_page(page, request)


def _sent_page(page: Page, request: Request) -> Response:
    headers = {"etag": page.tag, "cache-control": "no-cache"}
    if page.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(page.content, media_type=page.media_type, headers=headers)
