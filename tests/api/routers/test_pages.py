"""The pages: what they are made of, and that no address reaches anything else."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from core.resources import resource_path
from tests.api.hosting import client_of, hosting, url_of

WEB = resource_path("web")


async def test_that_the_start_page_is_html_for_people_and_json_for_programs(
    tmp_path: Path,
) -> None:
    async with hosting(tmp_path, world_name="<Perseus>") as host, client_of(host) as client:
        page = await client.get("/", headers={"Accept": "text/html,*/*;q=0.8"})
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "Join in three steps" in page.text
        answer = await client.get("/", headers={"Accept": "application/json"})
        assert answer.json() == {"message": "Welcome to <Perseus>.", "status": "running"}


async def test_that_pages_bring_everything_along_and_run_nothing_else(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        for path in ("/", "/docs"):
            page = await client.get(path)
            policy = page.headers["content-security-policy"]
            assert "default-src 'self'" in policy
            assert page.headers["x-content-type-options"] == "nosniff"
            # Nothing inline, nothing from elsewhere.
            assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page.text)
            assert not re.search(r"https?://", page.text)
            for name in set(re.findall(r'(?:src|href)="/web/([^"]+)"', page.text)):
                part = await client.get(f"/web/{name}")
                assert part.status_code == 200
                assert part.headers["etag"]


def test_that_scripts_put_text_in_as_text() -> None:
    for script in WEB.glob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval", text)
        assert set(re.findall(r'from "([^"]+)"', text)) <= {"/web/page.js"}


def test_that_only_the_state_of_the_world_is_read_out() -> None:
    page = (WEB / "index.html").read_text(encoding="utf-8")
    # The other tiles change every few seconds.
    assert re.findall(r"<[^>]*aria-live[^>]*>", page) == [
        '<dd class="value state" id="state" aria-live="polite">'
    ]


async def test_that_a_page_that_has_not_changed_is_not_sent_again(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        for path, content_type in (
            ("/web/starkeep.css", "text/css; charset=utf-8"),
            ("/openapi.json", "application/json"),
        ):
            first = await client.get(path)
            assert first.headers["content-type"] == content_type
            again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")


async def raw_answer(host: str, port: int, target: str) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_that_no_address_reaches_another_file(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host:
        assert host.address is not None
        for target in (
            "/web/../rules.toml",
            "/web/..%2frules.toml",
            "/web/%2e%2e/rules.toml",
            "/web/..%5crules.toml",
            "/web//etc/passwd",
            "/web/%00",
            "/web/index.html%00.js",
            "/web/",
            "/web",
            "/../core/__init__.py",
            "/%0d%0aX-Injected:%20yes",
            "//evil.example/web/",
        ):
            answer = await raw_answer(*host.address, target)
            assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")), target
            assert b"X-Injected" not in answer.partition(b"\r\n\r\n")[0]
            assert b"location:" not in answer.lower(), url_of(host)
