"""What anybody may know, against a real world."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as read_text

from core import simulation
from core.api import context
from core.components import BUILDINGS
from tests.api.hosting import client_of, enter, game_of, hosting, simulation_of, until


@pytest.fixture(autouse=True)
def _quick_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "STATUS_INTERVAL_S", 0.02)


SPEEDS = {
    "economy_speed",
    "research_speed",
    "fleet_speed_war",
    "fleet_speed_peaceful",
    "fleet_speed_holding",
}


def is_now(time: str) -> bool:
    assert time.endswith("Z")
    return abs(datetime.now(UTC) - datetime.fromisoformat(time)) < timedelta(minutes=1)


async def test_that_the_status_tells_how_the_world_is_doing(tmp_path: Path) -> None:
    async with hosting(tmp_path, world_name="Perseus Arm") as host, client_of(host) as client:
        await enter(client)
        status = (await client.get("/game-status")).json()
        assert status["game_running"] is True
        assert status["total_entities"] == 3
        assert (status["players"], status["players_online"]) == (1, 0)
        assert is_now(status["server_time"])
        assert status["universe"]["name"] == "Perseus Arm"
        assert status["universe"].keys() >= SPEEDS
        assert status["universe"].keys().isdisjoint({"random_seed", "rules_fingerprint"})
        assert status["database"] == {"status": "ok"}


async def test_that_who_asks_is_online(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        await mira.planet()
        assert (await client.get("/game-status")).json()["players_online"] == 1


async def test_that_health_has_every_field_that_is_promised(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        await enter(client)
        await until(lambda: simulation_of(host).status.durable_until > 0)
        answer = await client.get("/healthz")
        assert answer.status_code == 200
        health = answer.json()
        assert health["status"] == "ok"
        assert health["worldLoaded"] is True
        assert health["loop"].keys() == {
            "running",
            "tick_rate",
            "ticks",
            "last_tick_ms",
            "jitter_last_ms",
            "queue_depth",
        }
        assert health["loop"]["running"] is True
        assert health["loop"]["tick_rate"] == 10
        assert health["database"] == {"status": "ok"}
        assert health["unsaved_seconds"] >= 0
        assert is_now(health["lastSaveTs"])
        assert is_now(health["server_time"])
        assert health["memory"]["current_bytes"] > 10_000_000


async def test_that_a_world_that_has_stopped_ticking_says_so(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        stopping = simulation_of(host)
        stopping.request_stop()
        await until(lambda: not stopping.status.running)
        health = await client.get("/healthz")
        assert health.status_code == 503
        assert health.json()["status"] == "failing"
        assert health.json()["worldLoaded"] is False
        status = await client.get("/game-status")
        assert status.status_code == 200
        assert status.json()["game_running"] is False
        refusal = await client.get("/rules")
        assert (refusal.status_code, refusal.json()["code"]) == (503, "stopping")
        assert "retry-after" in refusal.headers


async def test_that_prices_are_those_of_a_planet_without_bonuses(tmp_path: Path) -> None:
    async with hosting(tmp_path, economy_speed=2) as host, client_of(host) as client:
        first = await client.get("/building-costs/metal_mine")
        assert first.json() == {
            "building_type": "metal_mine",
            "level": 0,
            "cost": {"metal": 60, "crystal": 15, "deuterium": 0},
            "build_time_seconds": 15,
        }
        third = (await client.get("/building-costs/metal_mine?level=2")).json()
        assert (third["level"], third["cost"]["metal"]) == (2, 135)
        for building in BUILDINGS.labels:
            highest = await client.get(f"/building-costs/{building}?level=99")
            assert highest.status_code == 200
        for path, status in (
            ("/building-costs/palace", 404),
            ("/building-costs/metal_mine?level=100", 422),
            ("/building-costs/metal_mine?level=-1", 422),
            ("/building-costs/metal_mine?level=1.5", 422),
            ("/building-costs/metal_mine?level=1e3", 422),
            ("/building-costs/metal_mine?level=" + "9" * 5000, 422),
            ("/building-costs/" + "x" * 65, 404),
            ("/building-costs/" + "%F0%9F%92%A5" * 65, 404),
        ):
            assert (await client.get(path)).status_code == status, path[:80]


async def test_that_rules_and_settings_are_data(tmp_path: Path) -> None:
    async with hosting(tmp_path, economy_speed=3) as host, client_of(host) as client:
        rules = (await client.get("/rules")).json()
        assert rules["settings"]["economy_speed"] == 3
        assert rules["buildings"].keys() == set(BUILDINGS.labels)
        assert len(rules["positions"]) == 15
        assert "random_seed" not in rules["settings"]


async def test_that_metrics_are_for_this_computer_and_for_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        token = host.folder.host_token.read_text().strip()
        assert (await client.get("/metrics")).status_code == 200
        assert (await mira.get("/metrics")).status_code == 200

        monkeypatch.setattr(context, "is_loopback", lambda _address: False)
        for header in ({}, mira.headers, {"Authorization": "Bearer ä".encode("latin-1")}):
            refusal = await client.get("/metrics", headers=header)  # type: ignore[arg-type]
            assert (refusal.status_code, refusal.json()["code"]) == (403, "host_only")
        host_header = {"Authorization": f"Bearer {token}"}
        assert (await client.get("/metrics", headers=host_header)).status_code == 200


async def test_that_a_proxied_stranger_is_not_this_computer(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        answer = await client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"})
        assert answer.status_code == 403


async def test_that_nobody_can_make_up_a_series(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        for method in ("PROPFIND", "LINK", "HEAD", "DELETE", "PATCH"):
            for path in ("/rules", "/nowhere"):
                await client.request(method, path)
        counted = {
            sample.labels["method"]: sample.value
            for family in game_of(host).metrics.registry.collect()
            for sample in family.samples
            if sample.name == "http_requests_total" and sample.labels["route"] == "/rules"
        }
        assert counted == {"other": 5}


async def test_that_metrics_can_be_read_in_both_formats(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        await enter(client)
        for accept in ("", "text/plain", "*/*", ";;;=,,", "text/plain;version=x;escaping=y"):
            answer = await client.get("/metrics", headers={"Accept": accept})
            assert answer.headers["content-type"].startswith("text/plain")
            assert list(read_text(answer.text))
        for accept in (
            "application/openmetrics-text",
            "application/openmetrics-text;version=1.0.0",
            "application/openmetrics-text;version=zzz;escaping=",
        ):
            answer = await client.get("/metrics", headers={"Accept": accept})
            assert answer.headers["content-type"].startswith("application/openmetrics-text")
            assert list(read_openmetrics(answer.text))  # type: ignore[no-untyped-call]


async def test_that_requests_are_counted_by_route_and_not_by_address(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        for path in ("/player/{id}", "/player/999", "/player/x", "/nothing/1", "/nothing/2"):
            await mira.get(path)
        await client.post("/auth/login", content=b"x" * 70_000)
        counted = {
            (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
            for family in game_of(host).metrics.registry.collect()
            if family.name == "http_requests"
            for sample in family.samples
            if sample.name == "http_requests_total"
        }
        assert counted["GET", "/player/{id}", "200"] == 1
        assert counted["GET", "/player/{id}", "403"] == 1
        assert counted["GET", "/player/{id}", "422"] == 1
        assert counted["GET", "unknown", "404"] == 2
        assert counted["POST", "unknown", "413"] == 1


async def test_that_openapi_describes_every_route_and_its_answers(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        api: dict[str, Any] = (await client.get("/openapi.json")).json()
    operations = {
        (method, path): operation
        for path, methods in api["paths"].items()
        for method, operation in methods.items()
    }
    assert len(operations) >= 19
    known_tags = {tag["name"] for tag in api["tags"]}
    for (method, path), operation in operations.items():
        assert operation["summary"], path
        assert operation["description"], path
        assert set(operation["tags"]) <= known_tags
        content = operation["responses"]["200"]["content"]
        if "application/json" in content and path != "/rules":
            assert "$ref" in content["application/json"]["schema"], path
        for status, answer in operation["responses"].items():
            if status not in ("200",) and path != "/healthz":
                reference = answer["content"]["application/json"]["schema"]["$ref"]
                assert reference.endswith("/ProblemAnswer"), (path, status)
        needs_login = path.startswith(("/player", "/trade", "/galaxy", "/admin")) or path in (
            "/auth/me",
            "/auth/logout",
            "/auth/password",
            "/planets/available",
            "/market/guidance",
            "/notifications/{message_id}",
            "/highscore",
            "/metrics",
            # Without a login it is answered as for somebody who knows nothing.
            "/flight-time",
            # With one it is counted as the player's, without as the address's.
            "/simulate-battle",
        )
        assert ("security" in operation) == needs_login, (method, path)
        if path.startswith("/admin"):
            assert operation["tags"] == ["host"], path
            assert operation["responses"].keys() >= {"401", "403", "429"}, path
    assert api["components"]["securitySchemes"] == {
        "HTTPBearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "the access_token of POST /auth/login",
        }
    }
