// The page at /: how the world is doing, looked up every few seconds, and how to join it.

import { curl, snippet } from "/web/page.js";

const LOOK_EVERY_MS = 5000;
const STATES = { ok: "Running", degraded: "Running, with trouble", failing: "In trouble" };
const STORAGE = { ok: "All is kept", retrying: "Trying again", unavailable: "Out of reach" };
const STORAGE_STATES = { ok: "ok", retrying: "degraded", unavailable: "failing" };

const SNIPPETS = {
  register: curl("POST", "/auth/register", {
    body: { username: "mira", email: "mira@example.org", password: "correct horse" },
  }),
  login: curl("POST", "/auth/login", { body: { username: "mira", password: "correct horse" } }),
  build: curl("POST", "/player/1/build", {
    token: "$TOKEN",
    body: { building_type: "metal_mine" },
  }),
};

const tiles = document.getElementById("tiles");

function show(id, text, state) {
  const place = document.getElementById(id);
  // What is put in anew is read out anew.
  if (place.textContent !== text) {
    place.textContent = text;
  }
  if (state !== undefined) {
    place.dataset.state = state;
  }
}

function showHealth(health) {
  show("state", STATES[health.status] ?? health.status, health.status);
  const { tick_rate: rate, jitter_last_ms: late } = health.loop;
  const punctual = late * rate < 500 ? "on time" : `the last ${Math.round(late)} ms late`;
  show("time", health.findings[0] ?? `${rate} ticks a second, ${punctual}`);
  const { status } = health.database;
  show("database", STORAGE[status] ?? status, STORAGE_STATES[status]);
  show("saved", health.lastSaveTs ? `saved ${ago(health.lastSaveTs, health.server_time)}` : "");
}

function showStatus(status) {
  const { universe } = status;
  document.title = universe.name;
  show("name", universe.name);
  show("online", `${status.players_online} online`);
  show("players", status.players === 1 ? "1 in all" : `${status.players} in all`);
  if (universe.economy_speed === undefined) {
    return;
  }
  show("speed", `Economy ×${universe.economy_speed}`);
  const fleets = [
    universe.fleet_speed_war,
    universe.fleet_speed_peaceful,
    universe.fleet_speed_holding,
  ];
  const fleetSpeeds = [...new Set(fleets)].map((speed) => `×${speed}`).join(" / ");
  show(
    "universe",
    `research ×${universe.research_speed}, fleets ${fleetSpeeds}, ` +
      `${universe.galaxies} galaxies of ${universe.systems} systems`,
  );
}

function ago(then, now) {
  const seconds = Math.max(0, Math.round((Date.parse(now) - Date.parse(then)) / 1000));
  if (seconds < 2) {
    return "just now";
  }
  if (seconds < 120) {
    return `${seconds} s ago`;
  }
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min ago` : `${Math.round(minutes / 60)} h ago`;
}

async function look() {
  try {
    // A failing world answers 503, with the reason.
    const [health, status] = await Promise.all(
      ["/healthz", "/game-status"].map(async (path) => {
        const answer = await fetch(path, { signal: AbortSignal.timeout(LOOK_EVERY_MS) });
        return answer.json();
      }),
    );
    showHealth(health);
    showStatus(status);
    tiles.dataset.known = "now";
  } catch {
    show("state", "Not reachable", "failing");
    const known = tiles.dataset.known !== undefined;
    show("time", known ? "trying again; the rest is as it was" : "trying again");
    if (known) {
      tiles.dataset.known = "before";
    }
  }
}

for (const place of document.querySelectorAll("[data-snippet]")) {
  place.replaceWith(snippet(SNIPPETS[place.dataset.snippet]));
}
await look();
setInterval(() => document.hidden || look(), LOOK_EVERY_MS);
